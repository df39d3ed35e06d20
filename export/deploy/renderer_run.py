"""The renderer's nets out of the folder of a training run, ready to be exported.

Offline, torch.
Never trains, never guesses: what the folder lacks is named.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import nn

from engines.render.boxes import KINDS, Kind
from export.nets.renderer import BoxNet, Columns
from export.train.renderer import load_trained

MOST_COLUMNS = 4.0
"""Beyond it gaps are black and teeth glow."""


class BadRun(Exception):
    """The folder is no run of `train renderer` or `distill`; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class RunNets:
    """Both nets of one kind of box, in evaluation mode: the running mean of the weights."""

    kind: Kind
    box: BoxNet
    reference: nn.Module
    step: int
    """Of the training when it was saved."""
    regression: bool
    """Whether it was trained without noise: the baseline."""


def load_run(folder: Path) -> RunNets:
    """Raises BadRun."""
    try:
        config = json.loads((folder / "config.json").read_text())
        kind = KINDS[config["box"]]
        nets = load_trained(folder).mean
        with safe_open(str(folder / "checkpoint.safetensors"), framework="pt") as file:
            step = int((file.metadata() or {}).get("epoch", 0))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise BadRun(
            f"{folder}: {type(error).__name__}: {error}; name the folder of a run that is whole"
        ) from error
    return RunNets(kind, nets.box, nets.reference, step, bool(config.get("regression")))


def with_columns(run: RunNets, gain: float) -> RunNets:
    """The run, its box's columns (`export.nets.renderer.Columns`) drawn `gain` times more of.

    Raises BadRun for a gain outside 0 to MOST_COLUMNS.
    """
    if not 0 <= gain <= MOST_COLUMNS:
        raise BadRun(f"columns {gain}: wanted 0 to {MOST_COLUMNS:g}; 1.25 ships")
    run.box.columns = Columns(gain) if gain else None
    run.box.config = replace(run.box.config, columns=gain)
    return run
