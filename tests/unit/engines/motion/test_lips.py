"""Tests of engines.motion.lips with the shipped weights."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engines.motion.lips import DEFAULT_FOLDER, BadLipWeights, LipModel, Lips
from engines.values import ARKIT_NAMES, F32, FRAME_SAMPLES, MOTION_INDEX

LIP_PREFIXES = ("mouth", "jaw", "cheek", "tongue")


@pytest.fixture(scope="module")
def model() -> LipModel:
    return LipModel.load()


def _babble(frames: int, seed: int) -> F32:
    """Noise in syllables: loud enough to open a mouth."""
    rng = np.random.default_rng(seed)
    count = frames * FRAME_SAMPLES
    syllables = np.clip(np.sin(np.arange(count) / 16000 * 2 * np.pi * 4.0 + seed), 0, 1)
    sound: F32 = (0.1 * syllables * rng.standard_normal(count)).astype(np.float32)
    return sound


def _run(model: LipModel, sound: F32) -> list[Lips]:
    state = model.new_state()
    return [model.step(state, block) for block in sound.reshape(-1, FRAME_SAMPLES)]


def test_it_says_how_far_it_looks_ahead(model: LipModel) -> None:
    assert model.lookahead == 1280


def test_the_weights_are_small() -> None:
    assert sum(f.stat().st_size for f in DEFAULT_FOLDER.iterdir() if f.is_file()) < 2_000_000


def test_values_are_bounded_and_only_lips_move(model: LipModel) -> None:
    for lips in _run(model, _babble(60, 1)):
        assert lips.arkit.shape == (52,) and lips.arkit.dtype == np.float32
        assert lips.arkit.min() >= 0.0 and lips.arkit.max() <= 1.0
        for value in (lips.closure, lips.confidence, lips.energy):
            assert 0.0 <= value <= 1.0
        moved = [ARKIT_NAMES[i] for i in np.flatnonzero(lips.arkit)]
        assert all(name.startswith(LIP_PREFIXES) for name in moved)


def test_silence_shuts_the_mouth(model: LipModel) -> None:
    state = model.new_state()
    for _ in range(50):
        lips = model.step(state, np.zeros(FRAME_SAMPLES, np.float32))
    assert lips.arkit[MOTION_INDEX["mouthClose"]] > 0.9
    assert lips.arkit[MOTION_INDEX["jawOpen"]] < 0.08
    assert lips.energy == 0.0


def test_two_interleaved_streams_equal_two_lone_ones(model: LipModel) -> None:
    one, two = _babble(40, 1), _babble(40, 2)
    alone = [_run(model, one), _run(model, two)]
    states = [model.new_state(), model.new_state()]
    for i in range(40):
        part = slice(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)
        for lone, state, sound in zip(alone, states, (one, two), strict=True):
            lips = model.step(state, sound[part])
            np.testing.assert_array_equal(lips.arkit, lone[i].arkit)
            assert (lips.closure, lips.confidence, lips.energy) == (
                lone[i].closure,
                lone[i].confidence,
                lone[i].energy,
            )


def test_a_second_load_gives_the_same_bits(model: LipModel) -> None:
    sound = _babble(30, 3)
    for a, b in zip(_run(model, sound), _run(LipModel.load(), sound), strict=True):
        np.testing.assert_array_equal(a.arkit, b.arkit)


def test_loudness_changes_energy_little(model: LipModel) -> None:
    sound = _babble(100, 4)
    loud = [lips.energy for lips in _run(model, sound)][60:]
    quiet = [lips.energy for lips in _run(model, sound * np.float32(0.3))][60:]
    assert max(loud) > 0.5
    assert np.abs(np.array(loud) - np.array(quiet)).max() < 0.35


def test_a_wrong_block_is_refused(model: LipModel) -> None:
    with pytest.raises(ValueError, match="640"):
        model.step(model.new_state(), np.zeros(320, np.float32))


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadLipWeights, match="manifest"):
        LipModel.load(tmp_path)
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "lips")
    (tmp_path / "lips" / "lips.onnx").write_bytes(b"x")
    with pytest.raises(BadLipWeights, match="does not match"):
        LipModel.load(tmp_path / "lips")
    manifest = json.loads((tmp_path / "lips" / "manifest.json").read_text())
    (tmp_path / "lips" / "manifest.json").write_text(json.dumps(manifest | {"schema": 99}))
    with pytest.raises(BadLipWeights, match="schema"):
        LipModel.load(tmp_path / "lips")


@pytest.mark.parametrize(
    "change",
    [
        {"state_size": 7},
        {"decode": {}},
        {"geometry": None},
        {"familiarity": {"mean": [0.0]}},
        {"sha256": None},
    ],
)
def test_a_manifest_that_does_not_fit_the_net_is_named(
    tmp_path: Path, change: dict[str, object]
) -> None:
    folder = tmp_path / "lips"
    shutil.copytree(DEFAULT_FOLDER, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(BadLipWeights, match="train lips"):
        LipModel.load(folder)


@pytest.mark.parametrize("text", ["[]", "null", "{}", "7"])
def test_a_manifest_of_another_form_is_named(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "lips"
    shutil.copytree(DEFAULT_FOLDER, folder)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(BadLipWeights, match="schema"):
        LipModel.load(folder)


def test_a_file_that_is_no_net_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "lips"
    shutil.copytree(DEFAULT_FOLDER, folder)
    (folder / "lips.onnx").write_bytes(b"no net")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"] = hashlib.sha256(b"no net").hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadLipWeights, match="train lips"):
        LipModel.load(folder)


def test_it_tells_the_sound_it_heard(model: LipModel) -> None:
    quiet, heard = _run(model, np.zeros(FRAME_SAMPLES, np.float32)), _run(model, _babble(20, 1))
    assert quiet[0].sound.shape == (80,) and quiet[0].sound.dtype == np.float32
    assert max(one.sound.mean() for one in heard) > quiet[0].sound.mean() + 0.2
