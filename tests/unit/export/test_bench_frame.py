import numpy as np
import pytest

from export.bench_frame import main, speech_like


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
