"""The last layer of a point net, solved at once: ridge regression of what the net still misses.

Offline; CPU. Minutes of gradient steps leave the last layer far from its optimum; this does not.
Never uses a held-out portrait: the ridge is chosen on crops of faces drawn apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engines.values import F32, U8
from export.nets.face import PointNet, level
from export.train.face import pictures

RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Multiples of the mean feature power."""
F64 = NDArray[np.float64]


def features(net: PointNet, images: U8) -> tuple[F32, F32]:
    """Trunk output f32[N,D] and the net's points f32[N,P*3] of u8[N,S,S,3]."""
    net.eval()
    flats, outs = [], []
    with torch.no_grad():
        for start in range(0, len(images), 64):
            flat = net.trunk(level(pictures(images[start : start + 64])))
            out = net.basis(net.modes(torch.relu(net.squeeze(flat))))
            flats.append(flat.numpy())
            outs.append(out.numpy())
    return np.concatenate(flats), np.concatenate(outs)


def solve(flat: F32, missing: F32, ridges: Sequence[float]) -> list[tuple[F64, F64]]:
    """For each ridge the weights f64[D,M] and bias f64[M] of missing f32[N,M] on flat f32[N,D]."""
    mean_x, mean_y = flat.mean(0), missing.mean(0)
    x, y = flat - mean_x, missing - mean_y
    power = float(np.square(x).mean())
    # The smaller of the two Gram matrices: features by features, or crops by crops.
    tall = len(x) >= x.shape[1]
    gram = (x.T @ x if tall else x @ x.T).astype(np.float64) / len(x)
    values, vectors = np.linalg.eigh(gram)
    turned = vectors.T @ ((x.T @ y if tall else y).astype(np.float64) / len(x))
    out = []
    for ridge in ridges:
        weight = vectors @ (turned / (values.clip(0) + ridge * power)[:, None])
        if not tall:
            weight = x.T @ weight
        out.append((weight, mean_y - mean_x @ weight))
    return out


def mend(net: PointNet, train: tuple[U8, F32], check: tuple[U8, F32]) -> dict[str, float]:
    """Set the net's closed-form layer; train and check are crops u8[N,S,S,3], points f32[N,P,3].

    Returns the mean flat error on `check` before and after, in crop sides, and the ridge taken.
    """
    flat, out = features(net, train[0])
    missing = train[1].reshape(len(flat), -1) - out
    modes = net.mend.out_features
    _, _, rows = np.linalg.svd(missing[:2000] - missing[:2000].mean(0), full_matrices=False)
    basis = rows[:modes]
    solved = solve(flat, missing @ basis.T, RIDGES)
    flat_c, out_c = features(net, check[0])
    truth = check[1].reshape(len(flat_c), -1)

    def error(points: F32) -> float:
        away = (points - truth).reshape(len(truth), -1, 3)[..., :2]
        return float(np.linalg.norm(away, axis=-1).mean())

    tried = [error(out_c + (flat_c @ w + b) @ basis) for w, b in solved]
    best = int(np.argmin(tried))
    weight, bias = solved[best]
    with torch.no_grad():
        net.mend.weight[: len(basis)] = torch.from_numpy(weight.T.astype(np.float32))
        net.mend.bias[: len(basis)] = torch.from_numpy(bias.astype(np.float32))
        net.mend_basis.weight[:, : len(basis)] = torch.from_numpy(basis.T.astype(np.float32))
    return {"before": error(out_c), "after": tried[best], "ridge": RIDGES[best]}
