"""The weights folder says what is wrong with it; nothing is unpickled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engines.emotion.weights import BadEmotionWeights, EmotionWeights, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path, {"a": np.ones((2, 3), np.float32)}, {"note": "x"})
    return tmp_path


def test_what_is_saved_is_loaded(folder: Path) -> None:
    weights = EmotionWeights.load(folder)
    assert np.array_equal(weights.get("a", 2, 3), np.ones((2, 3)))
    assert weights.manifest["note"] == "x"


def test_a_missing_or_misshapen_array_is_named(folder: Path) -> None:
    weights = EmotionWeights.load(folder)
    with pytest.raises(BadEmotionWeights, match="b is missing"):
        weights.get("b", 1)
    with pytest.raises(BadEmotionWeights, match="a is"):
        weights.get("a", 3, 2)


def test_a_changed_file_is_refused(folder: Path) -> None:
    path = folder / "emotion.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadEmotionWeights, match="does not match"):
        EmotionWeights.load(folder)


def test_a_missing_folder_and_another_schema_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadEmotionWeights, match="train emotion"):
        EmotionWeights.load(tmp_path / "nowhere")
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema": 99}))
    with pytest.raises(BadEmotionWeights, match="schema 99"):
        EmotionWeights.load(folder)
    manifest.write_text("[]")
    with pytest.raises(BadEmotionWeights, match="schema None"):
        EmotionWeights.load(folder)


def test_values_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    save(tmp_path, {"a": np.array([np.nan], np.float32)}, {})
    with pytest.raises(BadEmotionWeights, match="not finite"):
        EmotionWeights.load(tmp_path)


def test_pickles_are_refused(tmp_path: Path) -> None:
    save(tmp_path, {"a": np.ones(1, np.float32)}, {})
    with (tmp_path / "emotion.npz").open("wb") as file:
        np.savez(file, a=np.array([{"x": 1}], dtype=object))
    import hashlib

    raw = (tmp_path / "emotion.npz").read_bytes()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["sha256"] = hashlib.sha256(raw).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadEmotionWeights, match="pickle"):
        EmotionWeights.load(tmp_path)


def test_the_shipped_weights_load_and_are_small() -> None:
    from engines.emotion.weights import DEFAULT_FOLDER

    EmotionWeights.load()
    size = sum(path.stat().st_size for path in DEFAULT_FOLDER.iterdir())
    assert size <= 1_000_000
    assert (DEFAULT_FOLDER / "README.md").is_file()
