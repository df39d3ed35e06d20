"""Tests of export.nets.lips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from engines.values import F32
from export.nets.lips import LipNet, LipNetConfig, StepNet, export_onnx

SMALL = LipNetConfig(hidden=12, dilations=(1, 2))


def _scale() -> dict[str, F32]:
    return {
        "geometry_mean": np.full(7, 0.01, np.float32),
        "geometry_sd": np.full(7, 0.02, np.float32),
        "curves_mean": np.zeros(8, np.float32),
        "curves_sd": np.ones(8, np.float32),
    }


def _net() -> LipNet:
    torch.manual_seed(0)
    return LipNet(SMALL).eval()


def test_frame_by_frame_equals_the_whole() -> None:
    net = _net()
    step = StepNet(net, _scale()).eval()
    mel = torch.randn(1, 4 * 20, 80)
    with torch.no_grad():
        geometry, closure, visemes, _ = net(mel)
        state = torch.zeros(1, step.state_size)
        for i in range(20):
            shape, touch, named, _, state = step(mel[:, 4 * i : 4 * i + 4], state)
            torch.testing.assert_close(shape, geometry[:, i] * 0.02 + 0.01, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(touch, torch.sigmoid(closure[:, i]), atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(
                named, torch.softmax(visemes[:, i], -1), atol=1e-5, rtol=1e-4
            )


def test_nothing_after_a_frame_changes_it() -> None:
    net = _net()
    mel = torch.randn(1, 80, 80)
    changed = mel.clone()
    changed[:, 40:] = 0.0
    with torch.no_grad():
        before, after = net(mel)[0], net(changed)[0]
    torch.testing.assert_close(before[:, :10], after[:, :10])
    assert (before[:, 10] - after[:, 10]).abs().max() > 1e-4


def test_the_shipped_size_is_small() -> None:
    count = sum(p.numel() for p in LipNet(LipNetConfig()).parameters())
    assert 100_000 < count < 400_000


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_onnx_gives_what_torch_gives(tmp_path: Path) -> None:
    net = _net()
    export_onnx(net, _scale(), tmp_path / "lips.onnx")
    session = onnxruntime.InferenceSession(
        str(tmp_path / "lips.onnx"), providers=["CPUExecutionProvider"]
    )
    step = StepNet(net, _scale()).eval()
    mel = np.random.default_rng(0).standard_normal((1, 4, 80)).astype(np.float32)
    state = np.random.default_rng(1).standard_normal((1, step.state_size)).astype(np.float32)
    got = session.run(None, {"mel": mel, "state": state})
    with torch.no_grad():
        wanted = step(torch.as_tensor(mel), torch.as_tensor(state))
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=1e-5)
