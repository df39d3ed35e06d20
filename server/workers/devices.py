"""Which card each engine process has, told to CUDA before anything of it is loaded.

Pure but for `take_device`, which runs first of all in the process that draws.
Never looks whether there is such a card: the back-end does, and says what is missing.
"""

from __future__ import annotations

import os
from typing import Any

from server.settings import Settings

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""https://docs.nvidia.com/cuda/cuda-c-programming-guide/#env-vars: the first card of a process is
the first one named here, for every library in it and on each of its threads."""


def engine_devices(settings: Settings) -> tuple[str, ...]:
    """The card of each engine process, empty where none is named; at least one process.

    More engines than cards share them in turn: one engine's processor thread is full long before
    a large card is. On the processor each media process brings one along, since one such thread
    is full with five faces of 256.
    """
    named = settings.render.devices
    alone = settings.server.workers if settings.render.device == "cpu" else 1
    count = settings.server.engines or len(named) or max(alone, 1)
    devices = named or ("",)
    return tuple(devices[index % len(devices)] for index in range(count))


def with_device(values: dict[str, dict[str, Any]], device: str) -> dict[str, dict[str, Any]]:
    """Plain settings of an engine process that has this card alone."""
    render = {**values["render"], "devices": (device,) if device else ()}
    return {**values, "render": render}


def take_device(settings: Settings) -> None:
    """Make the one card named the only one of this process."""
    if settings.render.devices:
        os.environ[VISIBLE] = settings.render.devices[0]
