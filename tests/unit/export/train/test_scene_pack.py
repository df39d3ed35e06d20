"""The packed graph computes what the torch net computes on the packed vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.motion.style import STYLE_NAMES
from engines.scene.encoder import SceneEncoder
from export.nets.scene import SceneNet, SceneNetConfig
from export.train.scene_cli import smoke_table
from export.train.scene_pack import pack, quantise, shipped_table


def test_int8_is_near() -> None:
    table = np.random.default_rng(1).standard_normal((50, 4)).astype(np.float32)
    codes, scale = quantise(table)
    assert codes.dtype == np.int8
    assert np.abs(codes * scale - table).max() <= scale.max() * 0.51


def test_graph_and_net_agree(tmp_path: Path) -> None:
    torch.manual_seed(2)
    tokens, table = smoke_table(16)
    net = SceneNet(SceneNetConfig(table=16, grams=8, hidden=8)).eval()
    pack(tokens, table, net, {}, tmp_path)
    encoder = SceneEncoder.load(tmp_path)
    names, vectors = shipped_table(tmp_path)
    assert names == tokens
    ids = [tokens.index("you"), tokens.index("very")]
    x = torch.from_numpy(vectors[ids])[None]
    wanted = net(x, torch.ones(1, 2))[0][0].detach().numpy()
    dials = encoder.read("You very").dials
    assert [dials[name] for name in STYLE_NAMES] == pytest.approx(wanted.tolist(), abs=1e-5)
    mean = vectors[ids].mean(0)
    assert encoder.embed("you very") == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
