"""The stage that trains the occlusion net: hidden mouths and eyes.

Offline; CPU or GPU unchanged.
Never draws while training: a seeded stock is made first and shown flipped, shifted and relit.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from engines.values import F32, U8
from export.data.face_occlusion import Occluded, OcclusionSampler
from export.nets.face import OcclusionNet, PointNet
from export.train.face import Batch, Stage, pictures

SHIFT_PX = 2


def changed(images: U8, hidden: F32, rng: np.random.Generator) -> tuple[U8, F32]:
    """u8[N,S,S,3] and f32[N,3], mirrored or not, each shifted by some pixels and relit."""
    out, answers = images.copy(), hidden.copy()
    for i in range(len(out)):
        if rng.random() < 0.5:
            out[i], answers[i] = out[i, :, ::-1].copy(), answers[i, [0, 2, 1]]
        out[i] = np.roll(out[i], tuple(rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2)), (0, 1))
        gain = np.exp(rng.normal(0, 0.1, 3)) * np.exp(rng.normal(0, 0.15))
        out[i] = (out[i] * gain).clip(0, 255).astype(np.uint8)
    return out, answers


def occlusion_loss(logits: Tensor, hidden: Tensor) -> Tensor:
    """Cross entropy where the answer is known."""
    known = (hidden != 0.5).float()
    each = nn.functional.binary_cross_entropy_with_logits(logits, hidden, reduction="none")
    value: Tensor = (each * known).sum() / known.sum().clamp(min=1)
    return value


def figures(logits: Tensor, hidden: Tensor) -> dict[str, float]:
    """Share of hidden parts seen as hidden, and of clear ones taken for hidden, at one half."""
    said = logits > 0
    return {
        "seen": float(said[hidden == 1].float().mean()),
        "false": float(said[hidden == 0].float().mean()),
    }


def occlusion_stage(
    train: OcclusionSampler, test: OcclusionSampler, mesh: PointNet, stock: int, seed: int
) -> Stage:
    """The stage of the occlusion net; it starts from the trunk of `mesh`."""
    torch.manual_seed(seed)
    made = train.batch(stock, np.random.default_rng((seed, 41)))
    held: Occluded = test.batch(max(8, min(400, stock // 8)), np.random.default_rng((seed, 42)))

    def draw(count: int, rng: np.random.Generator) -> Batch:
        rows = rng.integers(0, len(made.images), count)
        images, hidden = changed(made.images[rows], made.hidden[rows], rng)
        return pictures(images), torch.from_numpy(hidden)

    def loss(net: nn.Module, batch: Batch) -> Tensor:
        return occlusion_loss(net(batch[0]), batch[1])

    def judge(net: nn.Module) -> dict[str, float]:
        device = next(net.parameters()).device
        with torch.no_grad():
            out = net(pictures(held.images).to(device)).cpu()
        return figures(out, torch.from_numpy(held.hidden))

    return Stage("occlusion", OcclusionNet(mesh), draw, loss, judge)
