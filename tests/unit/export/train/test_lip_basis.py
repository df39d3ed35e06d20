"""Tests of export.train.lip_basis."""

from __future__ import annotations

from engines.values import ARKIT_NAMES
from export.data.lip_geometry import GEOMETRY_NAMES
from export.train.lip_basis import measure


def test_shapes_do_what_their_names_say() -> None:
    effects = measure()
    assert set(effects) == set(ARKIT_NAMES)

    def effect(shape: str, distance: str) -> float:
        return effects[shape][GEOMETRY_NAMES.index(distance)]

    assert effect("jawOpen", "aperture") > 0.1
    assert effect("jawOpen", "jaw") > 0.1
    assert effect("mouthPucker", "width") < -0.05
    assert effect("mouthSmileLeft", "width") > 0.02
    assert effect("mouthUpperUpLeft", "upper_inner") < -0.01
    assert effect("mouthLowerDownLeft", "lower_outer") > 0.01
    assert effect("mouthPressLeft", "aperture") == 0.0, "the seal rule of the rig"
    assert all(v == 0.0 for v in effects["eyeBlinkLeft"])
