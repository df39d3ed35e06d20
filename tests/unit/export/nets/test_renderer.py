"""The renderer's nets: silent at first, told apart by what they are told, ONNX of any batch."""

from __future__ import annotations

from dataclasses import replace
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
    Columns,
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


def _striped(masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A box with an upright gap, a lying one and grain; where each is."""
    h, w = masks.shape[2:]
    upright, lying = torch.zeros(1, 3, h, w), torch.zeros(1, 3, h, w)
    upright[..., w // 2] = -0.5
    lying[..., h // 2, :] = -0.5
    grain = 0.1 * torch.randn(1, 1, h, w, generator=torch.Generator().manual_seed(1))
    return upright, lying, grain.expand(1, 3, h, w)


def test_columns_deepen_gaps_that_stand_and_no_other() -> None:
    masks = torch.zeros(1, 2, 48, 64)
    masks[:, 0, 8:40, 8:56] = 1
    upright, lying, grain = _striped(masks)
    more = Columns(1.0)
    none = torch.zeros(1, 3, 48, 64)

    def added(picture: torch.Tensor) -> torch.Tensor:
        drawn: torch.Tensor = more(none, picture, masks)
        return drawn[..., 16:32, 16:48]

    assert added(upright).amin() < -0.2
    assert added(lying).abs().amax() < 1e-6
    assert added(grain).std() < 0.35 * grain.std()
    assert torch.allclose(more(upright, none, masks) - upright, more(none, upright, masks))


def test_columns_touch_nothing_but_the_opening() -> None:
    masks = torch.zeros(1, 2, 48, 64)
    masks[:, 1] = 1
    residual, picture = torch.randn(2, 1, 3, 48, 64, generator=torch.Generator().manual_seed(2))
    assert torch.equal(Columns(2.0)(residual, picture, masks), residual)
    masks[:, 0, 20:24, 20:24] = 1
    changed = (Columns(2.0)(residual, picture, masks) != residual).any(1)[0]
    assert changed[20:24, 20:24].all() and not changed[:18].any() and not changed[:, 26:].any()


def test_a_net_with_columns_takes_the_weights_of_one_without() -> None:
    plain = BoxNet(SMALL)
    more = BoxNet(replace(SMALL, columns=1.5))
    missing, unexpected = more.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected and {name.split(".")[0] for name in missing} == {"columns"}
    assert not [p for name, p in more.named_parameters() if name.startswith("columns")]
