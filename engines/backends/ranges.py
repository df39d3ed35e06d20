"""Measured ranges of the drawing nets: what their plans in 8 bits are made with.

Any thread; read once for each network. Made by `python -m export calibrate`.
Never lets weights be quantised by the ranges of others, nor where the loss was found too large.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engines.backends.base import BackendError, Model
from engines.backends.networks import NETWORKS, NetworkRow, Ranges
from engines.backends.pack import model_of, weights_of
from engines.backends.typed_graph import EIGHT_BITS, NoRanges, Precision

FILE = "ranges.json"
SCHEMA = 1
NETS = ("renderer/mouth", "renderer/eye")
"""Those that draw every frame; the others run once for a face or stay in single precision."""
_REMEDY = "run: python -m export calibrate, or use render.precision fp16"


class ParityMissed(BackendError):
    """The network loses more in these bits than it may."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a precision costs on held-out pairs, against single precision."""

    db: float
    """PSNR lost."""
    worse: float
    """Share by which the perceptual distance grew."""
    held: bool


def rows_of(precision: Precision, pack: str | None = None) -> Mapping[str, NetworkRow]:
    """Every network as its plan is made when the drawing nets are in a precision.

    Raises NoRanges, ParityMissed, BadPack.
    """
    if precision not in EIGHT_BITS:
        return NETWORKS
    changed = {
        name: replace(
            NETWORKS[name],
            precision=precision,
            ranges=ranges_of(model_of(name, pack), precision, weights_of("renderer", pack)),
        )
        for name in NETS
    }
    return {**NETWORKS, **changed}


def ranges_of(model: Model, precision: Precision, folder: Path) -> Ranges:
    """Of a network, out of its weights' folder. Raises NoRanges, ParityMissed."""
    path = folder / FILE
    try:
        told = json.loads(path.read_bytes())
        if told["schema"] != SCHEMA:
            raise ValueError(f"schema {told['schema']}, wanted {SCHEMA}")
        mine: dict[str, Any] = told["networks"][model.name]
        loss = Loss(**mine["loss"][precision])
        largest = {str(node): float(value) for node, value in mine["largest"].items()}
        graph = str(mine["graph"])
    except OSError as error:
        raise NoRanges(f"{path}: {error.strerror}; {_REMEDY}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise NoRanges(f"{path}: {said}; {_REMEDY}") from error
    if graph != hashlib.sha256(model.graph).hexdigest():
        raise NoRanges(f"{path}: {model.name} was measured with other weights; {_REMEDY}")
    if not all(0 < value < float("inf") for value in largest.values()):
        raise NoRanges(f"{path}: {model.name} has ranges that are none; {_REMEDY}")
    if not loss.held:
        raise ParityMissed(
            f"{model.name} loses {loss.db:.2f} dB and {loss.worse:.0%} of likeness in {precision}:"
            f" more than it may; use render.precision fp16"
        )
    return Ranges(tuple(sorted(largest.items())))
