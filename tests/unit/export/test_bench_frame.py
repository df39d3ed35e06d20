from pathlib import Path

import numpy as np
import pytest

from export.bench_frame import main, speech_like
from tests.support.tiny_renderer import write_weights


def test_the_motion_is_the_same_each_time_and_in_range() -> None:
    motions = np.stack([speech_like(frame) for frame in range(100)])
    np.testing.assert_array_equal(motions[7], speech_like(7))
    assert motions[:, :52].min() >= 0 and motions[:, :52].max() <= 1
    assert np.ptp(motions[:, 17]) > 0.2


def test_it_prints_each_stage_and_the_frame(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--size", "128", "256", "--frames", "3"]) == 0
    out = capsys.readouterr().out
    for word in (
        "mesh",
        "head",
        "face map",
        "mouth",
        "eyes",
        "median",
        "p95",
        "128 x 128",
        "256 x 256",
    ):
        assert word in out


def test_with_nets_it_prints_every_rung_and_the_boxes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = write_weights(tmp_path / "renderer")
    assert main(["--size", "128", "--frames", "2", "--renderer", str(folder), "--steps", "2"]) == 0
    out = capsys.readouterr().out
    for word in ("2 steps", "1 step", " mouth,", "motion frame", "mouth net", "eye net", "paste"):
        assert word in out
    assert main(["--size", "128", "--frames", "1", "--renderer", str(tmp_path / "none")]) == 0
    out = capsys.readouterr().out
    assert "motion frame alone" in out and "mouth net" not in out
