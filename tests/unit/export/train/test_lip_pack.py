"""Tests of export.train.lip_pack."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engines.motion.lips import LipModel
from engines.values import F32
from export.data.lip_examples import statistics, synthetic_examples
from export.nets.lips import LipNet, LipNetConfig
from export.train import lip_pack
from export.train.lip_basis import measure


def test_energy_opens_jaw_and_aperture() -> None:
    fallback = lip_pack.energy_fallback(synthetic_examples(6, 1))
    assert fallback["at_full_energy"][0] > 0.02
    assert fallback["at_full_energy"][1] == 0.0


def test_familiar_voices_have_high_confidence() -> None:
    part = lip_pack.familiarity(synthetic_examples(30, 1), synthetic_examples(8, 2))
    usual = part["middle"] / 2.0
    assert 1.0 / (1.0 + np.exp((usual - part["middle"]) / part["width"])) > 0.9
    precision = np.array(part["precision"])
    assert (np.linalg.eigvalsh((precision + precision.T) / 2) > 0).all()


def _pack(folder: Path, seed: int) -> LipModel:
    examples = synthetic_examples(10, seed)
    scale: dict[str, F32] = statistics(examples)
    parts = {
        "decode": lip_pack.decode_table(measure()),
        "familiarity": lip_pack.familiarity(examples, examples),
        "fallback": lip_pack.energy_fallback(examples),
    }
    net = LipNet(LipNetConfig(hidden=8, dilations=(1,)))
    lip_pack.pack(net.eval(), scale, parts, {"seed": seed}, folder)
    return LipModel.load(folder)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_packed_net_loads_and_steps(tmp_path: Path) -> None:
    model = _pack(tmp_path / "a", 1)
    lips = model.step(model.new_state(), np.zeros(640, np.float32))
    assert lips.arkit.shape == (52,)
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert manifest["training"] == {"seed": 1}
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["lips.onnx", "manifest.json"]
