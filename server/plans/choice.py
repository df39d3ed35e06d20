"""Which library runs the renderer's nets: the one asked for, or what `auto` finds, and why.

Pure but for the look at installed packages; the main thread or a worker at the start.
Never chooses again once the server runs, and never in silence: the reason goes to log and doctor.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from engines.backends.base import LibraryMissing
from engines.backends.flavours import Capability, Flavour, choose, installed
from engines.backends.torch_backend import torch_version
from server.settings import RenderSettings
from server.settings_section import SettingsError

Library = Literal["ort", "trt", "torch"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One library, for a device."""

    library: Library
    why: str
    """For people."""


def choice_of(
    wanted: RenderSettings,
    card: Capability | None,
    have: Collection[Flavour] | None = None,
    torch: str | None = None,
) -> Choice:
    """What `render.device` and `render.backend` mean on this machine.

    `card`: None where it is not known. `have`, `torch`: what is installed; None: looked for.

    Raises SettingsError for a library that does not run on the device, or not in the precision.
    """
    found = _choice(wanted, card, have, torch)
    if wanted.precision != "fp16" and found.library != "trt":
        raise SettingsError(
            f"render.precision {wanted.precision}: of TensorRT plans alone; here {found.library} "
            f"runs the nets ({found.why}); set render.precision fp16"
        )
    return found


def _choice(
    wanted: RenderSettings,
    card: Capability | None,
    have: Collection[Flavour] | None,
    torch: str | None,
) -> Choice:
    asked = wanted.backend
    if wanted.device == "cpu":
        if asked == "trt":
            raise SettingsError("render.backend trt: plans run on a card; set render.device cuda")
        said = f"render.device cpu, render.backend {asked}"
        return Choice("torch" if asked == "torch" else "ort", said)
    if asked != "auto":
        return Choice(_named(asked), f"render.backend {asked}")
    have = installed() if have is None else have
    if have and card is None:
        return Choice("trt", "TensorRT is installed")
    try:
        return Choice("trt", f"{choose(have, card).module} runs on this card")
    except LibraryMissing as error:
        if (torch or torch_version()) is None:
            # Its own error then names what to install.
            return Choice("trt", str(error))
        return Choice("torch", str(error))


def _named(asked: str) -> Library:
    found: dict[str, Library] = {"ort": "ort", "trt": "trt", "torch": "torch"}
    return found[asked]
