"""Frames and PCM of any rate become 16 kHz mono at the right media time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from av import AudioFrame

from engines.values import F32
from server.ingest import MicReader, PushReader
from server.push_timeline import PushFull, PushRefused, PushTimeline
from server.timeline import MicTimeline
from tests.support.fake_clock import FakeClock

RATE = 16000


def frame(pcm: F32, pts: int, rate: int = 48000, layout: str = "stereo") -> AudioFrame:
    data = (pcm * 32767).astype(np.int16)
    if layout == "stereo":
        data = np.repeat(data, 2)
    made = AudioFrame.from_ndarray(data[None], format="s16", layout=layout)
    made.sample_rate, made.pts, made.time_base = rate, pts, Fraction(1, rate)
    return made


def heard(rate: int, layout: str, seconds: float = 0.5) -> tuple[MicReader, F32, int]:
    clock, timeline = FakeClock(1.0), MicTimeline()
    timeline.begin(0.0)
    timeline.poll(1.0)
    reader = MicReader(timeline, clock=clock)
    size = rate // 50
    tone = np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate).astype(np.float32) * 0.5
    parts, first = [], None
    for at in range(0, len(tone), size):
        clock.advance(0.02)
        reader.feed(frame(tone[at : at + size], at, rate, layout))
        for chunk in timeline.poll(clock()):
            first = chunk.pts if first is None else first
            parts.append(chunk.samples)
    assert first is not None
    return reader, np.concatenate(parts), first


@pytest.mark.parametrize(("rate", "layout"), [(48000, "stereo"), (48000, "mono"), (8000, "mono")])
def test_a_tone_arrives_whole_and_level(rate: int, layout: str) -> None:
    reader, samples, first = heard(rate, layout)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(samples)) / RATE)
    assert np.abs(samples - wanted)[200:].max() < 0.02
    assert len(samples) > 0.49 * RATE
    assert abs(first - RATE) < 40
    assert reader.delay_s < 0.002
    assert reader.gaps == 0


def test_a_hole_is_a_jump_of_pts() -> None:
    clock, timeline = FakeClock(1.0), MicTimeline()
    timeline.begin(0.0)
    timeline.poll(1.0)
    reader = MicReader(timeline, clock=clock)
    chunks = []
    for number in (0, 1, 3, 4):
        clock.set(1.02 + number * 0.02)
        reader.feed(frame(np.full(960, 0.5, np.float32), number * 960))
        chunks += timeline.poll(clock())
    ends = [chunk.pts + len(chunk.samples) for chunk in chunks]
    jumps = [b.pts - end for end, b in zip(ends, chunks[1:], strict=False)]
    assert jumps[0] == jumps[2] == 0
    assert 320 <= jumps[1] <= 340
    assert reader.gaps == 1
    assert reader.frames == 4
    assert reader.last_heard_s == clock()


def test_each_frame_moves_on_at_once() -> None:
    calls: list[int] = []
    timeline = MicTimeline()
    timeline.begin(0.0)
    reader = MicReader(timeline, lambda: calls.append(1), clock=FakeClock(1.0))
    reader.feed(frame(np.zeros(960, np.float32), 0))
    assert calls == [1]
    assert MicReader(timeline).delay_s == 0.0


def test_who_else_hears_gets_the_same_samples() -> None:
    parts: list[F32] = []
    timeline = MicTimeline()
    timeline.begin(0.0)
    reader = MicReader(timeline, on_heard=parts.append, clock=FakeClock(1.0))
    for number in range(10):
        reader.feed(frame(np.full(960, 0.5, np.float32), number * 960))
    told = np.concatenate(parts)
    assert 10 * 320 - 40 < len(told) <= 10 * 320
    assert np.abs(told[100:] - 0.5).max() < 0.01


def test_a_frame_without_time_is_taken_too() -> None:
    timeline = MicTimeline()
    timeline.begin(0.0)
    reader = MicReader(timeline, clock=FakeClock(1.0))
    made = AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
    made.sample_rate = 48000
    reader.feed(made)
    assert timeline.stats.heard > 0


def pushed(rate: int, seconds: float = 0.4) -> F32:
    timeline = PushTimeline()
    timeline.begin(0.0)
    reader = PushReader(timeline)
    reader.start(rate, "a")
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    data = (tone * 32767).astype("<i2").tobytes()
    for at in range(0, len(data), 2 * (rate // 37)):
        reader.feed(data[at : at + 2 * (rate // 37)])
    reader.end("a")
    return np.concatenate([chunk.samples for chunk in timeline.poll(seconds)])


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
def test_pcm_of_any_rate_is_spoken_whole(rate: int) -> None:
    samples = pushed(rate)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(samples)) / RATE)
    assert np.abs(samples - wanted)[200:-200].max() < 0.02


@pytest.mark.parametrize("rate", [7999, 48001, 0, -1])
def test_other_rates_are_refused(rate: int) -> None:
    with pytest.raises(PushRefused, match="wanted 8000 to 48000"):
        PushReader(PushTimeline()).start(rate)


def test_half_a_sample_is_refused() -> None:
    reader = PushReader(PushTimeline())
    reader.start(16000)
    with pytest.raises(PushRefused, match="whole 16-bit samples"):
        reader.feed(b"\0\0\0")


def test_sound_without_a_segment_is_refused() -> None:
    with pytest.raises(PushRefused, match="send start first"):
        PushReader(PushTimeline()).feed(b"\0\0")


def test_a_refused_piece_can_be_sent_again() -> None:
    timeline = PushTimeline(buffer_s=1.0)
    timeline.begin(0.0)
    reader = PushReader(timeline)
    reader.start(48000)
    piece = (np.arange(48000 * 6 // 10) % 500).astype("<i2").tobytes()
    reader.feed(piece)
    with pytest.raises(PushFull):
        reader.feed(piece)
    timeline.poll(0.6)
    reader.feed(piece)
    assert timeline.waiting_s == pytest.approx(0.6, abs=0.01)


def test_after_an_interrupt_a_new_start_is_needed() -> None:
    timeline = PushTimeline()
    timeline.begin(0.0)
    reader = PushReader(timeline)
    reader.start(16000)
    timeline.interrupt(0, 0)
    with pytest.raises(PushRefused, match="no segment is open"):
        reader.feed(b"\0\0" * 400)
    with pytest.raises(PushRefused, match="no segment is open"):
        reader.end()
    reader.start(16000)
    reader.feed(b"\0\0" * 400)


def test_another_microphone_is_heard_at_once_whatever_its_clock_says() -> None:
    clock, timeline = FakeClock(1.0), MicTimeline()
    timeline.begin(0.0)
    reader = MicReader(timeline, clock=clock)
    tone = np.full(960, 0.5, np.float32)

    def speak(first_pts: int, packets: int) -> int:
        """Loud samples that came through."""
        loud = 0
        for number in range(packets):
            clock.advance(0.02)
            reader.feed(frame(tone, first_pts + number * 960))
            loud += sum(int((chunk.samples > 0.1).sum()) for chunk in timeline.poll(clock()))
        return loud

    speak(9_000_000, 20)
    reader.restart()
    # Its clock begins hours before the other one's.
    assert speak(0, 10) > 0.9 * 10 * 320
