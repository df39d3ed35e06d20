"""The face nets on disk: manifest, hashes, sessions.

Any thread; read once.
Never downloads, never repairs: a damaged folder is named with its remedy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engines.backends.ort import open_session
from engines.values import F32, U8

SCHEMA = 3
NETS = ("scene", "mesh", "lips", "eye", "occlusion", "person")
"""scene: faces and person in a whole picture; person: the person about a face; occlusion: what of
a crop is hidden; the others: points of a crop."""
DEFAULT_FOLDER = Path(__file__).parents[1] / "weights" / "face"


class BadFaceWeights(Exception):
    """The weights folder is incomplete or damaged; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class FaceNets:
    """Shared, read-only sessions."""

    sessions: dict[str, onnxruntime.InferenceSession]
    mirror: NDArray[np.int64]
    """i64[478]: the point on the other half of the face."""
    threshold: float
    """Detector score from which a face counts."""
    max_spread: float
    """Disagreement of the mesh net's views, in frame units, up to which it saw a face."""
    max_hidden: float
    """Chance up to which mouth and eyes count as free."""

    def run(self, name: str, crops: U8, output: str) -> F32:
        """One output of a net for u8[N,S,S,3] BGR: "faces" or "person" of scene, "person" of
        person, "hidden" of occlusion, "points" (any crop) or "fine" (a crop nearly right) of the
        others.
        """
        pictures = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
        out: F32 = self.sessions[name].run([output], {"pictures": pictures})[0]
        return out


def load(folder: Path = DEFAULT_FOLDER, threads: int = 1) -> FaceNets:
    """Read and check a weights folder. Raises BadFaceWeights."""
    remedy = "install the package again, or run: python -m export train face"
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise BadFaceWeights(f"{folder}/manifest.json: {error}; {remedy}") from error
    if manifest.get("schema") != SCHEMA:
        raise BadFaceWeights(
            f"{folder}: schema {manifest.get('schema')}, wanted {SCHEMA}; {remedy}"
        )
    sessions = {}
    for name in NETS:
        path = folder / f"{name}.onnx"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadFaceWeights(f"{path}: {error}; {remedy}") from error
        if hashlib.sha256(data).hexdigest() != manifest.get("sha256", {}).get(name):
            raise BadFaceWeights(f"{path} is not the file the manifest names; {remedy}")
        sessions[name] = open_session(data, threads)
    return FaceNets(
        sessions,
        np.array(manifest["mirror"], np.int64),
        float(manifest["threshold"]),
        float(manifest["max_spread"]),
        float(manifest["max_hidden"]),
    )
