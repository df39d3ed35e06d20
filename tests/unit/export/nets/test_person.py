"""The person net: its shape, its size, and that it knows where it looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from export.nets.face import export_onnx
from export.nets.person import PersonNet


def small() -> PersonNet:
    torch.manual_seed(0)
    return PersonNet(64, (8, 8, 8, 8, 8)).eval()


def test_each_pixel_gets_an_answer() -> None:
    assert small()(torch.rand(2, 3, 64, 64) * 255).shape == (2, 1, 64, 64)
    with pytest.raises(RuntimeError):
        small()(torch.rand(2, 3, 96, 96))


def test_the_same_pixels_elsewhere_are_something_else() -> None:
    with torch.no_grad():
        out = small()(torch.full((1, 3, 64, 64), 80.0))[0, 0]
    assert (out[20:44, 20:44] - out[20:44, 20:44].mean()).abs().max() > 1e-4


def test_light_does_not_matter() -> None:
    picture = torch.rand(1, 3, 64, 64) * 200
    with torch.no_grad():
        assert torch.allclose(small()(picture), small()(picture + 50), atol=1e-3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_file_answers_as_the_net_does_and_is_small(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = PersonNet(160).eval()
    path = tmp_path / "person.onnx"
    export_onnx(net, 160, ["person"], path)
    assert path.stat().st_size < 0.81 * 2**20
    pictures = torch.rand(3, 3, 160, 160) * 255
    session = onnxruntime.InferenceSession(str(path))
    out = session.run(None, {"pictures": pictures.numpy()})[0]
    with torch.no_grad():
        assert np.abs(out - net(pictures).numpy()).max() < 0.02
