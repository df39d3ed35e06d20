"""Pairs of the renderer made up for tests: noise for pictures, a known error to the truth."""

from __future__ import annotations

import numpy as np

from engines.render.boxes import MASKS, MOUTH, Kind
from engines.render.conditions import CONDITION_SIZE
from engines.values import F32, U8
from export.data.render_pairs import Pairs

ERROR = 20
"""Grey levels by which the motion frame is too dark in the middle of the box."""


def made_pairs(count: int, box: Kind = MOUTH, kind: str = "restore", seed: int = 1) -> Pairs:
    """People of four pictures each; every other mouth is open, every other lid shut."""
    rng = np.random.default_rng(seed)
    h, w = box.shape
    truth = rng.integers(60, 200, (count, h, w, 3)).astype(np.uint8)
    picture = truth.copy()
    picture[:, h // 4 : -h // 4, w // 4 : -w // 4] -= ERROR
    masks = np.zeros((count, MASKS, h, w), np.uint8)
    masks[:, 0, h // 3 : -h // 3, w // 3 : -w // 3] = 255
    before = np.arange(count) % 4 > 0
    return Pairs(
        picture=picture,
        masks=masks,
        truth=truth,
        rest=np.full_like(truth, 128),
        rest_masks=masks,
        previous_picture=np.roll(picture, 1, 0) * before[:, None, None, None].astype(np.uint8),
        previous_truth=np.roll(truth, 1, 0) * before[:, None, None, None].astype(np.uint8),
        has_previous=before,
        condition=rng.normal(0, 1, (count, CONDITION_SIZE)).astype(np.float32),
        open=np.where(np.arange(count) % 2, 0.3, 0.05).astype(np.float32),
        kind=np.full(count, kind),
        identity=np.array([f"p{i // 4}" for i in range(count)]),
    )


class Mender:
    """Nets that know the error of `made_pairs`, and remember what they were fed."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share
        self.fed: list[dict[str, F32]] = []

    def reference(self, kind: Kind, rest: U8, masks: U8) -> F32:
        return np.ones((len(rest), 24, kind.height // 4, kind.width // 4), np.float32)

    def residual(self, kind: Kind, feeds: dict[str, F32]) -> F32:
        self.fed.append(feeds)
        out = np.zeros_like(feeds["picture"])
        h, w = kind.shape
        out[:, :, h // 4 : -h // 4, w // 4 : -w // 4] = self.share * ERROR / 127.5
        return out
