"""The face nets: shapes, the closed-form layer, ONNX with half weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from export.nets.face import PointNet, SceneNet, TwoAnswers, export_onnx, level


def small() -> PointNet:
    torch.manual_seed(0)
    return PointNet(64, 5, 4, (8, 8, 8), 16).eval()


def test_light_and_contrast_do_not_matter() -> None:
    picture = torch.rand(1, 3, 16, 16) * 200
    assert torch.allclose(level(picture + 40), level(picture), atol=1e-4)
    assert level(picture).mean().abs() < 1e-4


def test_the_basis_is_where_training_starts() -> None:
    net = small()
    mean = np.arange(15, dtype=np.float32).reshape(5, 3)
    basis = np.ones((4, 5, 3), np.float32)
    net.set_basis(mean, basis)
    with torch.no_grad():
        net.modes.weight.zero_()
        net.modes.bias.zero_()
        out = net(torch.rand(2, 3, 64, 64) * 255)
    assert torch.allclose(out[0], torch.from_numpy(mean))


def test_the_closed_form_layer_starts_silent_and_is_not_trained() -> None:
    net = small()
    rough, fine = net.both(torch.rand(2, 3, 64, 64) * 255)
    assert torch.equal(rough, fine)
    assert not net.mend.weight.requires_grad
    with torch.no_grad():
        net.mend.bias.fill_(1)
        net.mend_basis.weight.fill_(1)
    rough, fine = net.both(torch.rand(2, 3, 64, 64) * 255)
    assert torch.allclose(fine - rough, torch.full_like(fine, 4.0), atol=1e-5)


def test_scene_answers_have_their_sizes() -> None:
    faces, person = SceneNet().eval()(torch.rand(2, 3, 256, 256) * 255)
    assert faces.shape == (2, 7, 32, 32)
    assert person.shape == (2, 1, 256, 256)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_onnx_gives_the_nets_answer_at_half_the_bytes(tmp_path: Path) -> None:
    net = small()
    path = tmp_path / "net.onnx"
    export_onnx(TwoAnswers(net), 64, ["points", "fine"], path)
    floats = sum(p.numel() for p in net.parameters())
    assert path.stat().st_size < 4 * floats
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(0).uniform(0, 255, (3, 3, 64, 64)).astype(np.float32)
    points, fine = session.run(["points", "fine"], {"pictures": pictures})
    with torch.no_grad():
        wanted = net(torch.from_numpy(pictures)).numpy()
    assert points.shape == fine.shape == (3, 5, 3)
    assert np.abs(points - wanted).max() < 0.01
