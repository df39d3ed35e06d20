"""Which TensorRT is chosen, for every mixture of what is installed and what the card is."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import pytest

from engines.backends import flavours
from engines.backends.base import LibraryMissing
from engines.backends.flavours import (
    PORTABLE,
    RTX,
    TENSORRT,
    Capability,
    Flavour,
    choose,
    load,
    target_of,
    version_of,
)

BOTH = (TENSORRT, RTX)


@pytest.mark.parametrize(
    ("have", "card", "chosen"),
    [
        (BOTH, (8, 9), RTX),
        (BOTH, (7, 5), RTX),
        (BOTH, (9, 0), TENSORRT),
        (BOTH, (10, 0), TENSORRT),
        ((TENSORRT,), (8, 6), TENSORRT),
        ((RTX,), (12, 0), RTX),
        (BOTH, None, RTX),
    ],
)
def test_rtx_where_it_runs_the_other_elsewhere(
    have: tuple[Flavour, ...], card: Capability | None, chosen: Flavour
) -> None:
    assert choose(have, card) is chosen


@pytest.mark.parametrize(
    ("have", "card", "said"),
    [
        ((RTX,), (9, 0), r"tensorrt_rtx does not run on .* 9\.0; pip install tensorrt-cu13"),
        ((), (8, 9), "there is no TensorRT for a card .*trt-rtx"),
        ((TENSORRT,), None, "tensorrt builds no plan without a card; .*trt-rtx"),
        ((), None, "there is no TensorRT; .*trt-rtx"),
    ],
)
def test_where_none_will_do_the_one_that_would_is_named(
    have: tuple[Flavour, ...], card: Capability | None, said: str
) -> None:
    with pytest.raises(LibraryMissing, match=said):
        choose(have, card)


def test_targets_say_which_cards_a_plan_is_for() -> None:
    assert target_of(RTX, None) == target_of(RTX, (8, 9)) == target_of(RTX, (12, 0)) == PORTABLE
    assert target_of(RTX, (7, 5)) == "sm75"
    assert target_of(TENSORRT, (9, 0)) == "sm90"
    with pytest.raises(LibraryMissing, match="without a card"):
        target_of(TENSORRT, None)


def test_a_library_that_is_not_there_or_does_not_start_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(LibraryMissing, match="not installed"):
        version_of(Flavour("nothing", ("no-such-package-at-all",), None, False, False, "get it"))

    def broken(name: str) -> Any:
        raise OSError("libcudart.so: cannot open")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(LibraryMissing, match=r"tensorrt: libcudart.*; pip install"):
        load(TENSORRT)


def test_installed_are_those_that_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"tensorrt": object(), "tensorrt_rtx": None}
    monkeypatch.setattr(importlib.util, "find_spec", found.get)
    assert flavours.installed() == (TENSORRT,)
