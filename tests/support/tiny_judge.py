"""The perceptual judge with tiny made-up weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from engines.values import F32
from export.judges.perceptual import Perceptual

WIDTHS = (3, 4, 5, 6, 7, 8)


def tiny_arrays() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    out: dict[str, Any] = {}
    for block in range(1, 6):
        shape = (WIDTHS[block], WIDTHS[block - 1], 3, 3)
        out[f"conv{block}_0_weight"] = rng.normal(0, 0.3, shape).astype(np.float32)
        out[f"conv{block}_0_bias"] = rng.normal(0, 0.1, shape[0]).astype(np.float32)
    return out


def tiny_heads() -> list[F32]:
    return [np.ones(width, np.float32) for width in WIDTHS[1:]]


def tiny_judge() -> Perceptual:
    return Perceptual(tiny_arrays(), tiny_heads())
