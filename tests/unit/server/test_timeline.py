"""The microphone on the media clock: silence flows, holes are jumps, latency never grows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import AudioChunk
from server.timeline import CHUNK, HOLD, MicTimeline

RATE = 16000
ONE = np.full(CHUNK, 0.5, np.float32)


def started(now_s: float = 0.0) -> MicTimeline:
    timeline = MicTimeline()
    timeline.begin(now_s)
    return timeline


def call(
    seconds: float,
    *,
    skew: float = 0.0,
    jitter: Callable[[int], float] = lambda number: 0.0,
    lost: Callable[[int], bool] = lambda number: False,
) -> tuple[MicTimeline, list[tuple[float, AudioChunk]]]:
    """Packets of a sender whose clock runs `1 + skew` as fast as ours, 1 s into the session.

    Each chunk comes with the time at which it was given.
    """
    timeline = started()
    events: list[tuple[float, int]] = [
        (tick * 0.02 + 0.001, -1) for tick in range(round(seconds * 50))
    ]
    last_s = 0.0
    for number in range(round((seconds - 1) * 50)):
        if not lost(number):
            sent_s = 1 + (number + 1) * 0.02 / (1 + skew)
            # In order: the jitter buffer before us sees to that.
            last_s = max(last_s, sent_s + 0.01 + jitter(number))
            events.append((last_s, number))
    out = []
    for now, number in sorted(events):
        if number >= 0:
            timeline.push(now, number * 960, ONE)
        out += [(now, chunk) for chunk in timeline.poll(now)]
    return timeline, out


def lateness(out: list[tuple[float, AudioChunk]], begin_s: float, end_s: float) -> float:
    """Mean ms from a sound's place in media time to when it was given, between two times."""
    late = [
        now - (chunk.pts + len(chunk.samples)) / RATE
        for now, chunk in out
        if begin_s <= now < end_s and chunk.samples.any()
    ]
    return float(np.mean(late)) * 1000


def polled(timeline: MicTimeline, begin_s: float, end_s: float) -> list[AudioChunk]:
    """What a player that ticks every 10 ms gets between two times."""
    times = np.arange(begin_s, end_s, 0.01)
    return [chunk for now_s in times for chunk in timeline.poll(float(now_s))]


def test_silence_flows_without_a_microphone() -> None:
    timeline = started(5.0)
    chunks = timeline.poll(6.0)
    assert [chunk.pts for chunk in chunks] == list(range(0, RATE, CHUNK))
    assert not any(chunk.samples.any() for chunk in chunks)


def test_nothing_flows_before_the_session_begins() -> None:
    timeline = MicTimeline()
    timeline.push(1.0, 0, ONE)
    assert timeline.poll(1.0) == []


def test_a_packet_is_given_at_once_and_lies_just_in_time() -> None:
    timeline = started()
    timeline.poll(1.0)
    timeline.push(1.02, 0, ONE)
    (chunk,) = timeline.poll(1.02)
    assert chunk.pts + len(chunk.samples) == round(1.02 * RATE)
    assert chunk.samples.all()
    assert timeline.heard_at(chunk.pts) == 1.02
    assert timeline.heard_at(chunk.pts - 1) is None


def test_a_lost_packet_shows_as_a_jump_and_costs_no_delay() -> None:
    _, out = call(5, lost=lambda number: number == 75)
    before = lateness(out, 1.1, 2.4)
    after = lateness(out, 3.0, 5.0)
    assert abs(after - before) < 1
    spoken = [chunk for now, chunk in out if chunk.samples.any()]
    steps = [b.pts - a.pts for a, b in zip(spoken, spoken[1:], strict=False)]
    assert sorted(steps)[-1] == 2 * CHUNK
    assert sorted(steps)[-2] == CHUNK


def test_silence_takes_the_place_of_what_does_not_come() -> None:
    timeline = started()
    timeline.poll(1.0)
    timeline.push(1.02, 0, ONE)
    timeline.poll(1.02)
    assert polled(timeline, 1.02, 1.02 + HOLD / RATE) == []
    (chunk,) = polled(timeline, 1.02 + HOLD / RATE, 1.05 + HOLD / RATE)
    assert not chunk.samples.any()
    assert chunk.pts == round(1.02 * RATE)


def test_a_burst_after_a_stall_does_not_grow_the_delay() -> None:
    # 300 ms in which nothing comes, and then all of it at once.
    def stall(number: int) -> float:
        return max(0.0, 2.3 - (1.01 + (number + 1) * 0.02)) if 50 <= number < 65 else 0.0

    timeline, out = call(8, jitter=stall)
    assert abs(lateness(out, 4.0, 8.0) - lateness(out, 1.1, 2.0)) < 3
    assert timeline.stats.late > 0
    assert timeline.stats.resyncs == 0


