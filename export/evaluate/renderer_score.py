"""Scores many ways to draw on the same test pairs: every figure, one number a picture.

Offline; the perceptual judge sees each truth once.
Never picks pairs by how they come out: which are scored is drawn by a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from engines.render.boxes import EYE, Kind
from engines.values import F32
from export.data.render_pairs import Pairs
from export.evaluate.renderer_draw import Way, draw
from export.evaluate.renderer_metrics import psnr, sharpness, ssim
from export.judges.perceptual import Perceptual, as_levels

OPEN_GAP = 0.12
"""Inner lips this far apart, in widths of the mouth, are an open mouth."""
BLINK_SHARE = 0.5
"""Lids below this share of the same person's open ones are a blink."""
_WIDE_OPEN = 90
"""Percentile of a person's lids that counts as open."""
_CHUNK = 8
_SEED = 11
_POOLED_BLOCK = 4
FIGURES = ("psnr", "ssim", "lpips", "sharp")


@dataclass(slots=True)
class Scores:
    """Of one way on N pairs."""

    psnr: list[F32] = field(default_factory=list)
    ssim: list[F32] = field(default_factory=list)
    lpips: list[F32] = field(default_factory=list)
    sharp: list[F32] = field(default_factory=list)
    """Steps |dx| on lips, lids and openings, grey levels."""
    pooled: list[F32] = field(default_factory=list)
    """Features for the Frechet distance, f32[N,512]."""

    def column(self, name: str) -> F32:
        """All chunks of a figure."""
        return np.concatenate(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Scored:
    """All ways on the pairs of one box and kind."""

    kind: str
    people: NDArray[np.str_]
    base: NDArray[np.bool_]
    """The pairs drawn as they come; the others were added because they are `wide`."""
    wide: NDArray[np.bool_]
    """Open mouths, or blinks."""
    ways: dict[str, Scores]
    truth: Scores
    """Only `sharp` and `pooled`."""


def is_wide(kind: Kind, pairs: Pairs) -> NDArray[np.bool_]:
    """bool[N]: open mouths, or blinks (against the same person's open lids, at rest or not)."""
    if kind is not EYE:
        return pairs.open > OPEN_GAP
    out = np.zeros(len(pairs), bool)
    for name in np.unique(pairs.identity):
        mine = pairs.identity == name
        usual = float(np.percentile(pairs.open[mine], _WIDE_OPEN))
        out[mine] = pairs.open[mine] < BLINK_SHARE * usual
    return out


def choose(wide: NDArray[np.bool_], limit: int) -> NDArray[np.int64]:
    """Rows: at most `limit` as they come, then at most half as many more that are `wide`."""
    order = np.random.default_rng(_SEED).permutation(len(wide))
    rest = order[limit:]
    return np.concatenate([order[:limit], rest[wide[rest]][: limit // 2]])


def score(
    box: Kind,
    pairs: Pairs,
    limit: int,
    ways: Sequence[Way],
    judge: Perceptual | None,
    on_pairs: Callable[[int], None] = lambda _: None,
) -> Scored:
    """Draw and score; without a judge, `lpips` and `pooled` are nan. Raises ValueError for none."""
    if not len(pairs):
        raise ValueError("no pairs to score")
    wide = is_wide(box, pairs)
    rows = choose(wide, limit)
    chosen, wide, base = pairs.take(rows), wide[rows], np.arange(len(rows)) < limit
    found = {way.name: Scores() for way in ways}
    truth = Scores()
    for start in range(0, len(chosen), _CHUNK):
        part = chosen.take(slice(start, start + _CHUNK))
        _score_chunk(box, part, ways, judge, found, truth)
        on_pairs(len(part))
    name = str(chosen.kind[0])
    return Scored(name, chosen.identity, base, wide, found, truth)


def _score_chunk(
    box: Kind,
    pairs: Pairs,
    ways: Sequence[Way],
    judge: Perceptual | None,
    found: dict[str, Scores],
    truth: Scores,
) -> None:
    marked = pairs.masks.max(1)
    truth.sharp.append(sharpness(pairs.truth, marked))
    nothing = np.full(len(pairs), np.nan, np.float32)
    with torch.inference_mode():
        if judge is not None:
            goal, seen = judge.described(as_levels(pairs.truth), _POOLED_BLOCK)
            truth.pooled.append(seen.numpy())
        for way in ways:
            drawn = draw(way, box, pairs)
            scores = found[way.name]
            scores.psnr.append(psnr(drawn, pairs.truth))
            scores.ssim.append(ssim(drawn, pairs.truth))
            scores.sharp.append(sharpness(drawn, marked))
            if judge is None:
                scores.lpips.append(nothing)
                continue
            features, pooled = judge.described(as_levels(drawn), _POOLED_BLOCK)
            scores.lpips.append(judge.between(features, goal).numpy())
            scores.pooled.append(pooled.numpy())
