"""The stage that trains the person net: portraits about the face, before their walls and others.

Offline; CPU or GPU unchanged.
Never judges on people it was trained on: some are kept apart.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.face.person import SIDE_PX
from engines.values import F32, U8
from export.data.face_person import PersonSampler, cutouts
from export.nets.person import PersonNet
from export.train.face import Batch, Stage, pictures

APART = 20
"""People kept apart to judge on, of the training people."""
EDGE, EDGE_PX = 3.0, 7
"""How much more a pixel counts that lies so near the person's outline."""
OVERLAP = 0.5


def kept_apart(rows: list[int], seed: int) -> tuple[list[int], list[int]]:
    """Rows to train on and rows to judge on, at most a seventh."""
    order: NDArray[np.int64] = np.random.default_rng(seed).permutation(rows)
    count = min(APART, max(1, len(rows) // 7))
    return sorted(int(r) for r in order[count:]), sorted(int(r) for r in order[:count])


def person_loss(logits: Tensor, person: Tensor) -> Tensor:
    """Cross entropy, most at the outline, and overlap; both [N,1,S,S]."""
    pool, size = nn.functional.max_pool2d, EDGE_PX
    widest = pool(person, size, 1, size // 2)
    least = -pool(-person, size, 1, size // 2)
    weight = 1 + EDGE * (widest - least)
    cross = nn.functional.binary_cross_entropy_with_logits(logits, person, weight)
    chance = torch.sigmoid(logits)
    both = (chance * person).sum((1, 2, 3))
    total = chance.sum((1, 2, 3)) + person.sum((1, 2, 3))
    dice = 1 - (2 * both + 50) / (total + 50)
    value: Tensor = cross + OVERLAP * dice.mean()
    return value


def figures(chance: Tensor, truth: Tensor) -> dict[str, float]:
    """Mean and worst overlap with the teacher's mask."""
    said, true = chance > 0.5, truth > 0.5
    overlap = (said & true).sum((1, 2, 3)) / (said | true).sum((1, 2, 3)).clamp(min=1)
    return {"iou": float(overlap.mean()), "worst": float(overlap.min())}


def person_stage(photos: U8, masks: U8, points: F32, seed: int) -> Stage:
    """The stage of the person net for portraits u8[N,S,S,3], masks u8[N,S,S], f32[N,478,3]."""
    torch.manual_seed(seed)
    train, apart = (
        PersonSampler(cutouts(photos[rows], masks[rows], points[rows]))
        for rows in kept_apart(list(range(len(photos))), seed)
    )
    images, truth = apart.plain()
    held = pictures(images), torch.from_numpy(truth).float()[:, None] / 255

    def draw(count: int, rng: np.random.Generator) -> Batch:
        crops, person = train.batch(count, rng)
        return pictures(crops), torch.from_numpy(person)[:, None]

    def loss(net: nn.Module, batch: Batch) -> Tensor:
        return person_loss(net(batch[0]), batch[1])

    def judge(net: nn.Module) -> dict[str, float]:
        device = next(net.parameters()).device
        with torch.no_grad():
            seen = torch.sigmoid(net(held[0].to(device)))
            other = torch.sigmoid(net(held[0].flip(3).to(device))).flip(3)
        return figures(((seen + other) / 2).cpu(), held[1])

    return Stage("person", PersonNet(SIDE_PX), draw, loss, judge)
