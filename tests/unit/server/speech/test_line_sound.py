"""A line's sound on the timeline: without silence before it, words in their place."""

from __future__ import annotations

import numpy as np

from server.push_timeline import PushTimeline
from server.speech.line_sound import LineSound
from server.speech.script import Line
from server.voices.values import Spoken, WordMark

RATE_HZ = 24_000
LOUD = np.full(RATE_HZ, 9000, np.int16)
MARKS = ((4, {"type": "mark", "name": "m"}), (9, {"type": "mark", "name": "end"}))


async def play(silent_s: float = 0.0) -> list[tuple[str, float]]:
    timeline = PushTimeline()
    timeline.begin(0.0)
    name = timeline.queue_segment("a")
    sound = LineSound(timeline, name, words=True)
    sound.begin(Line("one two", 0, (), MARKS))
    silence = np.zeros(round(silent_s * RATE_HZ), np.int16)
    at = len(silence)
    await sound.take(Spoken(silence, RATE_HZ))
    words = (WordMark(0, 3, at, True), WordMark(4, 7, at + RATE_HZ // 2, True))
    await sound.take(Spoken(LOUD, RATE_HZ, words))
    sound.finish()
    sound.end()
    assert 0.99 < timeline.waiting_s < 1.01
    events = []
    for tick in range(80):
        timeline.poll((tick + 1) * 0.02)
        for event in timeline.passed(tick * 320):
            what = event.detail.get("text", event.detail.get("name", event.kind))
            events.append((str(what), round(event.position_s, 2)))
    return events


async def test_words_and_marks_are_told_where_they_are_heard() -> None:
    events = await play()
    assert events == [
        ("started", 0.0), ("one", 0.0), ("m", 0.5), ("two", 0.5), ("end", 1.0), ("finished", 1.0),
    ]  # fmt: skip


async def test_silence_before_the_first_sound_delays_nothing() -> None:
    assert await play(silent_s=0.4) == await play()


async def test_a_line_without_sound_gives_its_marks_all_the_same() -> None:
    timeline = PushTimeline()
    timeline.begin(0.0)
    sound = LineSound(timeline, timeline.queue_segment("a"), words=False)
    sound.begin(Line("", 0, (), MARKS))
    sound.finish()
    sound.end()
    assert [event.kind for event in timeline.passed(0)] == ["mark", "mark", "finished"]
