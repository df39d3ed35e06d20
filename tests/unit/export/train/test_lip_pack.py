"""Tests of export.train.lip_pack."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.motion.lips import LipModel
from engines.values import F32
from export.data.lip_examples import LOOKAHEAD, LipExample, statistics, synthetic_examples
from export.nets.lips import LipNet, LipNetConfig
from export.train import lip_pack
from export.train.lip_basis import measure


def test_energy_opens_jaw_and_aperture() -> None:
    fallback = lip_pack.energy_fallback(synthetic_examples(6, 1))
    assert fallback["at_full_energy"][0] > 0.02
    assert fallback["at_full_energy"][1] == 0.0


def _distance(part: dict[str, Any], examples: list[LipExample]) -> float:
    away = lip_pack.clip_colours(examples) - np.array(part["mean"])
    squared = np.einsum("ni,ij,nj->n", away, np.array(part["precision"]), away)
    return float(np.median(np.sqrt(squared / away.shape[1])))


def test_a_training_voice_is_near_and_a_strange_one_far() -> None:
    part = lip_pack.familiarity(synthetic_examples(60, 1))
    assert _distance(part, synthetic_examples(10, 2)) < part["middle"] - part["width"]
    tilt = np.linspace(0.001, 1.0, 80, dtype=np.float32)
    strange = [replace(e, power=e.power * tilt) for e in synthetic_examples(5, 3)]
    assert _distance(part, strange) > part["middle"] + 3 * part["width"]


def test_kinds_of_voice_count_alike() -> None:
    video = synthetic_examples(40, 1)
    spoken = [replace(e, name=f"voice {e.name}") for e in synthetic_examples(10, 2)]
    part = lip_pack.familiarity(video + spoken)
    wanted = lip_pack.clip_colours(video[::4] + spoken).mean(axis=0)
    np.testing.assert_allclose(part["mean"], wanted, atol=1e-4)


def _pack(folder: Path, seed: int, lookahead: int = LOOKAHEAD) -> LipModel:
    examples = synthetic_examples(10, seed)
    scale: dict[str, F32] = statistics(examples)
    parts = {
        "decode": lip_pack.decode_table(measure()),
        "familiarity": lip_pack.familiarity(examples),
        "fallback": lip_pack.energy_fallback(examples),
    }
    net = LipNet(LipNetConfig(hidden=8, dilations=(1,)))
    lip_pack.pack(net.eval(), scale, parts, {"seed": seed}, folder, lookahead)
    return LipModel.load(folder)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_packed_net_loads_and_steps(tmp_path: Path) -> None:
    model = _pack(tmp_path / "a", 1)
    lips = model.step(model.new_state(), np.zeros(640, np.float32))
    assert lips.arkit.shape == (52,)
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert manifest["training"] == {"seed": 1}
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["lips.onnx", "manifest.json"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_look_ahead_is_told(tmp_path: Path) -> None:
    assert _pack(tmp_path / "a", 1).lookahead == 1280
    assert _pack(tmp_path / "b", 1, 640).lookahead == 640
