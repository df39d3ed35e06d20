"""The tests' own ruler: known offsets between a drawn mouth and a sound are found again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.face_watch import lag_ms, read, resting, talking
from tests.support.speech import RATE_HZ, vowels


def recording(late_ms: float, seconds: float = 16.0) -> dict[str, Any]:
    """A mouth that opens with a sound's loudness, drawn `late_ms` after it is heard."""

    def loudness(t_ms: float) -> float:
        phase_s = (t_ms / 1000) % 8
        return 0.3 * abs(np.sin(2.3 * phase_s) * np.sin(7.1 * phase_s)) if phase_s < 4 else 0.0

    generator = np.random.default_rng(1)
    sounds = [[t, loudness(t)] for t in np.arange(0, 1000 * seconds, 10.0)]
    frames = []
    for t in np.arange(0, 1000 * seconds, 40.0):
        noise = generator.normal(0, 1, (2, 192))
        mouth = 100 + 100 * loudness(t - late_ms) + noise[0]
        frames.append([t, mouth.tolist(), (100 + noise[1]).tolist()])
    return {"frames": frames, "sounds": sounds}


@pytest.mark.parametrize("late_ms", [-120, 0, 80, 200])
def test_the_offset_is_found(late_ms: float) -> None:
    offset_ms, r = lag_ms(read(recording(late_ms)))
    assert abs(offset_ms - late_ms) <= 30
    assert r > 0.7


def test_the_mouth_is_told_from_the_forehead() -> None:
    watched = read(recording(0))
    speech, silence = talking(watched), resting(watched)
    assert not (speech & silence).any()
    assert watched.open_px[speech].mean() > 3 * watched.open_px[silence].mean()
    assert watched.brow_px[speech].mean() < 1.2 * watched.brow_px[silence].mean()


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="only"):
        read({"frames": [], "sounds": []})


def test_a_recording_without_silence_is_refused() -> None:
    loud = recording(0)
    loud["sounds"] = [[t, 0.3] for t, _ in loud["sounds"]]
    with pytest.raises(ValueError, match="no silence"):
        read(loud)


def test_the_vowels_are_always_the_same_and_bounded() -> None:
    first = vowels(0.5)
    assert first.shape == (RATE_HZ // 2,)
    assert np.array_equal(first, vowels(0.5))
    assert 0.5 < np.abs(first).max() <= 0.61
