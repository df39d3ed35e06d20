"""One answer from pieces to sound; `test_dialogue` has its faults."""

from __future__ import annotations

import asyncio

import pytest

from server.assistant.answer import MAX_SENTENCES, Answer, Parts
from server.assistant.faults import Fault
from server.assistant.mouth import Mouth
from server.assistant.speaking import Speaker
from tests.support.fake_assistant import FakeFace, FakeSpeech, FakeTalker, settle


def answer(
    face: FakeFace, talker: FakeTalker, speech: FakeSpeech | None = None
) -> tuple[Answer, list[str]]:
    out: list[str] = []
    mouth = Mouth(face.voice, lambda segment: None, lambda segment: None)
    face.on_played = lambda samples: mouth.pulse()
    voice = None if speech is None else Speaker(speech)
    parts = Parts(None, talker, voice, "p")
    return Answer(parts, mouth, lambda fault: None, out.append), out


async def test_markers_are_not_spoken_and_signs_alone_neither() -> None:
    face, speech = FakeFace(), FakeSpeech(letter_s=0.01)
    made, _ = answer(face, FakeTalker([["[nods] Yes. ", "... ", "*smiles* Fine."]]), speech)
    thinking = asyncio.create_task(made.think([]))
    await settle()
    await thinking
    assert speech.said == ["Yes.", "Fine."]


async def test_an_answer_of_too_many_sentences_is_cut() -> None:
    made, out = answer(FakeFace(), FakeTalker([["No. " * (MAX_SENTENCES + 50)]]))
    with pytest.raises(Fault) as caught:
        await made.think([])
    assert caught.value.code == "llm_broken"
    assert len(out) == MAX_SENTENCES


async def test_cancelling_it_closes_the_language_model_and_the_voice() -> None:
    face, speech = FakeFace(buffer_s=1.0), FakeSpeech()
    talker = FakeTalker([["A first sentence of some length. ", "A second one."]])
    made, _ = answer(face, talker, speech)
    thinking = asyncio.create_task(made.think([]))
    await settle()
    assert speech.said == ["A first sentence of some length."]
    thinking.cancel()
    await asyncio.gather(thinking, return_exceptions=True)
    assert (talker.closed, speech.closed) == (1, 1)


async def test_a_text_is_said_as_it_is() -> None:
    face, speech = FakeFace(), FakeSpeech(letter_s=0.01)
    made, _ = answer(face, FakeTalker([[]]), speech)
    await made.recite("One. Two.")
    assert speech.said == ["One.", "Two."]
