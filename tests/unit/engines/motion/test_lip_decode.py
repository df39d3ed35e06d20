"""Tests of engines.motion.lip_decode."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines.motion.lip_decode import LipDecoder, LipShape
from engines.motion.lips import LipModel
from engines.values import F32, MOTION_INDEX

VISEMES = ("other", "rounded")


def _shape(name: str, effect: list[float], **prior: float) -> LipShape:
    return LipShape((name,), np.array(effect, np.float32), 0.8, 1e-4, prior)


def _decoder() -> LipDecoder:
    shapes = [
        _shape("jawOpen", [0.2, 0.0]),
        _shape("mouthFunnel", [0.07, -0.03], rounded=0.3),
        _shape("mouthPucker", [0.0, -0.1]),
    ]
    return LipDecoder(shapes, np.ones(2, np.float32), VISEMES)


SHIPPED = LipModel.load()._decoder
PLAIN = np.array([1.0, 0.0], np.float32)


def test_the_distances_asked_for_are_the_ones_made() -> None:
    arkit = _decoder()(np.array([0.06, -0.02], np.float32), PLAIN, 0.0)
    jaw, funnel, pucker = (
        float(arkit[MOTION_INDEX[n]]) for n in ("jawOpen", "mouthFunnel", "mouthPucker")
    )
    assert abs(0.2 * jaw + 0.07 * funnel - 0.06) < 0.003
    assert abs(-0.03 * funnel - 0.1 * pucker + 0.02) < 0.003


def test_a_viseme_pulls_its_shape() -> None:
    geometry = np.zeros(2, np.float32)
    plain = _decoder()(geometry, PLAIN, 0.0)
    rounded = _decoder()(geometry, PLAIN[::-1].copy(), 0.0)
    funnel = MOTION_INDEX["mouthFunnel"]
    assert rounded[funnel] > plain[funnel]


def test_the_seal_is_mouth_close() -> None:
    arkit = _decoder()(np.zeros(2, np.float32), PLAIN, 0.7)
    assert arkit[MOTION_INDEX["mouthClose"]] == np.float32(0.7)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="jawDrop"):
        LipDecoder([_shape("jawDrop", [0.0, 0.0])], np.ones(2, np.float32), VISEMES)
    with pytest.raises(ValueError, match="flat"):
        LipDecoder([_shape("jawOpen", [0.0, 0.0], flat=1.0)], np.ones(2, np.float32), VISEMES)


@given(
    arrays(np.float32, 7, elements=st.floats(-0.25, 0.25, width=32)),
    arrays(np.float32, 8, elements=st.floats(0, 1, width=32)),
)
def test_the_shipped_table_never_leaves_its_bounds(geometry: F32, visemes: F32) -> None:
    arkit = SHIPPED(geometry, visemes, 0.5)
    assert np.isfinite(arkit).all() and arkit.min() >= 0.0 and arkit.max() <= 1.0


def test_the_shipped_table_follows_the_aperture() -> None:
    open_by = []
    for gap in (0.0, 0.02, 0.04, 0.06, 0.08):
        share = gap / 0.06
        usual = np.array([1.0, 0.0, 0.5, 0.0, -0.2, -0.08, 0.85], np.float32) * np.float32(gap)
        arkit = SHIPPED(usual, np.full(8, 0.125, np.float32), 0.0)
        open_by.append(float(arkit[MOTION_INDEX["jawOpen"]]))
        assert open_by[-1] < 0.5 * max(1.0, share)
    assert all(b > a for a, b in zip(open_by, open_by[1:], strict=False))
