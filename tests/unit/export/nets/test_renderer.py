"""The renderer's nets: silent at first, told apart by what they are told, ONNX of any batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from engines.render.boxes import EYE, MOUTH, Kind
from export.nets.renderer import (
    BLOCK,
    EYE_NET,
    MOUTH_NET,
    REFERENCE_CHANNELS,
    BoxNet,
    BoxNetConfig,
    ReferenceNet,
)

SMALL = BoxNetConfig((8, 12, 16), (1, 1, 1), 16)
NAMES = ("picture", "masks", "previous", "noised", "time", "condition", "reference")


def inputs(count: int, kind: Kind) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(count)
    h, w = kind.shape
    planes = [torch.rand(count, channels, h, w) for channels in (3, 2, 3, 3)]
    reference = torch.rand(count, REFERENCE_CHANNELS, h // BLOCK, w // BLOCK)
    return (*planes, torch.rand(count, 1), torch.rand(count, 212), reference)


def awake(config: BoxNetConfig = SMALL) -> BoxNet:
    """A net whose zeros have been moved, as by training."""
    torch.manual_seed(0)
    net = BoxNet(config).eval()
    with torch.no_grad():
        for value in net.parameters():
            value.add_(0.02 * torch.randn_like(value))
    return net


@pytest.mark.parametrize("kind", [MOUTH, EYE])
def test_untrained_it_draws_nothing(kind: Kind) -> None:
    out = BoxNet(SMALL)(*inputs(2, kind))
    assert out.shape == (2, 3, *kind.shape)
    assert not out.any()


def test_every_input_is_heard() -> None:
    net, given = awake(), inputs(2, EYE)
    with torch.no_grad():
        usual = net(*given)
        for i, name in enumerate(NAMES):
            changed = [*given]
            changed[i] = 1 - changed[i]
            assert not torch.allclose(net(*changed), usual, atol=1e-6), name


def test_one_face_is_drawn_as_many_are() -> None:
    net, given = awake(), inputs(3, EYE)
    with torch.no_grad():
        together = net(*given)
        alone = torch.cat([net(*(x[i : i + 1] for x in given)) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-6)


def test_what_is_far_away_changes_nothing_at_once() -> None:
    """The middle of a gradient: all of the last layer is reached in the first step."""
    net, given = BoxNet(SMALL), inputs(1, EYE)
    net(*given).sum().backward()
    assert net.last.weight.grad is not None and net.last.weight.grad.abs().sum() > 0


def test_the_reference_has_one_feature_a_block() -> None:
    h, w = EYE.shape
    out = ReferenceNet()(torch.rand(2, 3, h, w), torch.rand(2, 2, h, w))
    assert out.shape == (2, REFERENCE_CHANNELS, h // BLOCK, w // BLOCK)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_onnx_draws_the_same_for_any_number_of_faces(tmp_path: Path) -> None:
    net, path = awake(), str(tmp_path / "box.onnx")
    axes = {name: {0: "faces"} for name in (*NAMES, "residual")}
    torch.onnx.export(
        net, inputs(1, EYE), path, input_names=list(NAMES), output_names=["residual"],
        opset_version=17, dynamo=False, dynamic_axes=axes,
    )  # fmt: skip
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == list(NAMES)
    for count in (1, 3):
        given = inputs(count, EYE)
        feed = {name: x.numpy() for name, x in zip(NAMES, given, strict=True)}
        with torch.no_grad():
            expected = net(*given).numpy()
        np.testing.assert_allclose(session.run(None, feed)[0], expected, atol=1e-4)


@pytest.mark.parametrize(("config", "most"), [(MOUTH_NET, 1.9e6), (EYE_NET, 1.1e6)])
def test_the_shipped_sizes_fit_the_weights_folder(config: BoxNetConfig, most: float) -> None:
    assert sum(p.numel() for p in BoxNet(config).parameters()) < most
    assert config.as_dict()["widths"] == config.widths
