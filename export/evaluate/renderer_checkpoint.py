"""The nets that training of one box left in a folder, behind the functions that serving calls.

Offline, torch on the CPU.
Never trains; what it reads is the running mean of the weights, which ships.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from engines.render.boxes import Kind
from engines.render.nets import as_input
from engines.values import F32, U8
from export.nets.renderer import BoxNet, BoxNetConfig, ReferenceNet

_MEAN = "net.mean."


class CheckpointNets:
    """Answers as `engines.render.nets.RendererNets`, for the box it was trained on."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError, and KeyError for another kind of checkpoint."""
        path = folder / "checkpoint.safetensors"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no checkpoint of the renderer here")
        tensors = {
            name.removeprefix(_MEAN): value
            for name, value in load_file(str(path)).items()
            if name.startswith(_MEAN)
        }
        self._box = BoxNet(sizes(tensors))
        self._box.load_state_dict(_part(tensors, "box."))
        self._reference = ReferenceNet(tensors["reference.body.0.weight"].shape[0])
        self._reference.load_state_dict(_part(tensors, "reference."))
        self._box.eval()
        self._reference.eval()

    def reference(self, kind: Kind, rest: U8, masks: U8) -> F32:
        """f32[N,24,h/4,w/4] of boxes at rest u8[N,h,w,3], u8[N,2,h,w]."""
        shown = torch.from_numpy(masks.astype(np.float32) / 255)
        with torch.inference_mode():
            out: F32 = self._reference(torch.from_numpy(as_input(rest)), shown).numpy()
        return out

    def residual(self, kind: Kind, feeds: dict[str, F32]) -> F32:
        """The clean residual f32[N,3,h,w] seen in `noised`; inputs by name."""
        given = {name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in feeds.items()}
        with torch.inference_mode():
            out: F32 = self._box(**given).numpy()
        return out


def sizes(tensors: dict[str, Tensor]) -> BoxNetConfig:
    """The sizes of a net, read off its weights."""

    def count(stage: str) -> int:
        return len({n.split(".")[2] for n in tensors if n.startswith(f"box.{stage}.")})

    def width(name: str) -> int:
        return int(tensors[f"box.{name}.weight"].shape[0])

    return BoxNetConfig(
        (width("stem"), width("shrink1"), width("shrink2")),
        (count("down0"), count("down1"), count("middle")),
        width("code.0"),
    )


def _part(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {n.removeprefix(name): value for n, value in tensors.items() if n.startswith(name)}
