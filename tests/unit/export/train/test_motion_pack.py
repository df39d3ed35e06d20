"""Packing: blinks are counted where they should be."""

from __future__ import annotations

import numpy as np

from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.values import F32, FRAME_RATE_HZ
from export.train.motion_pack import BLINKS, calibrate_blinks


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
