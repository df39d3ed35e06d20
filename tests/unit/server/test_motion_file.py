"""Motion files: rates, names and units, three formats that read back, nothing left of a failure."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from engines.values import MOTION_NAMES, MOTION_SIZE
from server.motion_file import FORMATS, RATES, UNITS, Curves, curves_at, write_curves


def ramp(frames: int) -> Curves:
    steps = np.arange(frames, dtype=np.float32)[:, None] / np.float32(100)
    return Curves(25, np.broadcast_to(steps, (frames, MOTION_SIZE)).copy())


def test_the_engine_s_own_rate_is_not_touched() -> None:
    motion = ramp(7).values
    curves = curves_at(25, motion)
    np.testing.assert_array_equal(curves.values, motion)
    assert not curves.interpolated


@pytest.mark.parametrize("fps", [30, 60])
@pytest.mark.parametrize("frames", [1, 2, 25, 26])
def test_other_rates_lie_between_the_engine_s_frames(fps: int, frames: int) -> None:
    curves = curves_at(fps, ramp(frames).values)
    assert curves.interpolated
    assert len(curves.values) == int(np.ceil(frames * fps / 25))
    wanted = np.minimum(curves.times * 25, frames - 1) / 100
    np.testing.assert_allclose(curves.values[:, 17], wanted, atol=1e-6)


def test_wrong_rates_and_no_motion_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted one of 25, 30, 60"):
        curves_at(24, ramp(2).values)
    with pytest.raises(ValueError, match="no motion"):
        curves_at(25, np.zeros((0, MOTION_SIZE), np.float32))


def test_each_format_reads_back(tmp_path: Path) -> None:
    curves = curves_at(30, ramp(25).values)
    for ending in FORMATS:
        write_curves(curves, tmp_path / f"a{ending}")
    with (tmp_path / "a.csv").open(newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header[:2] == ["time_s", "eyeBlinkLeft"]
    assert header[53:] == [
        "headPitch_rad",
        "headYaw_rad",
        "headRoll_rad",
        "headX_face_widths",
        "headY_face_widths",
        "headZ_face_widths",
    ]
    np.testing.assert_allclose(np.array(rows, np.float64)[:, 1:], curves.values, atol=1e-5)
    np.testing.assert_allclose(np.array(rows, np.float64)[:, 0], curves.times, atol=1e-6)
    whole = json.loads((tmp_path / "a.json").read_text())
    assert (whole["fps"], whole["engine_fps"], whole["interpolated"]) == (30, 25, True)
    assert whole["names"] == list(MOTION_NAMES) and len(whole["units"]) == MOTION_SIZE
    np.testing.assert_allclose(whole["frames"], curves.values, atol=1e-5)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as data:
        np.testing.assert_array_equal(data["values"], curves.values)
        assert tuple(data["names"]) == MOTION_NAMES and int(data["fps"]) == 30
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.json", "a.npz"]


def test_every_value_has_a_unit() -> None:
    assert tuple(UNITS) == MOTION_NAMES
    assert set(UNITS.values()) == {"weight", "rad", "face_widths"}
    assert RATES[0] == 25


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(OSError):
        write_curves(ramp(2), tmp_path / "taken.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.csv"]
    with pytest.raises(KeyError):
        write_curves(ramp(2), tmp_path / "a.txt")
