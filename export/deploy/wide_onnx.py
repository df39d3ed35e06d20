"""The nets of the whole face as ONNX: the codec's halves, what draws between, what reads a face.

Offline, torch; the same bytes for the same weights.
Never without its codec: a run of `train renderer --box face` holds the one it was trained with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engines.render.boxes import MASKS, Kind, face_box
from engines.render.nets import shapes
from export.deploy.renderer_onnx import exported, halved, write_folder
from export.deploy.renderer_run import BadRun
from export.nets.codec import Codec
from export.train.renderer import load_trained
from export.train.wide import WideNets


@dataclass(frozen=True, slots=True)
class WideRun:
    """The nets of a run in evaluation mode, and the box they are for."""

    kind: Kind
    nets: WideNets
    step: int


class Encoder(nn.Module):
    """`Codec.encode`, as a net."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, box: Tensor) -> Tensor:
        """f32[N,3,h,w] in [-1,1] -> f32[N,32,h/8,w/8]"""
        return self.codec.encode(box)


class Decoder(nn.Module):
    """`Codec.difference`, as a net: twice through the decoder, the batch as it is."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, picture: Tensor, residual: Tensor) -> Tensor:
        """Two f32[N,32,h/8,w/8] -> f32[N,3,h,w]"""
        return self.codec.decode(picture + residual) - self.codec.decode(picture)


def is_wide(folder: Path) -> bool:
    """Whether a folder is a run of `train renderer --box face`."""
    try:
        found = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("box") == "face"


def load_wide(folder: Path) -> WideRun:
    """Raises BadRun."""
    try:
        config = json.loads((folder / "config.json").read_text())
        kind = face_box(config["side"])
        nets = load_trained(folder).mean
        with safe_open(str(folder / "checkpoint.safetensors"), framework="pt") as file:
            step = int((file.metadata() or {}).get("epoch", 0))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise BadRun(
            f"{folder}: {type(error).__name__}: {error}; name the folder of a run that is whole"
        ) from error
    if not isinstance(nets, WideNets):
        raise BadRun(f"{folder}: not of a whole face; train with --box face")
    return WideRun(kind, nets, step)


def to_onnx(run: WideRun) -> dict[str, bytes]:
    """The four nets by name, in single precision."""
    kind, nets, (h, w) = run.kind, run.nets, run.kind.shape
    box, latent = (1, 3, h, w), (1, *kind.latent_shape)
    both = {"picture": latent, "residual": latent}
    rest = {"rest": box, "masks": (1, MASKS, h, w)}
    return {
        "face": exported(nets.box, shapes(kind), "residual"),
        "face_reference": exported(nets.reference, rest, "reference"),
        "face_encoder": exported(Encoder(nets.codec), {"box": box}, "latent"),
        "face_decoder": exported(Decoder(nets.codec), both, "change"),
    }


def write_wide(run: WideRun, folder: Path, *, steps: int, cues: Sequence[str],
               figures: Mapping[str, Any]) -> int:  # fmt: skip
    """The folder that `engines.render.nets.load` reads; returns its bytes."""
    models = {name: halved(data) for name, data in to_onnx(run).items()}
    config = run.nets.box.config
    write_folder(
        folder,
        models,
        steps=steps,
        cues=cues,
        precision={"face": "fp32"},
        figures=figures,
        training={"face": {"step": run.step, "net": config.as_dict()}},
        face=run.kind.width,
    )
    return sum(len(data) for data in models.values())
