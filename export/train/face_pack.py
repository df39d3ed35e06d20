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

from engines.face import detector, person
from engines.face.parts import PARTS
from engines.face.weights import SCHEMA
from export.nets.face import OcclusionNet, PointNet, TwoAnswers, export_onnx
from export.nets.person import PersonNet

THRESHOLD = 0.2
MAX_SPREAD = 0.022
"""Faces of scenes of training people spread up to 0.020, things taken for faces from 0.037 on."""
MAX_HIDDEN = 0.6
"""Free training faces reach 0.08; half of all partly covered ones are above 0.9."""
CARD = """# Face nets

Find a face, its 478 points (468 mesh, 10 iris; x, y, z) and the person's mask. Used at
onboarding of an avatar, on CPU. `manifest.json` has hashes, settings and the figures measured.

- `scene.onnx`: 256x256 picture -> face map (1/8) and person mask. Anchor-free, small U-shaped net.
- `mesh.onnx` (96x96), `lips.onnx`, `eye.onnx` (64x64): points of an upright crop. "points" from a
  rough crop, "fine" from a good one. The eye net serves both eyes by mirroring.
- `occlusion.onnx` (96x96): chances that the mouth and each eye are hidden.
- `person.onnx` (160x160): the person in an upright crop of 3.4 face widths about the face; U-Net.

Trained with this repository: `python -m export train face --data DIR`.
Data: AI-generated portraits of people who do not exist (faker-js person portraits, CC0-1.0), their
puppet-driven variants (expressions from ICT-FaceKit, MIT), single frames of GRID (CC BY 4.0),
the same heads turned by their own meshes, drawn hands, masks, scarves, microphones and glasses
before them, people cut out before other walls, generated textures, landscapes and drawn faces.
Teacher: MediaPipe Face Mesh and Selfie Segmentation (Apache-2.0). {held_out} portraits, listed in
the manifest, were never shown.

Limits: trained on portraits of adults; heads turned over 30 degrees are refused; children were not
looked at; things before the face were drawn, not photographed. The mesh follows its teacher, faults
included. Not for recognising who somebody is: no identity features are computed.
"""


def pack(
    nets: dict[str, nn.Module], mirror: Sequence[int], notes: dict[str, Any], folder: Path
) -> None:
    """Write the weights folder; `notes` go into the manifest (held_out, training, figures).

    Nets that are not given stay as they are in the folder, with what its manifest says of them;
    so does a model card: whoever trains anew looks its figures over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = _manifest(folder)
    hashes = dict(before.get("sha256", {}))
    if "training" in notes:
        notes = notes | {"training": before.get("training", {}) | notes["training"]}
    for name, net in nets.items():
        aside = folder / f"{name}.part.onnx"
        if isinstance(net, PointNet):
            export_onnx(TwoAnswers(net), PARTS[name].side_px, ["points", "fine"], aside)
        elif isinstance(net, OcclusionNet):
            export_onnx(net, PARTS["mesh"].side_px, ["hidden"], aside)
        elif isinstance(net, PersonNet):
            export_onnx(net, person.SIDE_PX, ["person"], aside)
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
        "max_hidden": MAX_HIDDEN,
        "mirror": [int(i) for i in mirror],
        **notes,
    }
    write_json(folder / "manifest.json", manifest)
    card = folder / "README.md"
    if not card.exists():
        # One that is there was written by people: figures, split, licence are more than this has.
        card.write_text(CARD.format(held_out=len(notes.get("held_out", []))))


def _manifest(folder: Path) -> dict[str, Any]:
    """What the folder holds already."""
    path = folder / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write aside, then rename."""
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(value) + "\n")
    os.replace(aside, path)
