"""Action units are means of the shapes that stand for them; the eye's are of its own side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.values import MOTION_INDEX
from export.data.action_units import OPEN, names, units
from export.train.renderer_cli import made_up


def test_units_are_means_of_their_shapes() -> None:
    pairs = made_up("mouth", 4)
    condition = np.zeros_like(pairs.condition)
    condition[0, MOTION_INDEX["mouthSmileLeft"]] = 0.8
    condition[1, MOTION_INDEX["jawOpen"]] = 0.5
    found = units(replace(pairs, condition=condition), "mouth")
    at = {name: i for i, name in enumerate(names("mouth"))}
    assert found.shape == (4, len(at)) and found.dtype == np.float32
    assert np.isclose(found[0, at["AU12 smile"]], 0.4) and found[0, at["AU26 jaw"]] == 0
    assert found[1, at["AU26 jaw"]] == 0.5
    np.testing.assert_allclose(found[:, at[OPEN]], pairs.open)


def test_an_eye_looks_up_or_down_and_shuts_on_its_own_side() -> None:
    pairs = made_up("eye", 3)
    condition = np.zeros_like(pairs.condition)
    condition[0, MOTION_INDEX["eyeLookDownRight"]] = 1
    condition[1, MOTION_INDEX["eyeBlinkLeft"]] = 1
    condition[2, MOTION_INDEX["eyeBlinkRight"]] = 1
    found = units(replace(pairs, condition=condition), "eye")
    at = {name: i for i, name in enumerate(names("eye"))}
    assert found[0, at["AU63 gaze up"]] == -0.5 and OPEN not in at
    assert found[:, at["AU43 lid shut"]].tolist() == [0, 0, 1]
