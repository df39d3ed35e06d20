"""Segments fed to a session's speech, and what was heard of them."""

from __future__ import annotations

import asyncio

import pytest

from server.assistant.mouth import AHEAD, Cut, Mouth, Segment
from tests.support.fake_assistant import RATE_HZ, FakeFace, settle

SECOND = bytes(2 * RATE_HZ)


def mouth_of(face: FakeFace) -> tuple[Mouth, list[str]]:
    log: list[str] = []
    mouth = Mouth(
        face.voice,
        lambda segment: log.append(f"started {segment.text}"),
        lambda segment: log.append(f"finished {segment.text} {segment.interrupted}"),
    )
    face.on_played = lambda samples: mouth.pulse()
    return mouth, log


async def test_a_segment_is_started_and_finished_once() -> None:
    face = FakeFace()
    mouth, log = mouth_of(face)
    segment = mouth.open("Hello there", RATE_HZ)
    await mouth.feed(segment, SECOND, RATE_HZ)
    mouth.end(segment)
    await face.play(0.5)
    assert mouth.speaking
    await face.play(1.0)
    assert log == ["started Hello there", "finished Hello there False"]
    assert (mouth.busy, segment.heard) == (False, "Hello there")
    assert segment.position_s == pytest.approx(1.0, abs=0.01)
    assert mouth.take() == [segment]
    assert mouth.take() == []


async def test_an_interrupt_acknowledges_at_once_and_cuts_who_feeds() -> None:
    face = FakeFace(buffer_s=1.5)
    mouth, log = mouth_of(face)
    segment = mouth.open("one two three four", RATE_HZ)
    await mouth.feed(segment, SECOND, RATE_HZ)
    feeding = asyncio.create_task(mouth.feed(segment, SECOND, RATE_HZ))
    await settle()
    assert not feeding.done()
    await face.play(0.3)
    mouth.interrupt()
    assert log[-1] == "finished one two three four True"
    with pytest.raises(Cut):
        await feeding
    mouth.end(segment)
    # Not all its sound had come: its length is reckoned from its letters.
    assert segment.heard == "one"
    await mouth.silent()


async def test_a_small_buffer_is_filled_as_it_is_played() -> None:
    face = FakeFace(buffer_s=1.2)
    mouth, _ = mouth_of(face)
    segment = mouth.open("text", RATE_HZ)

    async def feed() -> None:
        for _ in range(4):
            await mouth.feed(segment, SECOND, RATE_HZ)
        mouth.end(segment)

    feeding = asyncio.create_task(feed())
    await face.play(4.5)
    await feeding
    assert segment.position_s == pytest.approx(4.0, abs=0.01)


async def test_no_more_than_a_few_wait() -> None:
    face = FakeFace()
    mouth, _ = mouth_of(face)
    for _ in range(AHEAD + 1):
        segment = mouth.open("x", RATE_HZ)
        await mouth.feed(segment, SECOND, RATE_HZ)
        mouth.end(segment)
    waiting = asyncio.create_task(mouth.turn())
    await settle()
    assert not waiting.done()
    await face.play(1.1)
    await waiting


def test_words_of_others_segments_are_not_ours() -> None:
    face = FakeFace()
    mouth, log = mouth_of(face)
    face.voice.hear({"type": "started", "segment": "s1"})
    face.voice.hear({"type": "finished", "segment": "s1", "position_s": 1, "interrupted": False})
    assert log == [] and not mouth.busy


def test_what_was_heard_of_a_segment() -> None:
    segment = Segment("a", "one two three", given_s=3.0, ended=True)
    assert segment.heard == ""
    segment.finished, segment.interrupted, segment.position_s = True, True, 2.2
    assert segment.heard == "one two"
