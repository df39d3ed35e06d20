"""Packs a trained motion net for serving: ONNX of one frame, and a manifest.

Offline; runs once after training.
Never writes anything but its folder; the files are written aside and renamed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engines.motion.a2m import A2M, SCHEMA
from engines.motion.face import CHANNEL_INDEX, CHANNEL_NAMES
from engines.motion.feeling import FEELING_NAMES, felt
from engines.motion.head import move_head, new_head
from engines.motion.style import STYLE_NAMES
from engines.motion.voice import VOICE_NAMES
from engines.values import F32, FRAME_RATE_HZ, POSE_NAMES
from export.data.motion_examples import MotionExample
from export.nets.motion import BLOCK, MotionNet, StepNet
from export.nets.steps import OPSET
from export.train.lip_pack import write_manifest

BLINKS = 17.0
"""A minute, at rest and in conversation together: reported means lie between 8 and 25 (Bentivoglio
et al. 1997)."""
MOST_QUICK = 1.5
_ANGLES = [CHANNEL_INDEX[name] for name in POSE_NAMES[:3]]
_SPEAKING = VOICE_NAMES.index("speaking")
_LEFT, _RIGHT = CHANNEL_INDEX["blinkLeft"], CHANNEL_INDEX["blinkRight"]


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


def calibrate_blinks(model: A2M, voices: Sequence[F32]) -> tuple[float, float]:
    """Where a performed lid begins to count as a blink, and is shut.

    Set so that the shipped net, over voices f32[T,9] it was not trained on and as much silence,
    blinks BLINKS times a minute: squares of errors make a net's blinks shallower than real ones.
    """
    lids = []
    for seed, voice in enumerate(voices):
        state = model.new_state(seed)
        _, other, calm, style = model.nothing()
        rows = [model.perform(state, row, other, calm, style, 1.0) for row in voice]
        silent = np.zeros_like(voice[0])
        rows += [model.perform(state, silent, other, calm, style, 1.0) for _ in voice]
        lids.append(np.stack(rows)[:, [_LEFT, _RIGHT]].max(1))
    minutes = sum(map(len, lids)) / (60 * FRAME_RATE_HZ)
    levels = np.arange(0.06, 0.6, 0.02)
    rates = [sum(_rises(lid, level) for lid in lids) / minutes for level in levels]
    middle = float(levels[int(np.argmin(np.abs(np.array(rates) - BLINKS)))])
    return round(0.5 * middle, 3), round(1.5 * middle, 3)


def calibrate_head(model: A2M, clips: Sequence[MotionExample]) -> float:
    """How much of the quick part of the head's pose is added (`engines.motion.head`).

    Set so that over the measured clips, none trained on, heads move as fast as the video's do. 0
    without clips.
    """
    if not clips:
        return 0.0
    speeds = np.zeros(3)
    for seed, clip in enumerate(clips):
        state = model.new_state(seed)
        parts = zip(clip.voice, clip.other, felt(clip.emotion), strict=True)
        rows = np.stack([model.perform(state, *part, clip.style, 1.0) for part in parts])
        busy = (clip.voice[:, _SPEAKING] > 0.5) | (clip.other[:, 0] > 0.5)
        speeds += [_path(clip.channels), *(_path(_moved(rows, busy, q)) for q in (0.0, 1.0))]
    real, slow, quick = speeds.tolist()
    wanted = (real - slow) / max(quick - slow, 1e-9)
    return round(min(MOST_QUICK, max(0.0, wanted)), 3)


def _moved(rows: F32, busy: NDArray[np.bool_], quick: float) -> F32:
    out, state = rows.copy(), new_head()
    for row, is_busy in zip(out, busy.tolist(), strict=True):
        move_head(state, row, is_busy, quick)
    return out


def _path(channels: F32) -> float:
    """How far the head turns on its way, radians."""
    return float(np.linalg.norm(np.diff(channels[:, _ANGLES], axis=0), axis=1).sum())


def _rises(lid: F32, level: float) -> int:
    above = lid > level
    return int((~above[:-1] & above[1:]).sum())


def pack(
    net: MotionNet,
    scale: dict[str, F32],
    training: dict[str, Any],
    voices: Sequence[F32],
    clips: Sequence[MotionExample],
    folder: Path,
) -> None:
    """Write `motion.onnx` and `manifest.json`.

    voices f32[T,9] as for `calibrate_blinks`, clips as for `calibrate_head`.
    """
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
        "blink": [0.25, 0.75],
        "quick": 0.0,
        "rest": [round(float(v), 6) for v in rest],
        "net": net.config.as_dict(),
        "training": training,
    }
    write_manifest(folder, manifest)
    model = A2M.load(folder)
    manifest["blink"] = list(calibrate_blinks(model, voices))
    manifest["quick"] = calibrate_head(model, clips)
    write_manifest(folder, manifest)
