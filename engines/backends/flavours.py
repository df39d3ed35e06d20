"""Which TensorRT is used: `tensorrt` or `tensorrt_rtx`, by what is installed and what the card is.

Pure but for the look at installed packages; any thread.
Never imports either: that takes a second and, for one of them, a card.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from engines.backends.base import LibraryMissing
from engines.extras import install_hint

Capability = tuple[int, int]
"""Compute capability of a card, as (8, 9)."""
PORTABLE = "sm80+"
"""Target of a TensorRT-RTX plan for no card in particular: all of 8.0 and later that it knows."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """One of the two libraries; their interfaces are alike."""

    module: str
    packages: tuple[str, ...]
    """Names it is published under, one for each CUDA."""
    cards: frozenset[Capability] | None
    """Those it runs on; None: all."""
    builds_without_card: bool
    times_kernels: bool
    """Whether it chooses kernels by trying them, and keeps the times: TensorRT-RTX compiles them at
    load, and keeps those."""
    hint: str


RTX = Flavour(
    "tensorrt_rtx",
    ("tensorrt-rtx-cu13", "tensorrt-rtx-cu12", "tensorrt-rtx"),
    frozenset({(7, 5), (8, 0), (8, 6), (8, 9), (12, 0), (12, 1)}),
    True,
    False,
    install_hint("trt-rtx"),
)
TENSORRT = Flavour(
    "tensorrt",
    ("tensorrt-cu13", "tensorrt-cu12", "tensorrt"),
    None,
    False,
    True,
    "pip install tensorrt-cu13 cuda-bindings onnx",
)
FLAVOURS = (RTX, TENSORRT)
"""In the order they are preferred: plans of the first build in seconds and fit many cards."""


def installed() -> tuple[Flavour, ...]:
    """Those that can be imported."""
    return tuple(each for each in FLAVOURS if importlib.util.find_spec(each.module) is not None)


def version_of(flavour: Flavour) -> str:
    """As its package says. Raises LibraryMissing."""
    for name in flavour.packages:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    raise LibraryMissing(f"{flavour.module} is not installed; {flavour.hint}")


def choose(have: Collection[Flavour], card: Capability | None) -> Flavour:
    """The one to build with and run on this card (None: there is no card, so only to build).

    Raises LibraryMissing naming the package to install.
    """
    for flavour in FLAVOURS:
        if flavour not in have:
            continue
        if card is None and not flavour.builds_without_card:
            continue
        if card is None or flavour.cards is None or card in flavour.cards:
            return flavour
    names = ", ".join(each.module for each in have)
    if card is None:
        told = f"{names} builds no plan without a card" if names else "there is no TensorRT"
        raise LibraryMissing(f"{told}; {RTX.hint}")
    told = f"{names} does not run on" if names else "there is no TensorRT for"
    suits = RTX if RTX.cards is not None and card in RTX.cards else TENSORRT
    raise LibraryMissing(f"{told} a card of compute capability {said(card)}; {suits.hint}")


def target_of(flavour: Flavour, card: Capability | None) -> str:
    """What a plan is built for: `sm80+` holds for many cards, `sm90` for one kind."""
    if flavour is RTX and (card is None or card >= (8, 0)):
        return PORTABLE
    if card is None:
        raise LibraryMissing(f"{flavour.module} builds no plan without a card; {RTX.hint}")
    return f"sm{card[0]}{card[1]}"


def said(card: Capability) -> str:
    """8.9"""
    return f"{card[0]}.{card[1]}"


def load(flavour: Flavour) -> Any:
    """The module. Raises LibraryMissing, too, when it is installed and does not start."""
    try:
        return importlib.import_module(flavour.module)
    except (ImportError, OSError, RuntimeError) as error:
        raise LibraryMissing(f"{flavour.module}: {error}; {flavour.hint}") from error
