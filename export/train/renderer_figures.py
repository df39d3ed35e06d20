"""Figures of a box's nets on pairs they were not trained on: levels, edges, sharpness.

Offline, torch; used while training and for the record in docs/training.md.
Never a perceptual judge: that is `evaluate renderer`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.render.sampler import sample, session_noise
from engines.values import F32
from export.data.render_pairs import Pairs, kind_of
from export.train.renderer import Nets
from export.train.renderer_batch import Batch, batch_of, chances

HELD_EVERY = 12
"""One identity in so many is kept out of training to watch it."""
FEW = 24
"""With fewer identities than this of a kind, its last rows are kept out instead."""
SESSION_SEED = 5
VIDEO = ("grid", "personal")
"""Kinds whose truth is a frame of a video."""
OPEN = 0.12
"""An inner lip gap, in widths of the mouth, from which a mouth counts as open."""
SHUT = 0.12
"""A height of an eye, in its widths, up to which a lid counts as closing."""
_CHUNK = 32


def apart(pairs: Pairs) -> NDArray[np.bool_]:
    """bool[N]: what is kept out of training; by identity, so that nobody is in both parts."""
    out = np.zeros(len(pairs), bool)
    for kind in np.unique(pairs.kind):
        rows = np.flatnonzero(pairs.kind == kind)
        people = np.unique(pairs.identity[rows])
        if len(people) >= FEW:
            out[rows] = np.isin(pairs.identity[rows], people[HELD_EVERY // 2 :: HELD_EVERY])
        else:
            out[rows[-max(1, len(rows) // HELD_EVERY) :]] = True
    return out


def watched(pairs: Pairs, box: str, count: int = 120) -> Pairs:
    """A fixed choice of `count` rows at most, wide mouths and closing lids often among them."""
    chance = chances(pairs, box)
    count = min(count, int((chance > 0).sum()))
    rows = np.random.default_rng(9).choice(len(pairs), count, replace=False, p=chance)
    return pairs.take(np.sort(rows))


def steps_drawn(nets: Nets, batch: Batch, steps: int, noise_seed: int | None) -> Tensor:
    """Residual f32[N,3,h,w] in so many steps, all with one noise; no noise for seed None."""
    shape = (1, *batch.picture.shape[1:])
    noise = torch.zeros(shape) if noise_seed is None else _noise(noise_seed, shape)
    features = nets.features(batch)

    def predict(current: Tensor, at: float) -> Tensor:
        return nets.draw(batch, current, current.new_full((len(batch), 1), at), features)

    start = noise.to(batch.picture.device).expand_as(batch.picture)
    out: Tensor = sample(predict, start, steps)
    return out


def _noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(session_noise(seed, shape))


def pasted(nets: Nets, batch: Batch, residual: Tensor, box: str) -> Tensor:
    """Picture and residual as they are shown, f32[N,3,h,w] levels 0 to 255."""
    _, drawn, _ = nets.looked(batch, residual, box)
    return ((drawn + 1) * 127.5).clamp(0, 255)


def shown(nets: Nets, pairs: Pairs, steps: int, *, regression: bool = False) -> F32:
    """f32[N,h,w,3]: each pair's box with the residual pasted, nothing drawn before it."""
    device = str(next(nets.parameters()).device)
    box = box_of(pairs)
    parts = []
    with torch.no_grad():
        for part in _chunks(pairs):
            batch = nets.inner(batch_of(part, device))
            batch.previous = torch.zeros_like(batch.previous)
            drawn = steps_drawn(nets, batch, steps, None if regression else SESSION_SEED)
            parts.append(pasted(nets, batch, drawn, box).permute(0, 2, 3, 1).cpu().numpy())
    out: F32 = np.concatenate(parts)
    return out


def box_of(pairs: Pairs) -> str:
    """The name of the kind of box whose shape the pictures have. Raises ValueError."""
    return kind_of(pairs.picture.shape[1:3]).name


def _chunks(pairs: Pairs) -> Iterator[Pairs]:
    for begin in range(0, len(pairs), _CHUNK):
        yield pairs.take(slice(begin, begin + _CHUNK))


def psnr(picture: F32, truth: F32) -> F32:
    """f32[N]: decibels of each picture f32[N,h,w,3], levels 0 to 255."""
    error = np.square(picture - truth).mean(axis=(1, 2, 3))
    out: F32 = 10 * np.log10(255.0**2 / np.maximum(error, 0.01))
    return out


def edges(picture: F32) -> F32:
    """f32[N,h,w-1,3]: differences from column to column."""
    return np.diff(picture, axis=2)


def groups(pairs: Pairs) -> dict[str, NDArray[np.bool_]]:
    """The rows that figures are given for: the video, the stills, and those open (or closing)."""
    video = np.isin(pairs.kind, VIDEO)
    rare = pairs.open < SHUT if box_of(pairs) == "eye" else pairs.open > OPEN
    named = {"video": video, "stills": ~video}
    named |= {f"{name}_rare": rows & rare for name, rows in named.items()}
    return {name: rows for name, rows in named.items() if rows.any()}


def figures(pairs: Pairs, drawn: dict[str, F32]) -> dict[str, float]:
    """For each group and each way of drawing f32[N,h,w,3] (and the motion frame, "warp").

    PSNR; `edge`, mean error of differences; `sharp`, mean difference over the truth's.
    """
    truth = pairs.truth.astype(np.float32)
    ways = {"warp": pairs.picture.astype(np.float32)} | drawn
    out: dict[str, float] = {}
    for group, rows in groups(pairs).items():
        level = float(np.abs(edges(truth[rows])).mean())
        for way, picture in ways.items():
            steep = edges(picture[rows])
            out[f"{group}_{way}_psnr"] = float(psnr(picture[rows], truth[rows]).mean())
            out[f"{group}_{way}_edge"] = float(np.abs(steep - edges(truth[rows])).mean())
            out[f"{group}_{way}_sharp"] = float(np.abs(steep).mean()) / max(level, 1e-6)
    return out
