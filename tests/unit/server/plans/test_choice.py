"""Which library: over every card and every set of packages."""

from __future__ import annotations

import re

import pytest

from engines.backends.flavours import RTX, TENSORRT, Capability, Flavour
from server.plans import choice
from server.plans.choice import choice_of
from server.settings import RenderSettings
from server.settings_section import SettingsError


@pytest.mark.parametrize(
    ("have", "card", "torch", "library", "why"),
    [
        ((RTX,), (8, 9), "2.9", "trt", "tensorrt_rtx runs on this card"),
        ((RTX, TENSORRT), (9, 0), "2.9", "trt", "tensorrt runs on this card"),
        ((RTX,), (9, 0), "2.9", "torch", "tensorrt_rtx does not run on a card of .* 9.0"),
        ((), (9, 0), "2.9", "torch", "there is no TensorRT for a card of"),
        ((), None, "2.9", "torch", "there is no TensorRT"),
        ((), (9, 0), None, "trt", "pip install tensorrt-cu13"),
        ((RTX,), None, "2.9", "trt", "TensorRT is installed"),
    ],
)
def test_auto_takes_tensorrt_and_torch_where_there_is_none_for_the_card(
    monkeypatch: pytest.MonkeyPatch,
    have: tuple[Flavour, ...],
    card: Capability | None,
    torch: str | None,
    library: str,
    why: str,
) -> None:
    monkeypatch.setattr(choice, "torch_version", lambda: None)
    found = choice_of(RenderSettings(device="cuda"), card, have, torch)
    assert found.library == library
    assert re.search(why, found.why)


@pytest.mark.parametrize("asked", ["trt", "ort", "torch"])
def test_what_is_named_is_taken_and_nothing_else(asked: str) -> None:
    wanted = RenderSettings(device="cuda", backend=asked)
    for have, card, torch in (((), None, None), ((RTX,), (8, 9), "2.9"), ((RTX,), (9, 0), None)):
        assert choice_of(wanted, card, have, torch).library == asked


def test_on_the_processor() -> None:
    for asked, library in (("auto", "ort"), ("ort", "ort"), ("torch", "torch")):
        assert choice_of(RenderSettings(backend=asked), None).library == library
    with pytest.raises(SettingsError, match="render.backend trt: plans run on a card; set"):
        choice_of(RenderSettings(backend="trt"), None)


def test_eight_bits_are_of_plans_alone() -> None:
    for device, backend in (("cpu", "auto"), ("cuda", "torch"), ("cuda", "ort")):
        wanted = RenderSettings(device=device, backend=backend, precision="int8")
        with pytest.raises(SettingsError, match="render.precision int8: of TensorRT plans alone"):
            choice_of(wanted, (8, 9), (RTX,))
    found = choice_of(RenderSettings(device="cuda", precision="fp8"), (8, 9), (RTX,))
    assert found.library == "trt"
