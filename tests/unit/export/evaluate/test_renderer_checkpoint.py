"""A training run's nets behind the functions that serving calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.render.boxes import EYE
from engines.render.conditions import CONDITION_SIZE
from engines.render.nets import as_input
from engines.values import F32
from export.deploy.renderer_run import BadRun, RunNets
from export.evaluate import renderer_checkpoint
from export.evaluate.renderer_checkpoint import CheckpointNets
from export.nets.renderer import BoxNet, BoxNetConfig, ReferenceNet


def test_it_draws_what_the_nets_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    box, reference = BoxNet(BoxNetConfig((8, 12, 16), (1, 1, 1), 10)), ReferenceNet(20)
    torch.nn.init.normal_(box.last.weight, 0, 0.1)
    run = RunNets(EYE, box.eval(), reference.eval(), 1, True)
    monkeypatch.setattr(renderer_checkpoint, "load_run", lambda folder: run)
    nets = CheckpointNets(Path("run"))
    assert nets.plain
    rng = np.random.default_rng(2)
    rest = rng.integers(0, 255, (2, *EYE.shape, 3)).astype(np.uint8)
    masks = rng.integers(0, 255, (2, 2, *EYE.shape)).astype(np.uint8)
    seen = nets.reference(EYE, rest, masks)
    assert seen.shape == (2, 24, EYE.height // 4, EYE.width // 4)
    noise = rng.normal(0, 1, (2, 3, *EYE.shape)).astype(np.float32)
    feeds: dict[str, F32] = {
        "picture": as_input(rest),
        "masks": masks.astype(np.float32) / np.float32(255),
        "previous": noise,
        "noised": noise,
        "time": np.ones((2, 1), np.float32),
        "condition": np.zeros((2, CONDITION_SIZE), np.float32),
        "reference": seen,
    }
    drawn = nets.residual(EYE, feeds)
    with torch.inference_mode():
        wanted = box(**{n: torch.from_numpy(v) for n, v in feeds.items()}).numpy()
    np.testing.assert_allclose(drawn, wanted, atol=1e-5)
    assert np.abs(drawn).max() > 0


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="name the folder of a run"):
        CheckpointNets(tmp_path)
