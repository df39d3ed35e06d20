"""One socket for all three: over a real websocket to the scripted provider's process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from server.assistant import realtime
from server.assistant.realtime import Realtime, RealtimePlan
from tests.support.fake_assistant import FakeFace
from tests.support.provider import Provider
from tests.support.voices import voice

HOP = 320
QUIET = np.zeros(HOP, np.float32)


class Line:
    """A realtime assistant and its face."""

    def __init__(self, url: str, model: str, **more: object) -> None:
        plan = RealtimePlan(url, model, None, "marin", "Be kind.", **more)  # type: ignore[arg-type]
        self.face = FakeFace()
        self.assistant = Realtime(plan, self.face.body)
        self.face.on_played = self.assistant.played
        self.sound = voice(2.0, level=0.5)

    async def until(self, wanted: Callable[[], bool], *, speak: bool = False) -> None:
        """Real time passes, 20 ms of it at each step, until `wanted`."""
        async with asyncio.timeout(30):
            index = 0
            while not wanted():
                self.face.tick()
                start = index * HOP % (len(self.sound) - HOP)
                self.assistant.hear(self.sound[start : start + HOP] if speak else QUIET)
                index += 1
                # The other side is a process: it needs real time.
                await asyncio.wait({asyncio.create_task(asyncio.sleep(0.002))})

    def says(self, by: str) -> list[str]:
        return [e["text"] for e in self.face.events("transcript") if e["by"] == by]


@asynccontextmanager
async def line(provider: Provider, model: str = "good", **more: object) -> AsyncIterator[Line]:
    before = asyncio.all_tasks()
    call = Line(provider.ws, model, **more)
    call.assistant.introduce()
    call.assistant.begin()
    try:
        yield call
    finally:
        await call.assistant.aclose()
        await call.assistant.aclose()
    assert asyncio.all_tasks() <= before


@pytest.mark.parametrize("model", ["good", "beta"])
async def test_a_spoken_turn_is_answered(provider: Provider, model: str) -> None:
    async with line(provider, model) as call:
        await call.until(lambda: bool(provider.seen("session.update")))
        for _ in range(60):
            await call.until(lambda: True)
        count = 0

        def spoken() -> bool:
            nonlocal count
            count += 1
            return count > 50

        await call.until(spoken, speak=True)
        await call.until(lambda: call.face.states()[-1] == "speaking")
        assert call.says("visitor") == ["This was a turn."]
        assert call.says("assistant")[-1].startswith("Answer 1 has begun")
        await call.until(lambda: call.face.states()[-1] == "listening")
        assert call.face.codes() == []
        acted = [act["text"] for act in call.face.acted if act["type"] == "transcript"]
        assert "".join(acted).startswith("Answer 1")
    update = provider.seen("session.update")[-1]["event"]["session"]
    assert update["instructions"] == "Be kind."
    assert update["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "voice": "marin",
    }


async def test_typed_words_and_an_interrupt_tell_what_was_heard(provider: Provider) -> None:
    async with line(provider) as call:
        call.assistant.ask("Hello?")
        await call.until(lambda: call.face.states()[-1] == "speaking")
        start_s = call.face.now_s
        await call.until(lambda: call.face.now_s > start_s + 1.0)
        call.assistant.ask("Wait.")
        assert call.face.states()[-1] != "speaking"
        await call.until(lambda: bool(provider.seen("conversation.item.truncate")))
        told = provider.seen("conversation.item.truncate")[-1]["event"]
        (item,) = {told["item_id"]}
        assert item.startswith("item-")
        assert 900 <= told["audio_end_ms"] <= 1200
        await call.until(lambda: call.face.states()[-1] == "speaking")
        assert len(provider.seen("response.create")) >= 2
        call.assistant.ask("x" * 5000)
        assert call.face.codes() == ["too_long"]


async def test_the_page_may_interrupt_and_the_model_is_told(provider: Provider) -> None:
    before = len(provider.seen("conversation.item.truncate"))
    async with line(provider) as call:
        call.assistant.ask("Hello?")
        await call.until(lambda: call.face.states()[-1] == "speaking")
        call.face.interrupt()
        await call.until(lambda: len(provider.seen("conversation.item.truncate")) > before)
        assert call.face.states()[-1] == "listening"


async def test_the_faces_own_echo_is_not_sent(provider: Provider) -> None:
    async with line(provider) as call:
        call.assistant.ask("Hello?")
        await call.until(lambda: call.face.states()[-1] == "speaking")
        before = len(provider.seen("speech_started"))
        # What is played comes back at half its level: a model would take it for the visitor.
        played: list[np.ndarray] = []
        assistant = call.assistant

        def echo(samples: np.ndarray) -> None:
            played.append(samples)
            assistant.played(samples)

        call.face.on_played = echo
        async with asyncio.timeout(30):
            while call.face.states()[-1] == "speaking":
                call.face.tick()
                if len(played) > 6:
                    assistant.hear(played[-6] * np.float32(0.5))
                await asyncio.wait({asyncio.create_task(asyncio.sleep(0.002))})
        assert len(provider.seen("speech_started")) == before
        assert not [e for e in call.face.events("warning")]


@pytest.mark.parametrize(
    ("model", "codes"),
    [
        ("denied", ["realtime_unauthorized"]),
        ("malformed", ["realtime_broken", "realtime_broken"]),
        ("failing", ["realtime_busy"]),
    ],
)
async def test_faults_are_told_and_the_face_listens(
    provider: Provider, model: str, codes: list[str]
) -> None:
    async with line(provider, model) as call:
        call.assistant.ask("Hello?")
        await call.until(lambda: call.face.codes()[: len(codes)] == codes)
        await call.until(lambda: call.face.states()[-1] == "listening")


async def test_a_line_that_breaks_is_taken_up_again_but_not_for_ever(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime, "PAUSE_S", (0.0, 0.0, 0.0))
    before = len(provider.seen("realtime"))
    async with line(provider, "busy") as call:
        await call.until(lambda: len(call.face.codes()) == realtime.TRIES)
        assert set(call.face.codes()) == {"realtime_busy"}
        assert call.face.events("warning")[0]["retry_s"] == 7
        assert len(provider.seen("realtime")) == before + realtime.TRIES
    async with line(provider, "dies") as call:
        await call.until(lambda: len(call.face.codes()) >= 2)
        assert set(call.face.codes()) == {"realtime_broken"}


async def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "PAUSE_S", (0.0, 0.0, 0.0))
    call = Line("ws://127.0.0.1:9/v1/realtime", "good")
    call.assistant.begin()
    await call.until(lambda: len(call.face.codes()) == realtime.TRIES)
    assert set(call.face.codes()) == {"realtime_broken"}
    await call.assistant.aclose()
