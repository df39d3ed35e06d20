"""The head: calm in silence, lively in speech, never held back for good."""

from __future__ import annotations

import numpy as np

from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.motion.head import move_head, new_head
from engines.values import F32

YAW = CHANNEL_INDEX["headYaw"]


def play(yaw: F32, busy: bool, quick: float = 0.0) -> F32:
    state = new_head()
    out = []
    for value in yaw:
        channels = np.zeros(CHANNEL_COUNT, np.float32)
        channels[YAW] = value
        move_head(state, channels, busy, quick)
        out.append(float(channels[YAW]))
    return np.array(out, np.float32)


def test_fidgets_go_in_silence_and_stay_in_speech() -> None:
    rng = np.random.default_rng(1)
    fidget = (0.02 * rng.standard_normal(300)).astype(np.float32)
    calm, lively = play(fidget, busy=False), play(fidget, busy=True)
    assert np.abs(np.diff(calm)).mean() < 0.2 * np.abs(np.diff(fidget)).mean()
    assert np.allclose(lively[60:], fidget[60:], atol=1e-3)


def test_a_turn_that_lasts_is_followed() -> None:
    turn = np.full(80, 0.1, np.float32)
    shown = play(turn, busy=False)
    assert shown[2] < 0.05 and abs(float(shown[-1]) - 0.1) < 1e-3


def test_quickened_heads_move_faster_but_rest_no_further() -> None:
    at = np.arange(400, dtype=np.float32)
    sway = (0.1 * np.minimum(at / 100, 1) + 0.02 * np.sin(at / 2)).astype(np.float32)
    plain, quick = play(sway, busy=True)[200:], play(sway, busy=True, quick=0.8)[200:]
    assert np.abs(np.diff(quick)).mean() > 1.5 * np.abs(np.diff(plain)).mean()
    assert abs(float(quick.mean() - plain.mean())) < 2e-3


def test_in_silence_nothing_is_quickened() -> None:
    sway = (0.02 * np.sin(np.arange(200) / 2)).astype(np.float32)
    assert np.array_equal(play(sway, busy=False, quick=0.8), play(sway, busy=False))
