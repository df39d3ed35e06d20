"""Sound is read where it was written, and silence elsewhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.values import F32
from server.audio_ring import SIZE, AudioRing


def ramp(pts: int, count: int) -> F32:
    return np.arange(pts, pts + count).astype(np.float32)


def test_a_hole_reads_as_silence() -> None:
    ring = AudioRing()
    ring.write(0, ramp(0, 100) + 1)
    ring.write(200, ramp(200, 100))
    out = ring.read(50, 200)
    np.testing.assert_array_equal(out[:50], ramp(51, 50))
    assert not out[50:150].any()
    np.testing.assert_array_equal(out[150:], ramp(200, 50))


def test_what_was_written_once_is_not_written_over() -> None:
    ring = AudioRing()
    ring.write(0, ramp(0, 100))
    assert ring.write(50, np.zeros(100, np.float32)) == 50
    np.testing.assert_array_equal(ring.read(0, 100), ramp(0, 100))
    assert ring.write(0, np.ones(20, np.float32)) == 20


def test_truncating_forgets_the_future() -> None:
    ring = AudioRing()
    ring.write(0, ramp(0, 1000) + 1)
    ring.truncate(300)
    ring.write(400, np.ones(10, np.float32))
    assert not ring.read(300, 100).any()
    assert ring.read(299, 1)[0] == 300
    ring.truncate(-10 * SIZE)
    assert not ring.read(0, 300).any()


def test_old_sound_is_forgotten() -> None:
    ring = AudioRing()
    ring.write(0, np.ones(100, np.float32))
    ring.write(3 * SIZE, np.ones(10, np.float32))
    assert not ring.read(0, 100).any()
    assert not ring.read(2 * SIZE + 10, SIZE - 10).any()
    assert ring.read(3 * SIZE, 10).all()


def test_more_than_it_holds_leaves_the_newest() -> None:
    ring = AudioRing()
    ring.write(0, ramp(0, 2 * SIZE + 7))
    assert ring.end == 2 * SIZE + 7
    np.testing.assert_array_equal(ring.read(ring.end - SIZE, SIZE), ramp(SIZE + 7, SIZE))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(-500, 3000), st.integers(0, 2000)), max_size=30))
def test_it_holds_what_a_plain_array_would(steps: list[tuple[int, int]]) -> None:
    ring, plain = AudioRing(), np.zeros(200_000, np.float32)
    rng = np.random.default_rng(3)
    for jump, count in steps:
        pts = max(0, ring.end + jump)
        samples = rng.standard_normal(count).astype(np.float32)
        late = min(max(0, ring.end - pts), count)
        plain[pts + late : pts + count] = samples[late:]
        ring.write(pts, samples)
        start = max(0, ring.end - SIZE)
        np.testing.assert_array_equal(ring.read(start, SIZE + 50), plain[start : start + SIZE + 50])
