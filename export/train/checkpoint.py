"""Checkpoints to continue training from: safetensors and JSON, never pickle.

Offline; any torch module with an Adam-like optimizer.
Never keeps more than the newest checkpoint of a run.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def save_checkpoint(
    folder: Path,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    history: list[dict[str, float]],
) -> None:
    """Write net, optimizer and history, aside and renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"opt.{index}.{slot}": torch.as_tensor(v) for slot, v in slots.items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    aside = folder / "checkpoint.part"
    # The history travels in the same file: a crash cannot part it from the weights.
    note = {"epoch": str(epoch), "history": json.dumps(history)}
    save_file(tensors, str(aside), metadata=note)
    os.replace(aside, folder / "checkpoint.safetensors")


def load_checkpoint(
    folder: Path, net: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, list[dict[str, float]]] | None:
    """Restore in place and return (epoch, history), or None when there is no checkpoint."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return None
    from safetensors import safe_open

    tensors = load_file(str(path))
    with safe_open(str(path), framework="pt") as file:
        note = file.metadata()
    net.load_state_dict({n[4:]: v for n, v in tensors.items() if n.startswith("net.")})
    saved = optimizer.state_dict()
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("opt."):
            _, index, slot = name.split(".", 2)
            state.setdefault(int(index), {})[slot] = value
    optimizer.load_state_dict({"state": state, "param_groups": saved["param_groups"]})
    return int(note["epoch"]), json.loads(note["history"])


def load_net(folder: Path, net: nn.Module) -> None:
    """The net alone of another run, to start from. Raises FileNotFoundError."""
    tensors = load_file(str(folder / "checkpoint.safetensors"))
    net.load_state_dict({n[4:]: v for n, v in tensors.items() if n.startswith("net.")})
