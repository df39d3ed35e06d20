"""Cutting: any split gives the same windows; holes, jumps, duplicates, epochs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.chunker import Chunker, ChunkerState
from engines.values import F32, FRAME_SAMPLES, AudioChunk, AudioWindow


def ramp(start: int, count: int) -> F32:
    """Samples that say their own media time: 1, 2, 3, ..."""
    return np.arange(start + 1, start + count + 1, dtype=np.float32)


def feed(chunker: Chunker, *chunks: tuple[int, int, int]) -> tuple[ChunkerState, list[AudioWindow]]:
    """Feed (pts, count, epoch) ramps."""
    state = chunker.new_state()
    windows: list[AudioWindow] = []
    for pts, count, epoch in chunks:
        windows += chunker.step(state, AudioChunk(pts, epoch, ramp(pts, count)))
    return state, windows


def test_a_window_ends_a_look_ahead_after_its_frame() -> None:
    _, windows = feed(Chunker(1280), (0, 3200, 0))
    assert [window.pts for window in windows] == [-640, 0, 640, 1280, 1920]
    for window in windows:
        begin = window.pts + 1280 - FRAME_SAMPLES
        np.testing.assert_array_equal(window.samples, ramp(begin, FRAME_SAMPLES))
        assert window.lookahead == 1280


def test_no_window_before_its_last_sample() -> None:
    chunker = Chunker(1280)
    state = chunker.new_state()
    assert chunker.step(state, AudioChunk(0, 0, ramp(0, 639))) == []
    assert len(chunker.step(state, AudioChunk(639, 0, ramp(639, 1)))) == 1


@pytest.mark.parametrize("lookahead", [640, 1000, 1280])
def test_frames_lie_on_the_grid_whatever_the_look_ahead(lookahead: int) -> None:
    _, windows = feed(Chunker(lookahead), (123, 4000, 0))
    for window in windows:
        assert window.pts % FRAME_SAMPLES == 0
        begin = window.pts + lookahead - FRAME_SAMPLES
        assert begin >= 123
        np.testing.assert_array_equal(window.samples, ramp(begin, FRAME_SAMPLES))


def test_a_hole_is_filled_with_silence_in_its_place() -> None:
    state, windows = feed(Chunker(), (0, 640, 0), (960, 960, 0))
    assert [window.pts for window in windows] == [-640, 0, 640]
    expected = np.concatenate((np.zeros(320, np.float32), ramp(960, 320)))
    np.testing.assert_array_equal(windows[1].samples, expected)
    assert (state.filled, state.late, state.jumps) == (320, 0, 0)


def test_a_long_hole_is_jumped() -> None:
    state, windows = feed(Chunker(), (0, 700, 0), (20_001, 1500, 0))
    assert [window.pts for window in windows] == [-640, 20_480 - 640]
    np.testing.assert_array_equal(windows[1].samples, ramp(20_480, 640))
    assert (state.filled, state.jumps) == (0, 1)


def test_what_came_before_is_dropped_and_counted() -> None:
    state, windows = feed(Chunker(), (0, 700, 0), (0, 320, 0), (320, 960, 0))
    assert [window.pts for window in windows] == [-640, 0]
    np.testing.assert_array_equal(windows[1].samples, ramp(640, 640))
    assert state.late == 320 + 380


def test_an_older_epoch_is_dropped_and_counted() -> None:
    state, windows = feed(Chunker(), (0, 640, 3), (640, 640, 2), (640, 640, 3))
    assert [(window.epoch, window.pts) for window in windows] == [(3, -640), (3, 0)]
    assert state.stale == 640


def test_a_new_epoch_begins_on_the_grid_with_its_own_sound() -> None:
    state, windows = feed(Chunker(), (0, 1000, 0), (1000, 1600, 1))
    assert [(window.epoch, window.pts) for window in windows] == [(0, -640), (1, 640), (1, 1280)]
    np.testing.assert_array_equal(windows[1].samples, ramp(1280, 640))
    assert state.late == state.filled == 0


def test_silence_leads_an_interrupt_but_not_the_first_epoch() -> None:
    _, windows = feed(Chunker(lead=2), (0, 1000, 0), (1000, 1600, 1))
    assert [(window.epoch, window.pts) for window in windows] == [
        (0, -640),
        (1, -640),
        (1, 0),
        (1, 640),
        (1, 1280),
    ]
    assert not windows[1].samples.any()
    # The second leading window reaches over the interrupt: what was heard of it is in place.
    np.testing.assert_array_equal(windows[2].samples[-280:], ramp(1000, 280))
    assert not windows[2].samples[:-280].any()


def test_windows_are_never_written_again() -> None:
    _, windows = feed(Chunker(), (0, 1280, 0))
    with pytest.raises(ValueError, match="read-only"):
        windows[0].samples[0] = 0.0


@pytest.mark.parametrize("bad", [{"max_hole": -1}, {"lead": -1}])
def test_lengths_must_not_be_negative(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Chunker(**bad)


def test_a_frame_must_hear_its_own_sound() -> None:
    with pytest.raises(ValueError, match="at least 640, got 639"):
        Chunker(639)


def as_values(windows: list[AudioWindow]) -> list[tuple[int, int, bytes]]:
    return [(window.epoch, window.pts, window.samples.tobytes()) for window in windows]


pieces = st.lists(
    st.tuples(
        st.one_of(st.integers(-700, 700), st.integers(-2000, 20_000)),  # step of pts from the end
        st.integers(0, 1500),  # samples
        st.sampled_from([0, 0, 0, 0, 1, -1]),  # step of the epoch
    ),
    max_size=12,
)


@given(pieces, st.integers(0, 3), st.sampled_from([640, 1280, 777]), st.data())
def test_any_split_gives_the_same_windows(
    script: list[tuple[int, int, int]], lead: int, lookahead: int, data: st.DataObject
) -> None:
    whole: list[AudioChunk] = []
    split: list[AudioChunk] = []
    pts = epoch = 0
    for step, count, turn in script:
        pts, epoch = max(0, pts + step), max(0, epoch + turn)
        samples = ramp(pts, count)
        whole.append(AudioChunk(pts, epoch, samples))
        cut = data.draw(st.integers(0, count))
        split.append(AudioChunk(pts, epoch, samples[:cut]))
        split.append(AudioChunk(pts + cut, epoch, samples[cut:]))
        pts += count
    chunker = Chunker(lookahead, lead=lead)
    one, two = chunker.new_state(), chunker.new_state()
    from_whole = [window for chunk in whole for window in chunker.step(one, chunk)]
    from_split = [window for chunk in split for window in chunker.step(two, chunk)]
    assert as_values(from_whole) == as_values(from_split)
    assert (one.late, one.stale, one.filled, one.jumps) == (
        two.late,
        two.stale,
        two.filled,
        two.jumps,
    )
    assert len(one.pending) < 2 * FRAME_SAMPLES

    order = [(window.epoch, window.pts) for window in from_whole]
    assert order == sorted(set(order)), "time ran back"
    for window in from_whole:
        assert window.pts % FRAME_SAMPLES == 0
        assert window.samples.shape == (FRAME_SAMPLES,)
        # Every sample that is not silence stands at its own media time.
        begin = window.pts + lookahead - FRAME_SAMPLES
        place = ramp(begin, FRAME_SAMPLES)
        heard = window.samples != 0
        np.testing.assert_array_equal(window.samples[heard], place[heard])


def test_a_seamless_epoch_goes_on_where_its_sound_begins() -> None:
    chunker = Chunker(lead=2)
    state = chunker.new_state()
    chunker.step(state, AudioChunk(0, 0, np.zeros(6400, np.float32)))
    sound = np.linspace(0.1, 0.9, 1600).astype(np.float32)
    windows = chunker.step(state, AudioChunk(4160, 1, sound, seamless=True))
    assert [(each.pts, each.epoch, each.seamless) for each in windows] == [
        (pts, 1, True) for pts in (3200, 3840, 4480)
    ]
    heard = np.concatenate([each.samples for each in windows])
    # Half a window of the silence before it, then every sample.
    np.testing.assert_array_equal(heard, np.append(np.zeros(320, np.float32), sound))
