"""A training run's checkpoint behind the functions that serving calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engines.render.boxes import EYE
from engines.render.conditions import CONDITION_SIZE
from engines.render.nets import as_input
from engines.values import F32
from export.evaluate.renderer_checkpoint import CheckpointNets, sizes
from export.nets.renderer import BoxNet, BoxNetConfig, ReferenceNet

CONFIG = BoxNetConfig((8, 12, 16), (2, 1, 3), 10)


def test_it_reads_sizes_and_the_running_mean(tmp_path: Path) -> None:
    torch.manual_seed(1)
    box, reference = BoxNet(CONFIG), ReferenceNet(20)
    torch.nn.init.normal_(box.last.weight, 0, 0.1)
    tensors = {f"net.mean.box.{n}": v for n, v in box.state_dict().items()}
    tensors |= {f"net.mean.reference.{n}": v for n, v in reference.state_dict().items()}
    tensors |= {f"net.now.box.{n}": torch.zeros_like(v) for n, v in box.state_dict().items()}
    save_file(tensors, str(tmp_path / "checkpoint.safetensors"))
    kept = {n.removeprefix("net.mean."): v for n, v in tensors.items()}
    assert sizes(kept) == CONFIG

    nets = CheckpointNets(tmp_path)
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


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="checkpoint"):
        CheckpointNets(tmp_path)
