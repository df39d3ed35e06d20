"""The shipped encoder reads manner, places like near like, and names damage."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engines.scene.encoder import DEFAULT_FOLDER, BadSceneWeights, SceneEncoder


@pytest.fixture(scope="module")
def encoder() -> SceneEncoder:
    return SceneEncoder.load()


def test_manner_is_read(encoder: SceneEncoder) -> None:
    glad = encoder.read("You are a jolly and enthusiastic host who beams at everyone.")
    grim = encoder.read("A furious man who never smiles.")
    assert glad.dials["smile"] > 0.65 > 0.4 > grim.dials["smile"]
    assert max(grim.feelings, key=grim.feelings.__getitem__) == "anger"
    assert encoder.read("You book tables in a restaurant.").told(0.15) == {}


def test_near_texts_are_near(encoder: SceneEncoder) -> None:
    a, b, c = map(encoder.embed, ("a happy child", "a joyful kid", "the train is late"))
    assert np.linalg.norm(a) == pytest.approx(1, abs=1e-4)
    assert float(a @ b) > float(a @ c) + 0.2


def test_no_words_is_usual_and_any_text_is_bounded(encoder: SceneEncoder) -> None:
    assert encoder.read(" \x00").told() == {}
    assert not encoder.embed("").any()
    for text in ("x" * 100_000, "smile " * 50_000, "\u4e2d\u6587 \U0001f600", "."):
        reading = encoder.read(text)
        assert all(0.0 <= value <= 1.0 for value in reading.dials.values())


def test_damage_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadSceneWeights, match=r"manifest.json.*train scene"):
        SceneEncoder.load(tmp_path / "none")
    folder = tmp_path / "scene"
    shutil.copytree(DEFAULT_FOLDER, folder)
    with (folder / "vocab.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(BadSceneWeights, match=r"vocab.txt: not the file"):
        SceneEncoder.load(folder)
    shutil.copy(DEFAULT_FOLDER / "vocab.txt", folder / "vocab.txt")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"dials": ["smile"]}))
    with pytest.raises(BadSceneWeights, match="dials of another version"):
        SceneEncoder.load(folder)


def test_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in DEFAULT_FOLDER.iterdir()) < 3_000_000
