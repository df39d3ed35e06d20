"""Packs a trained lip net for serving: ONNX, manifest, decode basis, familiarity, fallback.

Offline; runs once after training.
Never writes anything but its folder; the two files are written aside and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engines.features import log_scale
from engines.motion.lips import BANDS, COLOUR_DECAY, ENERGY_RANGE_DB, SCHEMA, voice_colour
from engines.values import F32
from export.data.facegood import CURVE_NAMES
from export.data.lip_examples import LOOKAHEAD, LipExample
from export.data.lip_geometry import GEOMETRY_NAMES
from export.data.phones import VISEME_NAMES
from export.nets.lips import LipNet, export_onnx

SHAPES: tuple[tuple[tuple[str, ...], float, float, dict[str, float]], ...] = (
    # names, limit, stiffness, pull of visemes: chosen by eye on rendered speech.
    (("jawOpen",), 1.0, 0.002, {}),
    (("mouthLowerDownLeft", "mouthLowerDownRight"), 0.8, 0.01, {}),
    (("mouthUpperUpLeft", "mouthUpperUpRight"), 0.6, 0.01, {"labiodental": 0.15}),
    (("mouthFunnel",), 0.7, 0.03, {"rounded": 0.15, "postalveolar": 0.3}),
    (("mouthPucker",), 0.9, 0.02, {"rounded": 0.45, "postalveolar": 0.15}),
    (("mouthStretchLeft", "mouthStretchRight"), 0.5, 0.03, {"spread": 0.1}),
    (("mouthSmileLeft", "mouthSmileRight"), 0.3, 0.1, {"spread": 0.08}),
    (("mouthPressLeft", "mouthPressRight"), 0.5, 0.1, {"bilabial": 0.3}),
    (("mouthRollLower",), 0.6, 0.1, {"labiodental": 0.5}),
)
# aperture, width, jaw, protrusion (the tracker's depth is vague), upper_inner, upper_outer,
# lower_outer
GEOMETRY_WEIGHTS = (3.0, 1.5, 1.0, 0.2, 0.7, 0.3, 0.3)
GEOMETRY_GAIN = (1.0, 1.4, 1.0, 1.0, 1.0, 1.0, 1.0)
"""Per distance. The video's speaker rounds little; drawn lips read better with more of it."""
SEAL = (0.2, 0.45)
"""Closure probability at which the lips begin to close, and are shut (validation clips)."""
PRIOR_FRAMES = 12


def decode_table(effects: dict[str, list[float]]) -> dict[str, Any]:
    """The manifest's `decode` part."""
    shapes = []
    for names, limit, stiffness, prior in SHAPES:
        effect = np.sum([effects[name] for name in names], axis=0)
        shapes.append(
            {
                "names": list(names),
                "effect": [round(float(v), 5) for v in effect],
                "limit": limit,
                # Stiffness is stated per tenth: squared effects are about a hundredth.
                "stiffness": stiffness * 0.1,
                "prior": prior,
            }
        )
    return {
        "shapes": shapes,
        "weights": list(GEOMETRY_WEIGHTS),
        "gain": [round(float(g), 4) for g in GEOMETRY_GAIN],
        "seal": list(SEAL),
    }


def _video(examples: Sequence[LipExample]) -> list[LipExample]:
    """The examples whose lips were seen."""
    return [
        e for e in examples if e.geometry_weight.any() and not e.name.startswith(("tts", "voice "))
    ]


def clip_colours(examples: Sequence[LipExample]) -> F32:
    """The voice colour of each example at its end, f32[n,20], as serving would hear it."""
    colours = []
    for example in examples:
        mean = np.zeros(BANDS, np.float32)
        total = 0.0
        for rows in log_scale(example.power):
            colour, weight = voice_colour(rows)
            total = COLOUR_DECAY * total + weight
            mean = mean + (weight / total) * (colour - mean)
        colours.append(mean)
    return np.stack(colours)


def familiarity(train: Sequence[LipExample]) -> dict[str, Any]:
    """Gaussian of the training voices' colour, in equal parts video, readers and synthesis.

    A voice at distance 1 is as far out as a training voice usually is: confidence 0.92.
    """
    video = _video(train)
    kinds = [video, *([e for e in train if e.name.startswith(k)] for k in ("voice ", "tts"))]
    size = min(len(kind) for kind in kinds if kind)
    colours = np.concatenate([clip_colours(k[:: max(1, len(k) // size)]) for k in kinds if k])
    mean = colours.mean(axis=0)
    covariance = np.cov((colours - mean).T) + 1e-3 * np.eye(BANDS)
    precision = np.linalg.inv(covariance)
    weights = [voice_colour(rows)[1] for e in video[:50] for rows in log_scale(e.power)]
    return {
        "mean": [round(float(v), 5) for v in mean],
        "precision": [[round(float(v), 3) for v in row] for row in precision],
        "middle": 1.3,
        "width": 0.12,
        "prior_weight": round(PRIOR_FRAMES * float(np.mean(weights)), 4),
    }


def energy_fallback(train: Sequence[LipExample]) -> dict[str, Any]:
    """Aperture and jaw as a multiple of energy, fitted on the video clips by least squares."""
    video = _video(train)
    top = np.zeros(len(GEOMETRY_NAMES))
    bottom = 0.0
    peaks = []
    for example in video:
        level = 10.0 * np.log10(example.power.mean(axis=(1, 2)) + 1e-10)
        peaks.append(float(level.max()))
        energy = np.clip(1.0 + (level - level.max()) / ENERGY_RANGE_DB, 0.0, 1.0)
        top += (energy * example.geometry_weight) @ example.geometry
        bottom += float((energy**2 * example.geometry_weight).sum())
    return {
        "share": 0.5,
        "at_full_energy": [round(float(v), 5) for v in top / max(bottom, 1e-9)],
        "power": 1.0,
        "uses": [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        "peak_db": round(float(np.median(peaks)), 2),
    }


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write aside, then rename."""
    aside = folder / "manifest.part"
    aside.write_text(json.dumps(manifest, indent=1) + "\n")
    os.replace(aside, folder / "manifest.json")


def pack(
    net: LipNet,
    scale: dict[str, F32],
    parts: dict[str, Any],
    training: dict[str, Any],
    folder: Path,
    lookahead: int = LOOKAHEAD,
) -> None:
    """Write `lips.onnx` and `manifest.json`; `parts` are decode, familiarity and fallback."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / "lips.part.onnx"
    export_onnx(net, scale, aside)
    os.replace(aside, folder / "lips.onnx")
    digest = hashlib.sha256((folder / "lips.onnx").read_bytes()).hexdigest()
    manifest = {
        "schema": SCHEMA,
        "sha256": digest,
        "lookahead": lookahead,
        "geometry": list(GEOMETRY_NAMES),
        "visemes": list(VISEME_NAMES),
        "curves": list(CURVE_NAMES),
        "state_size": sum(c * n for c, n in net.pads()),
        "net": net.config.as_dict(),
        **parts,
        "training": training,
    }
    write_manifest(folder, manifest)
