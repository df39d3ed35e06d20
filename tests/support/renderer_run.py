"""Runs of small renderer nets as training leaves them, and made-up pairs.

Test support, torch; nothing is trained.
Never anybody's face.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from engines.render.boxes import KINDS, MASKS, Kind
from engines.render.conditions import CONDITION_SIZE
from export.data.render_pairs import Pairs
from export.nets.renderer import BoxNetConfig
from export.train.renderer import Trained

SMALL = BoxNetConfig((8, 12, 16), (1, 1, 1), 16)


def write_run(folder: Path, kind: Kind, *, drawing: bool = True) -> Path:
    """A run's folder; `drawing`: its last layer is not zero."""
    folder.mkdir(parents=True)
    torch.manual_seed(kind.width)
    nets = Trained(SMALL)
    if drawing:
        torch.nn.init.normal_(nets.mean.box.last.weight, 0, 0.02)
    tensors = {f"net.{name}": value for name, value in nets.state_dict().items()}
    save_file(tensors, str(folder / "checkpoint.safetensors"), metadata={"epoch": "7"})
    config = {"box": kind.name, "net": SMALL.as_dict(), "regression": False}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def write_runs(folder: Path) -> Path:
    """Both boxes."""
    for kind in KINDS.values():
        write_run(folder / kind.name, kind)
    return folder


def made_up(kind: Kind, count: int = 6) -> Pairs:
    """Noise that the truth is a little brighter than."""
    rng = np.random.default_rng(kind.width)
    h, w = kind.shape
    picture = rng.integers(40, 200, (count, h, w, 3), np.uint8)
    masks = rng.integers(0, 256, (count, MASKS, h, w), np.uint8)
    names = np.array(["grid", "cycle"])[np.arange(count) % 2]
    return Pairs(
        picture=picture,
        masks=masks,
        truth=picture + np.uint8(10),
        rest=picture,
        rest_masks=masks,
        previous_picture=picture,
        previous_truth=picture + np.uint8(10),
        has_previous=np.arange(count) % 2 == 0,
        condition=rng.random((count, CONDITION_SIZE), np.float32),
        open=np.zeros(count, np.float32),
        kind=names,
        identity=np.array([f"nobody {i}" for i in range(count)]),
    )
