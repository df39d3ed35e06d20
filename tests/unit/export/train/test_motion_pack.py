"""Packing: blinks are counted where they should be, heads move as fast as measured ones."""

from __future__ import annotations

import numpy as np

from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.motion.head import move_head, new_head
from engines.motion.style import USUAL
from engines.values import F32, FRAME_RATE_HZ
from export.data.motion_examples import MotionExample
from export.train.motion_pack import BLINKS, calibrate_blinks, calibrate_head


class Lids:
    """Blinks of two depths: deep ones at the rate wanted, shallow ones far more often."""

    def new_state(self, seed: int) -> list[int]:
        return [0]

    def nothing(self) -> tuple[F32, F32, F32, F32]:
        none = np.zeros(1, np.float32)
        return none, none, none, none

    def perform(self, state: list[int], *_: object) -> F32:
        state[0] += 1
        out = np.zeros(CHANNEL_COUNT, np.float32)
        every = round(60 * FRAME_RATE_HZ / BLINKS)
        if state[0] % every == 0:
            out[CHANNEL_INDEX["blinkLeft"]] = 0.7
        elif state[0] % 20 == 0:
            out[CHANNEL_INDEX["blinkLeft"]] = 0.2
        return out


def test_deep_blinks_count_and_shallow_ones_do_not() -> None:
    voice = np.zeros((3000, 9), np.float32)
    low, high = calibrate_blinks(Lids(), [voice])  # type: ignore[arg-type]
    middle = (low + high) / 2
    assert 0.2 <= middle < 0.7
    assert low < high <= 0.9


YAW = CHANNEL_INDEX["headYaw"]


class Sway:
    """A head that sways."""

    def new_state(self, seed: int) -> list[int]:
        return [0]

    def perform(self, state: list[int], *_: object) -> F32:
        state[0] += 1
        out = np.zeros(CHANNEL_COUNT, np.float32)
        out[YAW] = 0.02 * np.sin(state[0] / 3)
        return out


def measured(reach: float) -> MotionExample:
    """A clip of speech whose head sways `reach` times as far."""
    length = 400
    voice = np.zeros((length, 9), np.float32)
    voice[:, 0] = 1.0
    emotion = np.zeros((length, 8), np.float32)
    channels = np.zeros((length, CHANNEL_COUNT), np.float32)
    channels[:, YAW] = 0.02 * reach * np.sin(np.arange(length) / 3)
    weight = np.full(CHANNEL_COUNT, 0.3, np.float32)
    other = np.zeros((length, 2), np.float32)
    return MotionExample("clip", voice, other, emotion, USUAL, channels, weight)


def test_heads_are_made_as_fast_as_the_measured_ones() -> None:
    clip = measured(1.4)
    quick = calibrate_head(Sway(), [clip])  # type: ignore[arg-type]
    state, sway, rows = new_head(), Sway(), []
    at = sway.new_state(0)
    for _ in clip.voice:
        row = sway.perform(at)
        move_head(state, row, True, quick)
        rows.append(row[YAW])
    speed, wanted = np.abs(np.diff(rows)).mean(), np.abs(np.diff(clip.channels[:, YAW])).mean()
    assert abs(speed / wanted - 1) < 0.05


def test_heads_fast_enough_are_left_and_so_are_those_without_a_clip() -> None:
    assert calibrate_head(Sway(), [measured(0.8)]) == 0.0  # type: ignore[arg-type]
    assert calibrate_head(Sway(), []) == 0.0  # type: ignore[arg-type]
