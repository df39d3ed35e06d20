"""Trained face nets become the shipped folder: ONNX files, manifest, model card.

Offline; one process.
Never writes into the folder before all parts are ready.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from engines.face import detector
from engines.face.parts import PARTS
from engines.face.weights import SCHEMA
from export.nets.face import PointNet, TwoAnswers, export_onnx

THRESHOLD = 0.2
MAX_SPREAD = 0.032
"""Held apart: faces of composed scenes spread 0.01-0.029, things taken for faces 0.035-0.09."""
CARD = """# Face nets

Find a face, its 478 points (468 mesh, 10 iris; x, y, z) and the person's mask. Used at
onboarding of an avatar, on CPU. `manifest.json` has hashes, settings and the figures measured.

- `scene.onnx`: 256x256 picture -> face map (1/8) and person mask. Anchor-free, small U-shaped net.
- `mesh.onnx` (96x96), `lips.onnx`, `eye.onnx` (64x64): points of an upright crop. "points" from a
  rough crop, "fine" from a good one. The eye net serves both eyes by mirroring.

Trained with this repository: `python -m export train face --data DIR`.
Data: AI-generated portraits of people who do not exist (faker-js person portraits, CC0-1.0), their
puppet-driven variants (expressions from ICT-FaceKit, MIT), single frames of GRID (CC BY 4.0),
generated textures, landscapes and drawn faces. Teacher: MediaPipe Face Mesh and Selfie
Segmentation (Apache-2.0). {held_out} portraits, listed in the manifest, were never shown.

Limits: trained on frontal portraits of adults; heads turned over 30 degrees are refused, children,
hands over the face, veils and masks were not looked at. The mesh follows its teacher, faults
included. Not for recognising who somebody is: no identity features are computed.
"""


def pack(
    nets: dict[str, nn.Module], mirror: Sequence[int], notes: dict[str, Any], folder: Path
) -> None:
    """Write the weights folder; `notes` go into the manifest (held_out, training, figures)."""
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {}
    for name, net in nets.items():
        aside = folder / f"{name}.part.onnx"
        if isinstance(net, PointNet):
            export_onnx(TwoAnswers(net), PARTS[name].side_px, ["points", "fine"], aside)
        else:
            export_onnx(net, detector.SIDE_PX, ["faces", "person"], aside)
        hashes[name] = hashlib.sha256(aside.read_bytes()).hexdigest()
    for name in nets:
        os.replace(folder / f"{name}.part.onnx", folder / f"{name}.onnx")
    manifest = {
        "schema": SCHEMA,
        "sha256": hashes,
        "threshold": THRESHOLD,
        "max_spread": MAX_SPREAD,
        "mirror": [int(i) for i in mirror],
        **notes,
    }
    write_json(folder / "manifest.json", manifest)
    (folder / "README.md").write_text(CARD.format(held_out=len(notes.get("held_out", []))))


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write aside, then rename."""
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(value) + "\n")
    os.replace(aside, path)
