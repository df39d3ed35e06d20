"""Figures of variety: a still face, the real thing and noise are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.motion.a2m import A2M
from engines.values import F32
from export.evaluate import ablation_motion
from export.evaluate.ablation_motion import GROUPS, seeds_apart, speed_distance, spread
from export.nets.motion import MotionNet, MotionNetConfig
from export.train.checkpoint import save_checkpoint
from export.train.motion import scale_of
from export.train.motion_cli import smoke_data
from export.train.motion_pack import pack

HEAD = GROUPS["head"]


def streams(size: float, seed: int) -> list[F32]:
    rng = np.random.default_rng(seed)
    return [size * rng.standard_normal((50, 28)).astype(np.float32) for _ in range(6)]


def test_a_face_is_as_far_from_itself_as_nothing_and_a_still_one_is_at_one() -> None:
    real, more = streams(0.1, 1), streams(0.1, 2)
    still = [np.zeros_like(row) for row in real]
    assert speed_distance(real, real, HEAD) == 0.0
    assert speed_distance(more, real, HEAD) < 0.1
    assert speed_distance(still, real, HEAD) == pytest.approx(1.0)
    assert speed_distance(streams(0.3, 2), real, HEAD) == pytest.approx(2.0, abs=0.2)


def test_spread_is_in_the_units_of_the_channels() -> None:
    assert spread(streams(0.2, 1), HEAD) == pytest.approx(0.2 * 3**0.5, rel=0.05)
    offset = [row + 5.0 for row in streams(0.2, 1)]
    assert spread(offset, HEAD) == pytest.approx(spread(streams(0.2, 1), HEAD), rel=1e-3)


def test_seeds_are_measured_against_other_clips() -> None:
    real = streams(0.1, 1)
    assert seeds_apart(real, real, real) == 0.0
    assert seeds_apart(streams(0.1, 3), streams(0.1, 4), real) == pytest.approx(1.0, abs=0.1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_regression_says_the_same_for_every_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = smoke_data()
    scale = scale_of(data.train)
    runs = {}
    for name, regression in (("vae", False), ("regression", True)):
        torch.manual_seed(1)
        config = MotionNetConfig(hidden=8, latent=4, couplings=2, regression=regression)
        net = MotionNet(config)
        torch.nn.init.normal_(net.prior_mean.weight, std=0.5)
        save_checkpoint(tmp_path / name, net, torch.optim.AdamW(net.parameters()), 1, [])
        pack(net.eval(), scale, {}, data.test_voices, data.validation, tmp_path / name / "weights")
        runs[name] = tmp_path / name
    figures = ablation_motion.compare("made up", runs, scale, data.train, data.validation)
    assert figures["regression"]["seeds"] == 0.0 < figures["vae"]["seeds"]
    assert figures["the real thing"]["head spread"] == 1.0
    assert figures["floor: a still face"]["head speed"] == pytest.approx(1.0)
    assert all(np.isfinite(list(row.values())).all() for row in figures.values())
    assert "vae" in capsys.readouterr().out
    model = A2M.load(runs["vae"] / "weights")
    example = data.train[0]
    one, other = (ablation_motion.free_run(model, example, 1, finished=f) for f in (False, True))
    assert one.shape == other.shape == example.channels.shape
