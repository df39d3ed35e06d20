"""The generator alone, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fake_livekit.sounds import loud, speech
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd
from livekit.plugins.synchrorama import SynchroramaVideoGenerator

from synchrorama_client import SessionClosed, Unreachable

Given = rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd


class Listener:
    """Reads what a generator gives, as the runner does."""

    def __init__(self, generator: SynchroramaVideoGenerator) -> None:
        self.given: list[Given] = []
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._read(generator))

    async def _read(self, generator: SynchroramaVideoGenerator) -> None:
        async for frame in generator:
            self.given.append(frame)
            self._changed.set()

    def ends(self) -> int:
        return sum(isinstance(frame, AudioSegmentEnd) for frame in self.given)

    def heard_s(self) -> float:
        sound = [f for f in self.given if isinstance(f, rtc.AudioFrame) and loud(f)]
        return sum(frame.duration for frame in sound)

    async def until(self, *, ends: int = 0, heard_s: float = 0.0, frames: int = 0) -> None:
        async with asyncio.timeout(30):
            while self.ends() < ends or self.heard_s() < heard_s or len(self.given) < frames:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def generator(server_url: str) -> AsyncIterator[SynchroramaVideoGenerator]:
    made = SynchroramaVideoGenerator(url=server_url, size=256)
    options = await made.start()
    assert (options.video_width, options.video_fps, options.audio_sample_rate) == (256, 25, 48_000)
    try:
        yield made
    finally:
        await made.aclose()


@pytest.fixture
async def listener(generator: SynchroramaVideoGenerator) -> AsyncIterator[Listener]:
    made = Listener(generator)
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def push(generator: SynchroramaVideoGenerator, *frames: rtc.AudioFrame) -> None:
    for frame in frames:
        await generator.push_audio(frame)


async def test_a_segment_comes_back_with_pictures_and_one_end(
    generator: SynchroramaVideoGenerator, listener: Listener
) -> None:
    await push(generator, *speech(1.0))
    await generator.push_audio(AudioSegmentEnd())
    await listener.until(ends=1)
    assert abs(listener.heard_s() - 1.0) < 0.1
    pictures = [frame for frame in listener.given if isinstance(frame, rtc.VideoFrame)]
    assert {(p.width, p.height, p.type) for p in pictures} == {(256, 256, rtc.VideoBufferType.I420)}
    assert len({bytes(p.data) for p in pictures}) > 10
    # The runner counts each frame of sound as played: none is given but while it speaks.
    first = next(i for i, f in enumerate(listener.given) if isinstance(f, rtc.AudioFrame))
    assert loud(listener.given[first])  # type: ignore[arg-type]
    seen = len(listener.given)
    await listener.until(frames=seen + 10)
    assert all(isinstance(frame, rtc.VideoFrame) for frame in listener.given[seen:])
    assert listener.ends() == 1


async def test_nothing_is_given_of_a_cleared_segment_nor_its_end(
    generator: SynchroramaVideoGenerator, listener: Listener
) -> None:
    await push(generator, *speech(5.0))
    await listener.until(heard_s=0.4)
    await generator.clear_buffer()
    at = len(listener.given)
    # The receiver ends the stream that was cleared too.
    await generator.push_audio(AudioSegmentEnd())
    await push(generator, *speech(0.5, 16_000, 2))
    await generator.push_audio(AudioSegmentEnd())
    await listener.until(ends=1)
    after = [f for f in listener.given[at:] if isinstance(f, rtc.AudioFrame) and loud(f)]
    assert abs(sum(frame.duration for frame in after) - 0.5) < 0.1
    assert listener.ends() == 1


async def test_two_segments_pushed_at_once_end_one_after_the_other(
    generator: SynchroramaVideoGenerator, listener: Listener
) -> None:
    for _ in range(2):
        await push(generator, *speech(0.3))
        await generator.push_audio(AudioSegmentEnd())
    await listener.until(ends=2)
    kinds = ["end" if isinstance(f, AudioSegmentEnd) else "sound" for f in listener.given
             if not isinstance(f, rtc.VideoFrame)]  # fmt: skip
    assert kinds.count("end") == 2 and kinds[-1] == "end"
    assert "sound" in kinds[kinds.index("end") :]


async def test_a_segment_whose_end_was_lost_is_ended(server_url: str) -> None:
    generator = SynchroramaVideoGenerator(url=server_url, size=256, idle_s=0.5)
    await generator.start()
    listener = Listener(generator)
    await push(generator, *speech(0.3))
    await listener.until(ends=1)
    await generator.aclose()
    await listener.task


async def test_a_session_that_ends_tells_the_end_and_then_why(
    generator: SynchroramaVideoGenerator, listener: Listener, server_url: str
) -> None:
    await push(generator, *speech(5.0))
    await listener.until(heard_s=0.2)
    assert generator._session is not None
    async with httpx.AsyncClient() as http:
        await http.delete(f"{server_url}{generator._session.path}")
    async with asyncio.timeout(30):
        with pytest.raises(SessionClosed, match="face is gone"):
            await listener.task
    assert isinstance(listener.given[-1], AudioSegmentEnd)


async def test_clearing_when_nothing_is_said_does_nothing(
    generator: SynchroramaVideoGenerator, listener: Listener
) -> None:
    await generator.clear_buffer()
    await push(generator, *speech(0.3))
    await generator.push_audio(AudioSegmentEnd())
    await listener.until(ends=1)
    assert abs(listener.heard_s() - 0.3) < 0.1


async def test_a_generator_that_was_not_started_says_so() -> None:
    generator = SynchroramaVideoGenerator(url="http://127.0.0.1:9")
    with pytest.raises(RuntimeError, match="start"):
        await generator.push_audio(AudioSegmentEnd())
    with pytest.raises(Unreachable):
        await generator.start()
    await generator.aclose()
