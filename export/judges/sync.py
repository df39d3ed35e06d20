"""Does sound fit mouths: curves over offsets, the distances they are judged by, right and wrong.

Offline (torch); the net is one of our own training, so it is no judge of a net trained on it.
Never looks at one window alone: a clip is judged by all of its windows together.

Sync-D is the least mean distance over offsets, Sync-C the median less the least, the offset where
it lies (as SyncNet's evaluation defines them), on unit vectors of our own: not its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engines.values import F32
from export.nets.sync import FRAMES, ROWS, SyncNet, SyncNetConfig, centred
from export.train.sync_data import SyncClip

REACH = 7
"""Offsets of up to so many frames are tried: chance is one in fifteen."""
NEAR = 1
"""Frames: what SyncNet's makers call in sync."""
_BATCH = 64


@dataclass(frozen=True, slots=True)
class SyncFigures:
    """Over clips."""

    clips: int
    exact: float
    """Share of clips whose best offset is 0."""
    near: float
    """Share within NEAR frames."""
    window: float
    """Share of single windows (0.2 s) whose best offset is within NEAR."""
    right: float
    """Share of pairs (own sound, another clip's) in which the own one fits better."""
    confidence: float
    """Mean Sync-C."""
    distance: float
    """Mean Sync-D."""
    offset: float
    """Median of best offsets, frames; positive: the sound comes late."""


def load_net(folder: Path) -> SyncNet:
    """The net of a training run's folder. Raises FileNotFoundError."""
    from safetensors.torch import load_file

    path = folder / "checkpoint.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no sync expert; run: python -m export train sync")
    tensors = {n[4:]: v for n, v in load_file(str(path)).items() if n.startswith("net.")}
    width, size = int(tensors["mouth.0.weight"].shape[0]), int(tensors["mouth.14.bias"].shape[0])
    net = SyncNet(SyncNetConfig(width=width, size=size))
    net.load_state_dict(tensors)
    return net.eval()


def seen(net: SyncNet, clip: SyncClip) -> F32:
    """Unit f32[F-4,size]: the mouths from each frame on."""
    mouths = torch.as_tensor(clip.mouths).float() / 127.5 - 1
    stack = mouths.unfold(0, FRAMES, 1).permute(0, 3, 1, 2)
    return _in_batches(lambda part: net.see(centred(part, mouths.mean(0))), stack)


def heard(net: SyncNet, clip: SyncClip) -> F32:
    """Unit f32[F-4,size]: the sound from each frame on."""
    rows = torch.as_tensor(clip.sound).reshape(-1, clip.sound.shape[-1])
    stack = rows.unfold(0, ROWS, 4).permute(0, 2, 1)
    return _in_batches(net.hear, stack)


def curves(mouths: F32, sounds: F32, span: tuple[int, int], reach: int = REACH) -> F32:
    """Distances f32[windows, 2 reach + 1] of mouths to the sound at each offset.

    Windows whose sound would lie past either end are left out.
    """
    first, last = max(span[0], reach), min(span[1] - FRAMES + 1, len(sounds) - reach, len(mouths))
    rows = [
        np.linalg.norm(sounds[i - reach : i + reach + 1] - mouths[i], axis=1)
        for i in range(first, last)
    ]
    out: F32 = np.asarray(rows, np.float32).reshape(-1, 2 * reach + 1)
    return out


def figures(net: SyncNet, clips: Sequence[SyncClip], sounds: Sequence[int] = ()) -> SyncFigures:
    """Of clips with their own sound, or with that of the clip whose index `sounds` names.

    Raises ValueError when no clip is long enough.
    """
    with torch.inference_mode():
        mouths = [seen(net, clip) for clip in clips]
        voices = [heard(net, clip) for clip in clips]
    chosen = list(sounds) or list(range(len(clips)))
    means, best, near = [], [], []
    for i, clip in enumerate(clips):
        curve = curves(mouths[i], voices[chosen[i]], clip.span)
        if not len(curve):
            continue
        means.append(curve.mean(0))
        best.append(int(means[-1].argmin()) - REACH)
        near.append(float((np.abs(curve.argmin(1) - REACH) <= NEAR).mean()))
    if not means:
        raise ValueError("no clip is long enough to be judged")
    curve = np.stack(means)
    off = np.abs(best)
    return SyncFigures(
        len(means),
        float((off == 0).mean()),
        float((off <= NEAR).mean()),
        float(np.mean(near)),
        _right(mouths, voices, clips),
        float((np.median(curve, 1) - curve.min(1)).mean()),
        float(curve.min(1).mean()),
        float(np.median(best)),
    )


def _right(mouths: Sequence[F32], voices: Sequence[F32], clips: Sequence[SyncClip]) -> float:
    won, pairs = 0.0, 0
    for i, clip in enumerate(clips):
        rows = np.arange(clip.span[0], clip.span[1])
        for j in range(len(clips)):
            if j == i:
                continue
            use = rows[rows < min(len(mouths[i]), len(voices[i]), len(voices[j]))]
            if not len(use):
                continue
            own = (mouths[i][use] * voices[i][use]).sum(1).mean()
            other = (mouths[i][use] * voices[j][use]).sum(1).mean()
            won += float(own > other)
            pairs += 1
    return won / max(pairs, 1)


def _in_batches(run: Callable[[Tensor], Tensor], stack: Tensor) -> F32:
    with torch.inference_mode():
        parts = [run(stack[i : i + _BATCH]).numpy() for i in range(0, len(stack), _BATCH)]
    out: F32 = np.concatenate(parts)
    return out
