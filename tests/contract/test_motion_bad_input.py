"""Sound that nobody should send: the face stays human, never freezes, and recovers in a second."""

from __future__ import annotations

import numpy as np
import pytest

from engines.motion.model import MotionModel
from engines.values import ARKIT_NAMES, F32, FRAME_RATE_HZ, MOTION_INDEX, SAMPLE_RATE_HZ
from export.evaluate.motion_run import move
from tests.support.voices import noise, silence, voice

MODEL = MotionModel.load()
BAD_S = 4
TALK = voice(float(BAD_S), seed=3)
SPEECH = voice(2.0, seed=8)
SHAPES = slice(0, len(ARKIT_NAMES))
ANGLES = slice(MOTION_INDEX["headPitch"], MOTION_INDEX["headRoll"] + 1)
PLACE = slice(MOTION_INDEX["headX"], MOTION_INDEX["headZ"] + 1)
JAW = MOTION_INDEX["jawOpen"]
MOUTH = [MOTION_INDEX[name] for name in ARKIT_NAMES if name.startswith(("mouth", "jaw"))]

MAX_ANGLE = 0.35
"""Radians, 20 degrees: further nobody turns who looks at the one they talk to."""
MAX_TURN = 2.0
"""Radians a second: a quick shake of the head."""
MAX_AWAY = 0.08
"""Face widths."""
MAX_JAW_STEP = 0.3
"""A frame: a jaw opens in 120 ms at the fastest."""
MAX_STILL = 5
"""Frames: 200 ms without the least change is a picture that hangs."""


def music() -> F32:
    """Chords of four notes, four a second."""
    time_s = np.arange(BAD_S * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    root = 220.0 * 2.0 ** (np.array([0, 4, 7, 12, 9])[np.floor(time_s * 4).astype(int) % 5] / 12.0)
    chord = sum(np.sin(2 * np.pi * np.cumsum(root * r) / SAMPLE_RATE_HZ) for r in (1, 1.26, 1.5, 2))
    return (0.15 * np.asarray(chord)).astype(np.float32)


def holes(value: float) -> F32:
    """Speech with every seventh sample broken."""
    out = TALK.copy()
    out[::7] = value
    return out


def gated(on_s: float, every: int) -> F32:
    """Speech in bursts of `on_s`, one in `every`."""
    on = np.arange(len(TALK)) // int(on_s * SAMPLE_RATE_HZ) % every == 0
    out: F32 = (TALK * on).astype(np.float32)
    return out


LEVEL = float(TALK.std())
BAD: dict[str, F32] = {
    "not a number": np.full_like(TALK, np.nan),
    "holes that are not a number": holes(np.nan),
    "holes that are infinite": holes(-np.inf),
    "clipped": np.clip(60 * TALK, -1, 1),
    "far too loud": 1e6 * TALK,
    "direct current": TALK + 0.5,
    "noise at 30 dB": TALK + noise(BAD_S, level=LEVEL * 10 ** (-30 / 20)),
    "noise 30 dB above the voice": 0.01 * TALK + noise(BAD_S, level=0.01 * LEVEL * 10 ** (30 / 20)),
    "music": music(),
    "two voices": TALK + voice(BAD_S, f0_hz=210.0, seed=5),
    "bursts of 0.1 s": gated(0.1, 3),
    "a burst of 0.1 s": np.concatenate([TALK[: SAMPLE_RATE_HZ // 10], silence(BAD_S - 0.1)]),
    "clicks": (np.arange(len(TALK)) % 4000 == 0).astype(np.float32),
    "a very high voice": voice(BAD_S, f0_hz=400.0, seed=9),
    "silence": silence(BAD_S),
}
BAD_FRAMES = BAD_S * FRAME_RATE_HZ
FRESH = move(MODEL, SPEECH)


def assert_human(motion: F32) -> None:
    assert np.isfinite(motion).all()
    assert motion[:, SHAPES].min() >= 0 and motion[:, SHAPES].max() <= 1
    assert np.abs(motion[:, ANGLES]).max() < MAX_ANGLE
    turned = np.linalg.norm(np.diff(motion[:, ANGLES], axis=0), axis=1)
    assert turned.max() * FRAME_RATE_HZ < MAX_TURN
    assert np.abs(motion[:, PLACE]).max() < MAX_AWAY
    assert np.abs(np.diff(motion[:, JAW])).max() < MAX_JAW_STEP


def longest_still(motion: F32) -> int:
    """Frames in a row in which nothing moves."""
    longest = run = 0
    for change in np.abs(np.diff(motion, axis=0)).max(1):
        run = run + 1 if change < 1e-4 else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("name", BAD)
def test_the_face_stays_human_alive_and_recovers_within_a_second(name: str) -> None:
    motion = move(MODEL, np.concatenate([BAD[name].astype(np.float32), SPEECH]))
    assert_human(motion)
    assert longest_still(motion) < MAX_STILL
    # From one second of clean speech on, the mouth is that of a session that heard nothing else.
    after, fresh = motion[BAD_FRAMES + FRAME_RATE_HZ :], FRESH[FRAME_RATE_HZ:]
    assert len(after) == len(fresh) == FRAME_RATE_HZ
    assert np.corrcoef(after[:, JAW], fresh[:, JAW])[0, 1] > 0.85
    assert np.abs(after[:, MOUTH] - fresh[:, MOUTH]).mean() < 0.03


def test_the_measures_of_this_file_can_fail() -> None:
    assert longest_still(np.zeros((40, 58), np.float32)) == 39
    for broken in (np.nan, 1.5, -0.1):
        wrong = FRESH.copy()
        wrong[7, JAW] = broken
        with pytest.raises(AssertionError):
            assert_human(wrong)
    thrown = FRESH.copy()
    thrown[9:, ANGLES] += 0.2
    with pytest.raises(AssertionError):
        assert_human(thrown)
