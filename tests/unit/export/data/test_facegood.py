"""Tests of export.data.facegood."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from export.data import facegood
from export.data.grid import DataMissing


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "facegood"
    folder.mkdir()
    columns = sorted({name for _, members in facegood.CURVES for name in members} | {"extra"})
    (folder / "curve_names.json").write_text(json.dumps(columns))
    raw = np.zeros((301, len(columns)))
    raw[:, columns.index("mouth_stretch_c")] = np.linspace(0, 1, 301)
    raw[:, columns.index("mouth_press_l") if "mouth_press_l" in columns else 0] = 0.0
    np.save(folder / "x.curves.npy", raw)
    return tmp_path


def test_curves_are_resampled_and_put_in_step_with_the_sound(tmp_path: Path) -> None:
    data = _folder(tmp_path)
    assert facegood.clip_names(data) == ["x"]
    curves = facegood.curves(data, "x")
    assert curves.shape == (250, len(facegood.CURVE_NAMES))
    # Ten seconds of a ramp: frame i is at i/25 s, and what is shown then was made 40 ms later.
    np.testing.assert_allclose(curves[100, 0], (4.0 + 0.04) / 10.0, atol=1e-4)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="facegood"):
        facegood.clip_names(tmp_path)
