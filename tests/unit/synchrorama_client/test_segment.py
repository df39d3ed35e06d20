"""One segment of speech."""

from __future__ import annotations

import asyncio

import pytest

from synchrorama_client.errors import SegmentOver, SessionClosed, TimedOut
from synchrorama_client.events import Finished
from synchrorama_client.segment import Segment

DONE = Finished("a", 1.0, False)


class Sent:
    """What a segment sends."""

    def __init__(self) -> None:
        self.pcm = b""
        self.ended = 0

    async def feed(self, segment: Segment, pcm: bytes) -> None:
        self.pcm += pcm

    async def end(self, segment: Segment) -> None:
        segment.open = False
        self.ended += 1


def made(rate: int = 24_000) -> tuple[Segment, Sent]:
    sent = Sent()
    return Segment("a", rate, sent.feed, sent.end), sent


async def test_sound_goes_out_until_it_is_ended() -> None:
    segment, sent = made()
    await segment.audio(b"ab")
    await segment.end()
    await segment.end()
    assert (sent.pcm, sent.ended) == (b"ab", 1)
    with pytest.raises(SegmentOver):
        await segment.audio(b"ab")


async def test_half_a_sample_is_refused_before_it_is_sent() -> None:
    segment, sent = made()
    with pytest.raises(ValueError, match="even"):
        await segment.audio(b"abc")
    assert sent.pcm == b""


async def test_its_end_is_told_once_and_to_everyone() -> None:
    segment, _ = made()
    waiting = [asyncio.create_task(segment.finished(5.0)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    segment.note_finished(DONE)
    segment.note_finished(Finished("a", 9.0, True))
    assert await waiting[1] == DONE and segment.result == DONE and segment.over
    with pytest.raises(SegmentOver):
        await segment.audio(b"ab")


async def test_waits_have_a_deadline() -> None:
    segment, _ = made()
    with pytest.raises(TimedOut, match="did not finish in 0 s"):
        await segment.finished(0.0)
    with pytest.raises(TimedOut, match="did not begin"):
        await segment.started(0.0)


async def test_a_failure_is_told_to_every_wait() -> None:
    segment, _ = made()
    beginning = asyncio.create_task(segment.started(5.0))
    await asyncio.sleep(0)
    segment.fail(SessionClosed("session_closed", "it has ended"))
    for wait in (beginning, segment.finished(5.0), segment.audio(b"ab")):
        with pytest.raises(SessionClosed):
            await wait
    assert segment.result is None


async def test_what_was_interrupted_before_it_began_does_not_hang_its_listener() -> None:
    segment, _ = made()
    segment.note_finished(Finished("a", 0.0, True))
    await segment.started(5.0)


async def test_a_text_takes_no_sound() -> None:
    segment, _ = made(rate=0)
    with pytest.raises(SegmentOver):
        await segment.audio(b"ab")
