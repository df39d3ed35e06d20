"""The voice of one session: speech goes in, messages about it come out, an interrupt stops it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from server.live_voice import LiveVoice
from server.push_timeline import PushRefused, PushTimeline

SECOND = bytes(2 * 16_000)


def voice_of(buffer_s: float = 3.0) -> tuple[LiveVoice, PushTimeline, list[str]]:
    timeline = PushTimeline(buffer_s)
    timeline.begin(0.0)
    stops: list[str] = []
    return LiveVoice(timeline, lambda: stops.append("stop")), timeline, stops


def test_what_is_fed_waits_and_takes_room() -> None:
    voice, _, _ = voice_of()
    before = voice.room_s
    name = voice.start(16_000, None)
    voice.feed(SECOND)
    voice.end(name)
    assert voice.buffered_s == pytest.approx(1.0, abs=0.05)
    assert voice.room_s == pytest.approx(before - voice.buffered_s, abs=0.05)


def test_sound_of_no_segment_is_refused() -> None:
    voice, _, _ = voice_of()
    with pytest.raises(PushRefused):
        voice.feed(SECOND)


def test_messages_reach_the_listener_until_it_leaves() -> None:
    voice, _, _ = voice_of()
    heard: list[Mapping[str, object]] = []
    voice.hear({"type": "lost"})
    voice.listen(heard.append)
    voice.hear({"type": "started"})
    voice.listen(None)
    voice.hear({"type": "finished", "segment": "a"})
    assert heard == [{"type": "started"}]


def test_an_interrupt_goes_to_the_session() -> None:
    voice, _, stops = voice_of()
    voice.interrupt()
    assert stops == ["stop"]
