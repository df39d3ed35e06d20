"""The tests' own ruler: known offsets between a drawn mouth and a sound are found again."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.face_watch import SIDE, lag_ms, read, resting, talking
from tests.support.speech import RATE_HZ, vowels


def loudness(t_ms: float) -> float:
    """Four seconds of syllables, two of silence."""
    phase_s = (t_ms / 1000) % 6
    return 0.3 * abs(np.sin(2.3 * phase_s) * np.sin(7.1 * phase_s)) if phase_s < 4 else 0.0


def face(opening: float, sway_px: float) -> str:
    """Two eyes, a nose and a mouth open by `opening`, moved sideways, as the page sends it."""
    # Drawn large: ellipses have whole-pixel edges.
    big = np.full((4 * SIDE, 4 * SIDE), 150, np.uint8)
    x = 36 + sway_px
    for centre, axes in (
        ((x - 14, 16), (7, 4)),
        ((x + 14, 16), (7, 4)),
        ((x, 32), (3, 6)),
        ((x, 53), (12, 2 + 20 * opening)),
    ):
        middle = (round(4 * centre[0]), round(4 * centre[1]))
        cv2.ellipse(big, middle, (round(4 * axes[0]), round(4 * axes[1])), 0, 0, 360, 60, -1)
    picture = cv2.resize(cv2.GaussianBlur(big, (0, 0), 4.5), (SIDE, SIDE), interpolation=3)
    return base64.b64encode(picture.tobytes()).decode()


def recording(late_ms: float, seconds: float = 11.0) -> dict[str, Any]:
    """A mouth that opens with a sound's loudness, drawn `late_ms` after it is heard."""
    sounds = [[t, loudness(t)] for t in np.arange(0, 1000 * seconds, 10.0)]
    frames = [
        [t, face(loudness(t - late_ms), 3 * np.sin(t / 900))]
        for t in np.arange(0, 1000 * seconds, 40.0)
    ]
    return {"frames": frames, "sounds": sounds}


@pytest.mark.parametrize("late_ms", [-120, 0, 80, 200])
def test_the_offset_is_found_though_the_head_sways(late_ms: float) -> None:
    offset_ms, r = lag_ms(read(recording(late_ms)))
    assert abs(offset_ms - late_ms) <= 30
    assert r > 0.7


def test_speech_moves_the_mouth_and_not_the_nose() -> None:
    watched = read(recording(0))
    speech, silence = talking(watched), resting(watched)
    assert not (speech & silence).any()
    assert watched.mouth[speech].mean() > 3 * watched.mouth[silence].mean()
    assert watched.nose[speech].mean() < 1.5 * watched.nose[silence].mean() + 1


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="only"):
        read({"frames": [], "sounds": []})


def test_a_recording_without_silence_is_refused() -> None:
    loud = {"frames": [[40.0 * k, ""] for k in range(60)]}
    loud["sounds"] = [[10.0 * k, 0.3] for k in range(240)]
    with pytest.raises(ValueError, match="no silence"):
        read(loud)


def test_the_vowels_are_always_the_same_and_bounded() -> None:
    first = vowels(0.5)
    assert first.shape == (RATE_HZ // 2,)
    assert np.array_equal(first, vowels(0.5))
    assert 0.5 < np.abs(first).max() <= 0.61
