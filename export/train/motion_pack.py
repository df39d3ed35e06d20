"""Packs a trained motion net for serving: ONNX of one frame, and a manifest.

Offline; runs once after training.
Never writes anything but its folder; the files are written aside and renamed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engines.motion.a2m import SCHEMA
from engines.motion.face import CHANNEL_NAMES
from engines.motion.feeling import FEELING_NAMES
from engines.motion.style import STYLE_NAMES
from engines.motion.voice import VOICE_NAMES
from engines.values import F32
from export.nets.motion import BLOCK, MotionNet, StepNet
from export.train.lip_pack import write_manifest

OPSET = 17


def export_onnx(net: MotionNet, scale: dict[str, F32], path: Path) -> int:
    """Write the ONNX of one frame; returns the size of its state."""
    step = StepNet(net, torch.as_tensor(scale["mean"]), torch.as_tensor(scale["sd"])).eval()
    config = net.config
    example = (
        torch.zeros(1, config.conditions),
        torch.zeros(1, config.latent),
        torch.eye(BLOCK)[:1],
        torch.zeros(1, step.state_size),
    )
    torch.onnx.export(
        step,
        example,
        str(path),
        input_names=["conditions", "noise", "phase", "state"],
        output_names=["motion", "next_state"],
        opset_version=OPSET,
        dynamo=False,
    )
    return step.state_size


def pack(net: MotionNet, scale: dict[str, F32], training: dict[str, Any], folder: Path) -> None:
    """Write `motion.onnx` and `manifest.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / "motion.part.onnx"
    size = export_onnx(net.cpu(), scale, aside)
    os.replace(aside, folder / "motion.onnx")
    rest = (np.zeros_like(scale["mean"]) - scale["mean"]) / scale["sd"]
    manifest = {
        "schema": SCHEMA,
        "sha256": hashlib.sha256((folder / "motion.onnx").read_bytes()).hexdigest(),
        "state_size": size,
        "feeling": list(FEELING_NAMES),
        "channels": list(CHANNEL_NAMES),
        "voice": list(VOICE_NAMES),
        "style": list(STYLE_NAMES),
        "rest": [round(float(v), 6) for v in rest],
        "net": net.config.as_dict(),
        "training": training,
    }
    write_manifest(folder, manifest)
