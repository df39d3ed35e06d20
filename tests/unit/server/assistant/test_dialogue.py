"""Whole conversations with scripted parts on the real push timeline; time is counted in ticks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from engines.turns.taker import TurnTaker
from engines.values import F32
from server.assistant.answer import Parts
from server.assistant.dialogue import MAX_TYPED, Dialogue
from server.assistant.faults import Fault, broken, late, refused
from server.assistant.speaking import Speaker
from tests.support.fake_assistant import FakeFace, FakeScribe, FakeSpeech, FakeTalker, settle

HOP = 320
QUIET = np.zeros(HOP, np.float32)
LOUD = np.full(HOP, 0.3, np.float32)


class ByLevel:
    """A detector without memory."""

    release_hops = 0

    def new_state(self) -> object:
        return self

    def step(self, state: object, samples: F32) -> bool:
        return bool(np.abs(samples).max() > 0.05)


@dataclass
class Talk:
    """A dialogue and its face, in step."""

    face: FakeFace
    dialogue: Dialogue
    scribe: FakeScribe
    talker: FakeTalker
    speech: FakeSpeech

    async def visitor(self, seconds: float, *, silent: bool = False) -> None:
        """The visitor speaks, or is silent, while the face is played."""
        for _ in range(round(seconds * 50)):
            self.face.tick()
            self.dialogue.hear(QUIET if silent else LOUD)
            await settle()

    async def says(self, pause_s: float = 1.0) -> None:
        """A turn of a second."""
        await self.visitor(1.0)
        await self.visitor(pause_s, silent=True)

    def said(self, by: str) -> list[str]:
        return [event["text"] for event in self.face.events("transcript") if event["by"] == by]

    @property
    def history(self) -> list[tuple[str, str]]:
        """What the language model was told last."""
        return [(m["role"], m["content"]) for m in self.talker.asked[-1]]


@asynccontextmanager
async def talk(
    answers: list[list[str | Exception]] | None = None,
    heard: list[str | Exception] | None = None,
    speech: FakeSpeech | None = None,
    **more: object,
) -> AsyncIterator[Talk]:
    face = FakeFace()
    scribe = FakeScribe(heard or ["Hello there."])
    talker = FakeTalker(answers or [["Hello. ", "How are you today?"]])
    speech = speech or FakeSpeech()
    parts = {"scribe": scribe, "talker": talker, "voice": Speaker(speech), "prompt": "Be kind."}
    dialogue = Dialogue(Parts(**{**parts, **more}), face.body, TurnTaker(ByLevel()))  # type: ignore[arg-type]
    face.on_played = dialogue.played
    before = asyncio.all_tasks()
    dialogue.introduce()
    dialogue.begin()
    try:
        yield Talk(face, dialogue, scribe, talker, speech)
    finally:
        await dialogue.aclose()
        await dialogue.aclose()
    assert asyncio.all_tasks() <= before


async def test_a_turn_is_heard_answered_and_spoken() -> None:
    async with talk() as call:
        await call.says()
        await call.visitor(3.0, silent=True)
        assert call.face.states() == ["listening", "thinking", "speaking", "listening"]
        assert call.said("visitor") == ["Hello there."]
        assert call.said("assistant") == ["Hello.", "How are you today?"]
        assert call.speech.said == ["Hello.", "How are you today?"]
        assert call.history == [("system", "Be kind."), ("user", "Hello there.")]
        acted = [act for act in call.face.acted if act["type"] == "transcript"]
        assert [act["text"].strip() for act in acted] == ["Hello.", "How are you today?"]
        listens = [act["speaking"] for act in call.face.acted if act["type"] == "listening"]
        assert (listens[0], listens[-1]) == (True, False)
        await call.says()
        assert call.history[2:] == [
            ("assistant", "Hello. How are you today?"),
            ("user", "Hello there."),
        ]


async def test_the_face_begins_with_the_first_clause() -> None:
    class Slow:
        async def reply(self, messages: object) -> AsyncIterator[str]:
            yield "Well, that is quite a question, "
            await asyncio.Event().wait()

    async with talk(talker=Slow()) as call:
        await call.says()
        assert call.speech.said == ["Well, that is quite a question,"]
        assert call.face.states()[-1] == "speaking"


async def test_words_are_made_in_the_pause_already() -> None:
    async with talk() as call:
        await call.visitor(1.0)
        await call.visitor(0.3, silent=True)
        assert len(call.scribe.asked) == 1
        # Going on voids them; the turn is heard as a whole.
        await call.visitor(1.0)
        await call.visitor(1.0, silent=True)
        assert len(call.scribe.asked) == 2
        assert call.scribe.asked[1] > call.scribe.asked[0] + 16_000
        assert call.said("visitor") == ["Hello there."]


async def test_an_interrupt_keeps_in_mind_what_was_heard() -> None:
    long = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."
    async with talk([[long, " And more to come after that."], ["Yes?"]]) as call:
        await call.says()
        await call.visitor(2.0, silent=True)
        assert call.face.states()[-1] == "speaking"
        before = len(call.face.heard)
        await call.visitor(1.0)
        # 140 to 240 ms of speech, and nothing of it is heard after that.
        loud = [np.abs(chunk).max() > 0.01 for chunk in call.face.heard[before:]]
        assert 5 <= sum(loud) <= 13
        assert not any(loud[13:])
        await call.visitor(1.0, silent=True)
        (heard,) = [text for role, text in call.history if role == "assistant"]
        assert heard.endswith(" \u2014")
        assert long.startswith(heard[:-2])
        assert 0 < len(heard) < len(long)
        cut = [event for event in call.face.events("transcript") if event.get("interrupted")]
        assert [event["text"] for event in cut] == [heard[:-2]]
        assert call.history[-1] == ("user", "Hello there.")


async def test_what_was_never_heard_was_never_said() -> None:
    gate = asyncio.Event()
    async with talk([["Never heard."], ["Yes."]]) as call:
        call.talker.gate = gate
        await call.says()
        assert call.face.states()[-1] == "thinking"
        await call.visitor(1.0)
        gate.set()
        await call.visitor(1.0, silent=True)
        # They had not been done: both halves are one turn.
        assert call.history == [("system", "Be kind."), ("user", "Hello there. Hello there.")]
        assert call.talker.closed >= 1


async def test_a_cough_while_it_thinks_costs_no_answer() -> None:
    gate = asyncio.Event()
    async with talk() as call:
        call.talker.gate = gate
        await call.says()
        await call.visitor(0.12)
        gate.set()
        await call.visitor(2.0, silent=True)
        assert call.said("assistant") == ["Hello.", "How are you today?"]
        assert len(call.talker.asked) == 2


async def test_an_empty_transcript_changes_nothing() -> None:
    async with talk(heard=[""]) as call:
        await call.says()
        assert call.talker.asked == []
        assert call.face.states() == ["listening"]
        assert call.face.codes() == []


async def test_typed_words_are_answered_and_interrupt() -> None:
    async with talk([["First answer is long enough to be cut."], ["Second."]]) as call:
        call.dialogue.ask("  What is up?  ")
        await call.visitor(0.5, silent=True)
        assert call.face.states()[-1] == "speaking"
        call.dialogue.ask("Stop")
        await call.visitor(1.0, silent=True)
        assert [event["typed"] for event in call.face.events("transcript") if "typed" in event]
        assert call.said("visitor") == ["What is up?", "Stop"]
        assert call.history[2][0] == "assistant"
        assert call.history[2][1].endswith("\u2014")
        call.dialogue.ask("x" * (MAX_TYPED + 1))
        call.dialogue.ask("   ")
        assert call.face.codes() == ["too_long"]
        assert len(call.talker.asked) == 2


async def test_the_page_may_interrupt() -> None:
    async with talk() as call:
        await call.says()
        await call.visitor(0.4, silent=True)
        call.face.interrupt()
        await call.visitor(1.0, silent=True)
        assert call.face.states()[-1] == "listening"
        assert call.speech.closed == len(call.speech.said)
        await call.says()
        assert call.history[-1][0] == "user"


async def test_a_greeting_is_said_and_remembered() -> None:
    async with talk(greeting="[smiles] Welcome!") as call:
        await call.visitor(1.0, silent=True)
        assert call.speech.said == ["Welcome!"]
        assert call.said("assistant") == ["Welcome!"]
        # Its marker is for the face.
        assert call.face.acted[0]["text"].startswith("[smiles]")
        await call.says()
        assert call.history[1] == ("assistant", "Welcome!")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (late("llm", 10), "llm_timeout"),
        (refused("llm", 401), "llm_unauthorized"),
        (refused("llm", 429, "30"), "llm_busy"),
        (refused("llm", 500), "llm_broken"),
        (broken("llm", "broke off"), "llm_broken"),
        (RuntimeError("a bug of ours"), "assistant_fault"),
    ],
)
async def test_whatever_the_language_model_does_the_face_listens_again(
    fault: Exception, code: str
) -> None:
    async with talk([["Half an answer. ", fault], ["Fine again."]]) as call:
        await call.says()
        await call.visitor(2.0, silent=True)
        assert call.face.codes() == [code]
        assert call.face.states()[-1] == "listening"
        await call.says()
        await call.visitor(2.0, silent=True)
        assert call.said("assistant")[-1] == "Fine again."
        if code != "assistant_fault":
            # What came before it broke was said, and is remembered.
            assert ("assistant", "Half an answer.") in call.history


async def test_a_busy_model_is_asked_again_soon_but_once() -> None:
    busy = refused("llm", 429, "0")
    async with talk([[busy], ["There."]]) as call:
        await call.says()
        await call.visitor(1.0, silent=True)
        assert call.said("assistant") == ["There."]
        assert call.face.codes() == ["llm_busy"]
        assert call.face.events("warning")[0]["retry_s"] == 0
    async with talk([[busy]]) as call:
        await call.says()
        await call.visitor(1.0, silent=True)
        assert call.face.codes() == ["llm_busy", "llm_busy"]
        assert len(call.talker.asked) == 2


async def test_the_transcriber_fails_and_the_face_listens_again() -> None:
    fault = refused("asr", 401)
    async with talk(heard=[fault, fault, "Hello again."]) as call:
        await call.says()
        assert call.face.codes() == ["asr_unauthorized"]
        assert call.face.states()[-1] == "listening"
        await call.says()
        assert call.said("visitor") == ["Hello again."]


async def test_a_slow_transcriber_is_given_up() -> None:
    async with talk(timeout_s=0.01) as call:
        call.scribe.gate = asyncio.Event()
        await call.visitor(1.0)
        await call.visitor(1.0, silent=True)
        async with asyncio.timeout(20):
            while not call.face.codes():
                await settle()
        assert call.face.codes() == ["asr_timeout"]
        assert call.face.states()[-1] == "listening"


async def test_a_voice_that_breaks_says_so_and_what_was_said_counts() -> None:
    speech = FakeSpeech(fails={"How are you today?": broken("tts", "broke off")})
    async with talk(speech=speech) as call:
        await call.says()
        await call.visitor(2.0, silent=True)
        assert call.face.codes() == ["tts_broken"]
        assert call.face.states()[-1] == "listening"
        assert call.face.timeline.waiting_s == 0


async def test_a_voice_at_a_rate_nobody_knows_is_refused() -> None:
    async with talk(speech=FakeSpeech(rate_hz=12_345)) as call:
        await call.says()
        assert call.face.codes() == ["tts_broken"]
        assert call.face.states()[-1] == "listening"


async def test_an_answer_of_100_kb_is_made_a_little_ahead_only() -> None:
    answer: list[str | Exception] = ["This is one sentence of very many. " * 50] * 60
    async with talk([answer]) as call:
        await call.says()
        await call.visitor(2.5, silent=True)
        assert len(call.speech.said) <= 6
        assert call.face.timeline.waiting_s < 10
        await call.visitor(0.5)
        assert call.face.states()[-1] == "listening"
        # The rest of it was thrown away with the interrupt.
        said = len(call.speech.said)
        await call.visitor(0.1, silent=True)
        assert len(call.speech.said) == said


async def test_an_answer_of_nothing_is_a_fault() -> None:
    async with talk([[" ", "\n"]]) as call:
        await call.says()
        assert call.face.codes() == ["llm_broken"]
        assert call.face.states()[-1] == "listening"


async def test_with_no_model_what_is_typed_is_spoken_and_what_to_set_is_told() -> None:
    missing = (("llm", "assistant.llm_url"),)
    async with talk(talker=None, missing=missing) as call:
        (ready,) = call.face.events("assistant")
        assert ready["parts"] == {"asr": True, "llm": False, "tts": True}
        assert ready["missing"] == [{"part": "llm", "set": "assistant.llm_url"}]
        call.dialogue.ask("Say this, please.")
        await call.visitor(2.0, silent=True)
        assert call.speech.said == ["Say this, please."]
        assert call.face.codes() == ["llm_missing"]
        await call.says()
        assert call.said("visitor")[-1] == "Hello there."


async def test_with_no_voice_answers_are_read() -> None:
    async with talk(voice=None) as call:
        await call.says()
        assert call.said("assistant") == ["Hello.", "How are you today?"]
        assert call.face.codes() == ["tts_missing"]
        assert call.face.states()[-1] == "listening"


async def test_with_nothing_at_all_the_session_lives() -> None:
    async with talk(voice=None, talker=None, scribe=None) as call:
        await call.says()
        call.dialogue.ask("Is anybody there?")
        await call.visitor(0.5, silent=True)
        assert set(call.face.codes()) == {"llm_missing", "tts_missing"}
        assert call.face.states() == ["listening"]


async def test_nothing_is_done_after_the_end() -> None:
    async with talk() as call:
        await call.visitor(0.5)
    call.dialogue.ask("Hello?")
    call.dialogue.hear(LOUD)
    assert call.talker.asked == []


def test_faults_tell_what_where_and_when() -> None:
    fault = Fault("llm_busy", "too many", "wait", 2.04)
    assert fault.event()["retry_s"] == 2.0
    assert "retry_s" not in Fault("x", "y").event()
