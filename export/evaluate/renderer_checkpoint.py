"""The nets that training of one box left in a folder, behind the functions that serving calls.

Offline, torch on the CPU.
Never trains; what it reads is the running mean of the weights, which ships.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from engines.render.boxes import Kind
from engines.render.nets import as_input
from engines.values import F32, U8
from export.deploy.renderer_run import load_run


class CheckpointNets:
    """Answers as `engines.render.nets.RendererNets`, for the box it was trained on."""

    def __init__(self, folder: Path) -> None:
        """Raises BadRun."""
        run = load_run(folder)
        self._box, self._reference = run.box, run.reference
        self.plain = run.regression
        """Whether it was trained without noise."""

    def reference(self, kind: Kind, rest: U8, masks: U8) -> F32:
        """f32[N,24,h/4,w/4] of boxes at rest u8[N,h,w,3], u8[N,2,h,w]."""
        shown = torch.from_numpy(masks.astype(np.float32) / 255)
        with torch.inference_mode():
            out: F32 = self._reference(torch.from_numpy(as_input(rest)), shown).numpy()
        return out

    def residual(self, kind: Kind, feeds: dict[str, F32]) -> F32:
        """The clean residual f32[N,3,h,w] seen in `noised`; inputs by name."""
        given = {name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in feeds.items()}
        with torch.inference_mode():
            out: F32 = self._box(**given).numpy()
        return out
