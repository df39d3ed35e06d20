"""The weights folder of the emotion stage: arrays by name, checked against a manifest.

Read once at start, on any thread; shared and read-only after that.
Never unpickles anything.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engines.values import F32

SCHEMA = 1
DEFAULT_FOLDER = Path(__file__).parents[1] / "weights" / "emotion"
REMEDY = "restore it from the repository or run `python -m export train emotion`"


class BadEmotionWeights(Exception):
    """The weights folder is incomplete or damaged; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class EmotionWeights:
    """Named arrays and what the manifest says of them."""

    arrays: dict[str, F32]
    manifest: dict[str, Any]

    @staticmethod
    def load(path: Path | None = None) -> EmotionWeights:
        """Load and check a folder (default: the one that ships). Raises BadEmotionWeights."""
        folder = path or DEFAULT_FOLDER
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
            raw = (folder / "emotion.npz").read_bytes()
        except (OSError, ValueError) as error:
            raise BadEmotionWeights(f"{folder}: {error}; {REMEDY}") from error
        got = manifest.get("schema") if isinstance(manifest, dict) else None
        if got != SCHEMA:
            raise BadEmotionWeights(f"{folder}: schema {got}, wanted {SCHEMA}; {REMEDY}")
        if hashlib.sha256(raw).hexdigest() != manifest.get("sha256"):
            raise BadEmotionWeights(f"{folder}/emotion.npz does not match its manifest; {REMEDY}")
        try:
            with np.load(io.BytesIO(raw), allow_pickle=False) as file:
                arrays = {name: file[name].astype(np.float32, copy=False) for name in file.files}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise BadEmotionWeights(f"{folder}/emotion.npz: {error}; {REMEDY}") from error
        broken = [name for name, values in arrays.items() if not np.isfinite(values).all()]
        if broken:
            raise BadEmotionWeights(f"{folder}/emotion.npz: {broken} not finite; {REMEDY}")
        return EmotionWeights(arrays, manifest)

    def get(self, name: str, *shape: int) -> F32:
        """One array of the shape wanted. Raises BadEmotionWeights."""
        values = self.arrays.get(name)
        if values is None or values.shape != shape:
            got = "missing" if values is None else str(values.shape)
            raise BadEmotionWeights(f"emotion.npz: {name} is {got}, wanted {shape}; {REMEDY}")
        return values


def save(folder: Path, arrays: dict[str, F32], notes: dict[str, Any]) -> None:
    """Write a weights folder: `emotion.npz` and its manifest (schema, hash, `notes`)."""
    folder.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    raw = out.getvalue()
    (folder / "emotion.npz").write_bytes(raw)
    shapes = {name: list(values.shape) for name, values in arrays.items()}
    manifest = {"schema": SCHEMA, "sha256": hashlib.sha256(raw).hexdigest(), "arrays": shapes}
    (folder / "manifest.json").write_text(json.dumps(manifest | notes, indent=1) + "\n")
