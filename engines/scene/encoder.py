"""The sentence encoder: text to a vector and to style dials, by ONNX Runtime, tokenizer included.

Any thread; loaded once, then only read.
Never downloads, never repairs: a damaged folder is named with its remedy.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from engines.backends.ort import open_session
from engines.emotion.values import EMOTIONS
from engines.motion.style import STYLE_NAMES
from engines.scene.reading import Reading
from engines.scene.tokens import WordPiece
from engines.scene.values import MAX_SCENE_TEXT, clean_text
from engines.values import F32

SCHEMA = 1
MAX_TOKENS = 256
DEFAULT_FOLDER = Path(__file__).parents[1] / "weights" / "scene"


class BadSceneWeights(Exception):
    """The weights folder is incomplete or damaged; the message names the file and the remedy."""


class SceneEncoder:
    """Static token embeddings, their weighted mean, and a small head. Shared, read-only."""

    def __init__(self, session: onnxruntime.InferenceSession, tokens: WordPiece) -> None:
        self._session = session
        self._tokens = tokens

    @classmethod
    def load(cls, folder: Path = DEFAULT_FOLDER, threads: int = 1) -> SceneEncoder:
        """Read and check a weights folder. Raises BadSceneWeights."""
        remedy = "install the package again, or run: python -m export train scene"
        path = folder / "manifest.json"
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            for name in ("scene.onnx", "vocab.txt"):
                path = folder / name
                if hashlib.sha256(path.read_bytes()).hexdigest() != manifest["sha256"][name]:
                    raise ValueError("not the file the manifest names")
            wanted = {"schema": SCHEMA, "dials": list(STYLE_NAMES), "feelings": list(EMOTIONS)}
            if wrong := [key for key, value in wanted.items() if manifest.get(key) != value]:
                path = folder / "manifest.json"
                raise ValueError(f"{wrong[0]} of another version")
        except (OSError, ValueError, KeyError) as error:
            raise BadSceneWeights(f"{path}: {error}; {remedy}") from error
        session = open_session((folder / "scene.onnx").read_bytes(), threads)
        return cls(session, WordPiece.load(folder / "vocab.txt"))

    def embed(self, text: str) -> F32:
        """Sentence vector f32[D] of length 1; of text without words, zeros."""
        out: F32 = self._run(text, "embedding")[0]
        return out

    def read(self, text: str) -> Reading:
        """Style and feeling; of text without words, the usual."""
        dials, feelings = self._run(text, "dials", "feelings")
        return Reading(
            dict(zip(STYLE_NAMES, map(float, dials), strict=True)),
            dict(zip(EMOTIONS, map(float, feelings), strict=True)),
        )

    def _run(self, text: str, *outputs: str) -> list[F32]:
        ids = self._tokens.encode(clean_text(text, MAX_SCENE_TEXT), MAX_TOKENS)
        if not ids:
            sizes = {"dials": len(STYLE_NAMES), "feelings": len(EMOTIONS)}
            found = {out.name: out.shape[0] for out in self._session.get_outputs()} | sizes
            fill = {"dials": 0.5}
            return [np.full(found[name], fill.get(name, 0.0), np.float32) for name in outputs]
        found_arrays: list[F32] = self._session.run(
            list(outputs), {"tokens": np.array(ids, np.int64)}
        )
        return found_arrays
