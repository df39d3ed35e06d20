"""Pushed speech: paced, bounded, in order; each segment finishes exactly once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import F32, AudioChunk
from server.push_timeline import MAX_SEGMENTS, PushFull, PushRefused, PushTimeline
from server.timeline import CHUNK, SegmentEvent

RATE = 16000


def started(buffer_s: float = 120.0, lead_s: float = 0.0) -> PushTimeline:
    timeline = PushTimeline(buffer_s, lead_s)
    timeline.begin(0.0)
    return timeline


def speech(seconds: float) -> F32:
    return np.linspace(0.1, 0.9, round(seconds * RATE)).astype(np.float32)


def sound(chunks: list[AudioChunk]) -> F32:
    return (
        np.concatenate([chunk.samples for chunk in chunks]) if chunks else np.zeros(0, np.float32)
    )


def test_speech_is_paced_by_the_clock_and_whole() -> None:
    timeline = started()
    timeline.poll(1.0)
    timeline.start_segment("a")
    timeline.push(speech(2.0))
    assert len(sound(timeline.poll(1.5))) == RATE // 2
    rest = timeline.poll(4.0)
    assert rest[0].pts == 3 * RATE // 2
    heard = np.concatenate([speech(2.0)[RATE // 2 :], np.zeros(RATE, np.float32)])
    np.testing.assert_array_equal(sound(rest), heard)


def test_a_lead_gives_sound_ahead_of_time() -> None:
    timeline = started(lead_s=0.1)
    chunks = timeline.poll(1.0)
    assert chunks[-1].pts + CHUNK == round(1.1 * RATE)


def test_a_segment_starts_and_finishes_when_it_was_played() -> None:
    timeline = started()
    timeline.start_segment("a")
    timeline.push(speech(0.5))
    timeline.end_segment("a")
    timeline.poll(2.0)
    assert timeline.passed(0) == []
    assert timeline.passed(100) == [SegmentEvent("started", "a", 0.0)]
    assert timeline.passed(RATE // 2 - 1) == []
    assert timeline.passed(RATE // 2) == [SegmentEvent("finished", "a", 0.5)]
    assert timeline.passed(2 * RATE) == []


def test_an_interrupt_tells_how_far_it_came() -> None:
    timeline = started()
    for name in ("a", "b"):
        timeline.start_segment(name)
        timeline.push(speech(1.0))
    timeline.poll(0.5)
    timeline.passed(RATE // 4)
    assert timeline.interrupt(6400, 6400) == [
        SegmentEvent("finished", "a", 0.4, True),
        SegmentEvent("finished", "b", 0.0, True),
    ]
    assert timeline.waiting_s == 0
    chunks = timeline.poll(0.6)
    assert chunks[0].pts == 6400
    assert chunks[0].epoch == 1
    assert not sound(chunks).any()
    assert timeline.passed(RATE) == []
    with pytest.raises(PushRefused, match="no segment is open"):
        timeline.push(speech(0.1))


def test_what_has_no_room_is_refused_whole() -> None:
    timeline = started(buffer_s=1.0)
    timeline.start_segment("a")
    timeline.push(speech(0.9))
    with pytest.raises(PushFull, match="holds 1 s and has room for 0.10 s") as refused:
        timeline.push(speech(0.2))
    assert refused.value.room_s == pytest.approx(0.1)
    assert timeline.waiting_s == pytest.approx(0.9)
    timeline.poll(0.5)
    timeline.push(speech(0.2))


def test_many_tiny_pieces_are_refused_before_they_cost_memory() -> None:
    timeline = started()
    timeline.start_segment("a")
    with pytest.raises(PushRefused, match="send larger pieces"):
        for _ in range(10_000):
            timeline.push(speech(0.001))


def test_segment_names_are_checked() -> None:
    timeline = started()
    assert timeline.start_segment() == "s1"
    with pytest.raises(PushRefused, match="still being spoken"):
        timeline.start_segment("s1")
    with pytest.raises(PushRefused, match="not the open one"):
        timeline.end_segment("x")
    timeline.end_segment()
    with pytest.raises(PushRefused, match="no segment is open"):
        timeline.end_segment()


def test_too_many_segments_are_refused() -> None:
    timeline = started()
    for _ in range(MAX_SEGMENTS):
        timeline.start_segment()
    with pytest.raises(PushRefused, match="segments wait"):
        timeline.start_segment()


def test_an_empty_segment_finishes_too() -> None:
    timeline = started()
    timeline.start_segment("a")
    timeline.end_segment()
    assert timeline.passed(0) == [SegmentEvent("finished", "a", 0.0)]


def test_speech_that_comes_too_slowly_is_one_segment() -> None:
    timeline = started()
    timeline.start_segment("a")
    for step in range(5):
        timeline.push(speech(0.1))
        timeline.poll(0.2 * step + 0.2)
    timeline.end_segment()
    events = timeline.passed(2 * RATE)
    assert [event.kind for event in events] == ["started", "finished"]
    assert events[1].position_s == pytest.approx(0.5)


def test_what_is_not_a_number_is_silence() -> None:
    timeline = started()
    timeline.start_segment()
    timeline.push(np.array([np.nan, np.inf, 3.0, -3.0] * 80, np.float32))
    heard = sound(timeline.poll(0.02))
    np.testing.assert_array_equal(heard[:4], np.array([0, 0, 1, -1], np.float32))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.integers(1, 9000)),
            st.tuples(st.just("end"), st.just(0)),
            st.tuples(st.just("wait"), st.integers(1, 9000)),
            st.tuples(st.just("interrupt"), st.just(0)),
        ),
        max_size=40,
    )
)
def test_each_segment_finishes_once_and_time_never_runs_back(steps: list[tuple[str, int]]) -> None:
    run = Run()
    for kind, size in [*steps, ("end", 0), ("wait", 8 * RATE)]:
        run.step(kind, size)
        run.check()
    assert [event.segment for event in run.finished] == list(run.pushed)
    for event in run.finished:
        assert event.position_s <= run.pushed[event.segment] / RATE + 1e-9


class Run:
    """A client, a clock and a playout 140 ms behind it."""

    def __init__(self) -> None:
        self.timeline = started(buffer_s=3.0)
        self.now = self.end = self.epoch = self.cursor = 0
        self.open = False
        self.pushed: dict[str, int] = {}
        self.finished: list[SegmentEvent] = []

    def step(self, kind: str, size: int) -> None:
        if kind == "push":
            self.push(size)
        elif kind == "end" and self.open:
            self.timeline.end_segment()
            self.open = False
        elif kind == "interrupt":
            self.note(self.timeline.interrupt(self.cursor, self.cursor))
            self.open, self.end = False, min(self.end, self.cursor)
        elif kind == "wait":
            self.now += size

    def push(self, size: int) -> None:
        if not self.open:
            self.pushed[self.timeline.start_segment()] = 0
            self.open = True
        if size / RATE <= self.timeline.room_s:
            self.timeline.push(np.full(size, 0.3, np.float32))
            self.pushed[list(self.pushed)[-1]] += size

    def check(self) -> None:
        for chunk in self.timeline.poll(self.now / RATE):
            assert chunk.pts == self.end or chunk.epoch > self.epoch
            self.epoch = chunk.epoch
            self.end = chunk.pts + len(chunk.samples)
        assert self.end <= self.now
        self.cursor = max(self.cursor, self.now - 2240)
        self.note(self.timeline.passed(self.cursor))

    def note(self, events: list[SegmentEvent]) -> None:
        self.finished += [event for event in events if event.kind == "finished"]
