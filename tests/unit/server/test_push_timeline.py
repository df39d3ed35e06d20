"""Pushed speech: paced, bounded, in order; each segment finishes exactly once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import F32, AudioChunk
from server.push_timeline import MAX_SEGMENTS, OVERTAKE_MOST, PushFull, PushRefused, PushTimeline
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


def test_a_lead_gives_speech_ahead_of_time_and_silence_when_it_is() -> None:
    timeline = started(lead_s=0.1)
    assert timeline.poll(1.0)[-1].pts + CHUNK == RATE
    timeline.start_segment("a")
    timeline.push(speech(2.0))
    assert timeline.poll(1.0) == []
    # At twice its pace, so that pictures of it can be drawn beside it.
    chunks = [timeline.poll(1.0 + tick / 50) for tick in range(1, 11)]
    assert [len(given) for given in chunks] == [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]
    flat = [chunk for given in chunks for chunk in given]
    assert (flat[0].pts, flat[-1].pts + CHUNK) == (RATE, round(1.3 * RATE))
    assert np.concatenate([chunk.samples for chunk in flat]).all()


def test_speech_takes_the_place_of_silence_as_far_as_it_reaches() -> None:
    timeline = started()
    timeline.poll(1.0)
    timeline.overtake(14_000)
    assert timeline.epoch == 0 and not timeline.poll(1.0)
    timeline.start_segment("a")
    timeline.push(speech(0.05))
    timeline.overtake(14_000)
    first = timeline.poll(1.0)
    # Two whole chunks: what is left over would make a hole.
    assert [(chunk.pts, chunk.epoch, chunk.seamless) for chunk in first] == [
        (RATE - 640, 1, True),
        (RATE - 320, 1, True),
    ]
    np.testing.assert_array_equal(sound(first), speech(0.05)[:640])
    timeline.push(speech(1.0))
    timeline.overtake(14_000)
    assert timeline.epoch == 1
    timeline.interrupt(RATE, RATE)
    assert [chunk.seamless for chunk in timeline.poll(1.04)] == [False, False]


def test_an_interrupt_that_was_not_told_yet_is_not_overtaken() -> None:
    timeline = started()
    timeline.poll(1.0)
    timeline.interrupt(8000, RATE)
    timeline.start_segment("a")
    timeline.push(speech(1.0))
    timeline.overtake(8000)
    assert [(chunk.pts, chunk.epoch, chunk.seamless) for chunk in timeline.poll(1.02)] == [
        (RATE, 1, False)
    ]


def test_silence_is_not_taken_back_soon_after_speech_nor_without_end() -> None:
    timeline = started()
    timeline.start_segment("a")
    timeline.push(speech(0.5))
    timeline.end_segment("a")
    timeline.poll(0.98)
    timeline.start_segment("b")
    timeline.push(speech(1.0))
    timeline.overtake(8000)
    assert timeline.epoch == 0
    timeline.poll(5.0)
    timeline.start_segment("c")
    timeline.push(speech(1.0))
    timeline.overtake(0)
    assert timeline.poll(5.0)[0].pts == 5 * RATE - OVERTAKE_MOST


@given(
    st.lists(st.tuples(st.integers(1, 9000), st.integers(0, 90)), min_size=1, max_size=12),
    st.integers(5, 20),
    st.sampled_from([0.0, 0.08]),
)
@settings(max_examples=30, deadline=None)
def test_all_speech_is_played_once_in_order_wherever_it_overtakes(
    steps: list[tuple[int, int]], delay: int, lead_s: float
) -> None:
    timeline = started(lead_s=lead_s)
    samples = np.arange(1, 1 + sum(count for count, _ in steps)) / 200_000
    whole: F32 = samples.astype(np.float32)
    line = np.zeros(40 * RATE, np.float32)
    tick = pushed = cursor = 0
    events: list[SegmentEvent] = []
    seen = 0

    def play(ticks: int) -> None:
        nonlocal tick, cursor, seen
        for _ in range(ticks):
            tick += 1
            since = max(0, cursor - RATE)
            played = line[since:cursor].copy()
            timeline.overtake(cursor + 1280)
            for chunk in timeline.poll(tick * 0.02 + 1e-9):
                assert chunk.epoch >= seen and chunk.pts >= (cursor if chunk.epoch > seen else 0)
                seen = chunk.epoch
                line[chunk.pts :] = 0
                line[chunk.pts : chunk.pts + CHUNK] = chunk.samples
            np.testing.assert_array_equal(line[since:cursor], played)
            cursor = max(0, (tick - delay) * CHUNK)
            events.extend(timeline.passed(cursor))

    play(30)
    for index, (count, pause) in enumerate(steps):
        timeline.start_segment(f"n{index}")
        timeline.push(whole[pushed : pushed + count])
        timeline.end_segment()
        pushed += count
        play(pause)
    play(30 + delay + pushed // CHUNK)
    np.testing.assert_array_equal(line[line > 0], whole)
    assert [(each.kind, each.segment) for each in events] == [
        (kind, f"n{index}") for index in range(len(steps)) for kind in ("started", "finished")
    ]
    for (count, _), event in zip(steps, events[1::2], strict=True):
        assert event.position_s == count / RATE


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