def test_what_came_while_our_loop_stood_still_is_not_lost() -> None:
    timeline = started()
    for number in range(100):
        now = 0.02 + number * 0.02
        timeline.push(now, number * 960, ONE)
        timeline.poll(now)
    # 200 ms later the tick comes first, and only then the ten packets from the socket.
    assert timeline.poll(2.2) == []
    for number in range(100, 110):
        timeline.push(2.201, number * 960, ONE)
    chunks = timeline.poll(2.201)
    assert timeline.stats.late == 0
    assert sum(len(chunk.samples) for chunk in chunks) == 10 * CHUNK
    # Nothing more comes: silence, as ever.
    for tick in range(12):
        chunks = timeline.poll(2.22 + tick * 0.02)
    assert not chunks[-1].samples.any()
    assert chunks[-1].pts + CHUNK > round(2.44 * RATE) - CHUNK


def test_a_stream_that_was_paused_is_heard_again() -> None:
    # The sender's clock stood still for a second (RTP goes on as if nothing had been).
    timeline, out = call(8, jitter=lambda number: 1.0 if number >= 100 else 0.0)
    assert timeline.stats.resyncs == 1
    assert abs(lateness(out, 5.5, 8.0) - lateness(out, 1.1, 2.9)) < 3


def test_a_first_packet_that_was_held_up_costs_no_delay() -> None:
    prompt, out_prompt = call(6)
    held, out_held = call(6, jitter=lambda number: 0.15 if number == 0 else 0.0)
    assert held.stats.resyncs <= 2
    assert abs(lateness(out_held, 2, 6) - lateness(out_prompt, 2, 6)) < 4
    assert prompt.stats.resyncs == 0


def test_jitter_does_not_lose_sound() -> None:
    values = np.random.default_rng(2).uniform(0, 0.035, 1000)
    timeline, _ = call(10, jitter=lambda number: float(values[number]))
    assert timeline.stats.late < 0.01 * timeline.stats.heard


def test_thirty_minutes_of_drifting_clocks_end_where_they_began() -> None:
    # The second drifts as far in a fifth of the time.
    for skew, seconds in ((200e-6, 1800), (-1000e-6, 360)):
        timeline, out = call(seconds, skew=skew)
        drift = lateness(out, seconds - 10, seconds) - lateness(out, 3, 13)
        assert abs(drift) < 8, f"{skew}: {drift:.1f} ms"
        assert timeline.stats.late <= CHUNK  # of the first packet: silence flowed until it came
        assert abs(timeline.stats.corrected) < 0.002 * timeline.stats.heard


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 0.3), st.integers(0, 3), st.integers(1, 700)),
        min_size=1,
        max_size=60,
    )
)
def test_media_time_never_runs_back_and_covers_what_has_passed(
    steps: list[tuple[float, int, int]],
) -> None:
    timeline = started()
    now, rtp, end, given_late = 0.0, 0, 0, 0
    for wait, packets, size in steps:
        now += wait
        for _ in range(packets):
            timeline.push(now, rtp, np.full(size, 0.1, np.float32))
            rtp += size * 3
        # On for 100 ms: a single poll gives a stall of our own some grace.
        begin, now = now, now + 0.1
        for chunk in timeline.poll(begin) + polled(timeline, begin, now) + timeline.poll(now):
            assert chunk.pts >= end
            end = chunk.pts + len(chunk.samples)
        given_late = max(given_late, int(now * RATE) - end)
    assert given_late < HOLD + CHUNK


def test_what_is_not_a_number_is_silence() -> None:
    timeline = started()
    timeline.push(0.02, 0, np.array([np.nan, np.inf, -np.inf, 7.0] * 80, np.float32))
    (chunk,) = timeline.poll(0.02)
    assert np.isfinite(chunk.samples).all()
    assert np.abs(chunk.samples).max() == 1.0


def test_an_interrupt_begins_an_epoch_of_silence_up_to_now() -> None:
    timeline = started()
    timeline.poll(1.0)
    timeline.push(1.02, 0, ONE)
    timeline.poll(1.02)
    assert timeline.interrupt(14000, 14400) == []
    chunks = timeline.poll(1.03)
    assert {chunk.epoch for chunk in chunks} == {1}
    assert chunks[0].pts == 14400
    assert chunks[-1].pts + CHUNK > round(1.03 * RATE) - CHUNK
    timeline.push(1.04, 960, ONE)
    assert timeline.poll(1.04)[-1].samples.any()
    assert timeline.passed(20000) == []
