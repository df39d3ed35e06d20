"""What one step of renderer training sees: which pairs, what is hidden, what came before.

Offline; numpy draws the rows, torch holds the batch.
Never looks at a test shard: it is given the pairs it may use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engines.emotion.values import Z_SIZE
from engines.features import MEL_BINS
from engines.motion.style import STYLE_NAMES
from engines.render.conditions import CONDITION_SIZE
from engines.values import F32, MOTION_SIZE, U8
from export.data.render_pairs import Pairs

SHARES = {"grid": 0.12, "restore": 0.24, "cycle": 0.06, "spoken": 0.58, "kept": 0.14}
"""How often a kind is drawn; those that are not there give their share to the others."""
OFTEN = 3.0
"""Times that an open mouth or a closing lid is drawn for each other example of its kind."""
RARE_SHARE = 0.3
CUE_DROP = 0.15
MOTION_DROP = 0.05
REFERENCE_DROP = 0.1
LEVEL = 127.5
_ENDS = np.cumsum((MOTION_SIZE, MEL_BINS, Z_SIZE, len(STYLE_NAMES)))


@dataclass(slots=True)
class Batch:
    """Tensors of N examples, shapes as the nets want them; `residual` is the truth."""

    picture: Tensor
    masks: Tensor
    residual: Tensor
    rest: Tensor
    rest_masks: Tensor
    before: Tensor
    """Picture of the frame before; this one's where there is none."""
    previous: Tensor
    """True residual of the frame before."""
    has_previous: Tensor
    condition: Tensor

    def __len__(self) -> int:
        return len(self.picture)

    def first(self, count: int) -> Batch:
        """The first `count` examples."""
        return type(self)(*(getattr(self, f.name)[:count] for f in fields(self)))


def chances(
    pairs: Pairs, box: str, shares_of_kinds: Mapping[str, float] = SHARES
) -> NDArray[np.float64]:
    """f64[N]: chance of each pair; kinds by their shares, rare openings OFTEN.

    Rare are the widest mouths (mouth) and the narrowest lids (eye) of each kind.
    """
    out = np.zeros(len(pairs.open))
    for kind in np.unique(pairs.kind):
        rows = np.flatnonzero(pairs.kind == kind)
        opening = -pairs.open[rows] if box == "eye" else pairs.open[rows]
        rare = opening > np.quantile(opening, 1 - RARE_SHARE)
        weight = np.where(rare, OFTEN, 1.0)
        out[rows] = shares_of_kinds.get(str(kind), 0.1) * weight / weight.sum()
    total: NDArray[np.float64] = out / out.sum()
    return total


def levels(pictures: U8, device: str) -> Tensor:
    """u8[N,h,w,3] -> f32[N,3,h,w] in [-1,1], channels last in memory."""
    moved = torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2)
    return (moved.float() / LEVEL - 1).contiguous(memory_format=torch.channels_last)


def shares(masks: U8, device: str) -> Tensor:
    """u8[N,2,h,w] -> f32[N,2,h,w] in [0,1]."""
    moved = torch.from_numpy(np.ascontiguousarray(masks)).to(device).float() / 255
    return moved.contiguous(memory_format=torch.channels_last)


def batch_of(pairs: Pairs, device: str = "cpu") -> Batch:
    """Every row of `pairs` as tensors."""
    picture = levels(pairs.picture, device)
    there = torch.from_numpy(pairs.has_previous).to(device)
    seen = there[:, None, None, None]
    before = levels(pairs.previous_picture, device)
    previous = (levels(pairs.previous_truth, device) - before) * seen
    return Batch(
        picture=picture,
        masks=shares(pairs.masks, device),
        residual=levels(pairs.truth, device) - picture,
        rest=levels(pairs.rest, device),
        rest_masks=shares(pairs.rest_masks, device),
        before=torch.where(seen, before, picture),
        previous=previous,
        has_previous=there,
        condition=torch.from_numpy(pairs.condition).to(device),
    )


def kept_cues(count: int, rng: np.random.Generator) -> F32:
    """f32[N,212] of 0 and 1: what of the condition each example is shown.

    Sound, emotion and manner go with the flag that says they are there; motion now and then.
    """
    kept = np.ones((count, CONDITION_SIZE), np.float32)
    kept[rng.random(count) < MOTION_DROP, : _ENDS[0]] = 0
    for cue in range(3):
        hidden = rng.random(count) < CUE_DROP
        kept[hidden, _ENDS[cue] : _ENDS[cue + 1]] = 0
        kept[hidden, _ENDS[-1] + cue] = 0
    return kept


def perturbed(residual: Tensor, rng: np.random.Generator) -> Tensor:
    """A residual f32[N,3,h,w] as a net would have drawn it a frame earlier: moved, weaker, soft."""
    count, planes = residual.shape[:2]
    # A step in a latent is eight pixels wide.
    reach = 2 if planes == 3 else 0
    rolled = torch.stack(
        [
            torch.roll(one, tuple(int(v) for v in rng.integers(-reach, reach + 1, 2)), dims=(1, 2))
            for one in residual
        ]
    )
    gain = torch.from_numpy(rng.uniform(0.6, 1.1, (count, 1, 1, 1)).astype(np.float32))
    soft = functional.avg_pool2d(rolled, 3, stride=1, padding=1)
    blur = torch.from_numpy((rng.random((count, 1, 1, 1)) < 0.5).astype(np.float32))
    blur, gain = blur.to(residual.device), gain.to(residual.device)
    shade = torch.from_numpy(0.02 * rng.standard_normal((count, planes, 1, 1)).astype(np.float32))
    out: Tensor = (rolled + blur * (soft - rolled)) * gain + shade.to(residual.device)
    return out


def noise_like(batch: Batch, rng: np.random.Generator) -> Tensor:
    """Standard normal noise of the shape of a residual."""
    drawn = rng.standard_normal(tuple(batch.picture.shape), dtype=np.float32)
    moved = torch.from_numpy(drawn).to(batch.picture.device)
    return moved.contiguous(memory_format=torch.channels_last)
