"""The renderer's nets out of the folder of a training run, ready to be exported.

Offline, torch.
Never trains, never guesses: what the folder lacks is named.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from engines.render.boxes import KINDS, Kind
from export.nets.renderer import BoxNet, BoxNetConfig, ReferenceNet

CHECKPOINT = "checkpoint.safetensors"
_MEAN = "net.mean."
"""The running mean of the weights is what ships."""


class BadRun(Exception):
    """The folder is no run of `train renderer` or `distill`; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class RunNets:
    """Both nets of one kind of box, in evaluation mode."""

    kind: Kind
    box: BoxNet
    reference: ReferenceNet
    step: int
    """Of the training when it was saved."""
    regression: bool
    """Whether it was trained without noise: the baseline."""


def load_run(folder: Path) -> RunNets:
    """Raises BadRun."""
    config = _config(folder)
    kind = KINDS.get(str(config.get("box")))
    if kind is None:
        raise BadRun(f"{folder}/config.json: box {config.get('box')!r}, wanted {', '.join(KINDS)}")
    try:
        tensors = load_file(str(folder / CHECKPOINT))
        net = config["net"]
        shape = BoxNetConfig(tuple(net["widths"]), tuple(net["blocks"]), int(net["hidden"]))
        box, reference = BoxNet(shape), ReferenceNet()
        _fill(box, tensors, f"{_MEAN}box.")
        _fill(reference, tensors, f"{_MEAN}reference.")
    except (OSError, KeyError, TypeError, RuntimeError) as error:
        raise BadRun(f"{folder}/{CHECKPOINT}: {error}; train again or name another run") from error
    return RunNets(
        kind, box.eval(), reference.eval(), _step(folder), bool(config.get("regression"))
    )


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadRun(f"{path}: {error}; name the folder of a run") from error
    return config


def _fill(net: nn.Module, tensors: dict[str, torch.Tensor], prefix: str) -> None:
    part = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    net.load_state_dict(part)


def _step(folder: Path) -> int:
    from safetensors import safe_open

    with safe_open(str(folder / CHECKPOINT), framework="pt") as file:
        return int((file.metadata() or {}).get("epoch", 0))
