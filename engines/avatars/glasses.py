"""Whether somebody wears glasses: lines that skin has not, around the eyes and across the nose.

At onboarding; any thread, a few milliseconds.
Never finds where the frame runs, and does not see frames without rims.

The strip about the eyes is laid upright at one size. Frames leave thin lines in it (second
derivatives, one sign along their length) at the bridge, under the eyes, beside the nose, toward
the ears, and all around each eye. A logistic rule weighs the five; it was fitted to 148 portraits
without glasses, the same with drawn frames of many kinds, and 2 with real ones (each fifth left
out in turn: area under the curve 0.97; of those without, 3 in 148 come out above 0.15).
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import ARKIT_NAMES, F32, U8

_WIDE, _HIGH, _APART, _EYE_ROW = 200, 100, 80, 40
"""Of the strip, pixels: its sides, the distance of the eyes, the row they lie in."""
_SIGMA = 1.3
_ORDERS = ((2, 0), (0, 2), (1, 1))
_LEFT, _RIGHT = _WIDE // 2 - _APART // 2, _WIDE // 2 + _APART // 2


_WEIGHTS = np.array([1.015, 0.576, 0.231, 1.962, 2.218], np.float32)
_BIAS = -4.339
_NONE, _SURE = 0.6, 0.88
"""Probabilities by the rule that are taken for none and for sure."""
_PINNED = ("brow", "cheek", "noseSneer", "mouthSmile")
_LEAST = 0.12
"""Share of those shapes that is left under the frame: held quite stiff it would look cut out."""


def glasses(photo: U8, points: F32) -> float:
    """0 none, 1 sure. photo u8[S,S,3], points f32[478,3] in its pixels."""
    rule = float(lines(photo, points) @ _WEIGHTS) + _BIAS
    return float(np.clip((1 / (1 + np.exp(-rule)) - _NONE) / (_SURE - _NONE), 0, 1))


def pinned(deltas: F32, points: F32, worn: float) -> F32:
    """f32[52,468,3] offsets that leave a frame straight: shapes about the eyes held back there.

    worn in [0, 1]; at 0 the offsets come back as they are.
    """
    if worn <= 0:
        return deltas
    place = points[: lm.MESH_POINTS, :2]
    free = np.ones(lm.MESH_POINTS, np.float32)
    for eye in lm.EYES:
        a, b = (points[i, :2] for i in eye.corners)
        width = float(np.linalg.norm(b - a))
        away = (place - (a + b) / 2) / width
        far = np.hypot(away[:, 0] / 1.25, (away[:, 1] - 0.1) / 0.85)
        near = np.clip(1 - np.exp(-((np.maximum(far - 0.75, 0) / 0.22) ** 2)), _LEAST, 1)
        free = np.minimum(free, near)
    share = 1 + worn * (free - 1)
    out = deltas.copy()
    for i, name in enumerate(ARKIT_NAMES):
        if name.startswith(_PINNED):
            out[i] *= share[:, None]
    return out


def lines(photo: U8, points: F32) -> F32:
    """f32[5]: how strong lines are at the bridge, under, inside, outside of and around the eyes.

    photo u8[S,S,3], points f32[478,3] in its pixels.
    """
    strip = _strip(photo, points)
    across, upright = _second(strip, 0, 2), _second(strip, 2, 0)
    noise = float(np.median(np.abs(across))) + 0.15
    bridge = _best(across[16:52, 92:108])
    under = [_best(_bent(across[54:92, c - 16 : c + 16])) for c in (_LEFT, _RIGHT)]
    beside = [_best(upright[34:60, a:b].T) for a, b in ((70, 92), (108, 130))]
    outside = [_best(across[20:52, a:b]) for a, b in ((8, 22), (_WIDE - 22, _WIDE - 8))]
    found = [bridge, min(under), min(beside), min(outside), _rims(strip)]
    out: F32 = np.log(np.maximum(np.array(found, np.float32), 0) / noise + 0.2)
    return out


def _strip(photo: U8, points: F32) -> F32:
    """f32[H,W] log light of the strip about the eyes, upright."""
    left, right = points[[33, 133], :2].mean(0), points[[263, 362], :2].mean(0)
    along = right - left
    scale = _APART / float(along @ along)
    turn = scale * np.array([[along[0], along[1]], [-along[1], along[0]]], np.float32)
    shift = np.array([_WIDE / 2, _EYE_ROW], np.float32) - turn @ ((left + right) / 2)
    matrix = np.concatenate([turn, shift[:, None]], 1)
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    how = cv2.INTER_AREA if np.linalg.det(turn) < 1 else cv2.INTER_CUBIC
    laid = cv2.warpAffine(grey, matrix, (_WIDE, _HIGH), flags=how, borderMode=cv2.BORDER_REPLICATE)
    out: F32 = 40 * np.log(laid.astype(np.float32) + 12)
    return out


def _second(strip: F32, along_x: int, along_y: int) -> F32:
    """Second derivative at the scale of a frame."""
    soft = cv2.GaussianBlur(strip, (0, 0), _SIGMA)
    out: F32 = cv2.Sobel(soft, cv2.CV_32F, along_x, along_y, ksize=3)
    return out


def _rims(strip: F32) -> float:
    """The strongest pair of closed outlines, one about each eye, alike but mirrored.

    Of their points' second derivatives across the line the lower third counts: a whole outline.
    """
    soft = cv2.GaussianBlur(strip, (0, 0), _SIGMA)
    xx, yy, xy = (cv2.Sobel(soft, cv2.CV_32F, *order, ksize=3) for order in _ORDERS)
    shapes, normals = _outlines()
    pair = []
    for centre, side in ((_LEFT, -1), (_RIGHT, 1)):
        columns = np.clip(np.rint(centre + side * shapes[..., 0]).astype(int), 0, _WIDE - 1)
        rows = np.clip(np.rint(_EYE_ROW + shapes[..., 1]).astype(int), 0, _HIGH - 1)
        nx, ny = side * normals[..., 0], normals[..., 1]
        at = (rows, columns)
        pair.append(nx * nx * xx[at] + 2 * nx * ny * xy[at] + ny * ny * yy[at])
    both = np.concatenate(pair, 1)
    return float(max(np.percentile(sign * both, 33, axis=1).max() for sign in (1, -1)))


@cache
def _outlines() -> tuple[F32, F32]:
    """f32[N,48,2] points of superellipses about (0, 0), x outward, y down; and their normals."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    c, s = np.cos(turn), np.sin(turn)
    points, normals = [], []
    sizes = product((28, 31, 34, 37), (19, 23, 27, 31), (0, 4, 8, 12), (-1, 2), (2.0, 3.5))
    for wide, high, down, out, power in sizes:
        x, y = (np.sign(v) * np.abs(v) ** (2 / power) for v in (c, s))
        points.append(np.stack([out + wide * x, down + high * y], 1))
        across = np.stack([np.sign(x) * np.abs(x) ** (power - 1) / wide,
                           np.sign(y) * np.abs(y) ** (power - 1) / high], 1)  # fmt: skip
        normals.append(across / (np.linalg.norm(across, axis=1, keepdims=True) + 1e-9))
    return np.array(points, np.float32), np.array(normals, np.float32)


def _best(part: F32) -> float:
    """The strongest row: the mean over its length, so that only a whole line counts."""
    return float(np.abs(part.mean(1)).max())


def _bent(part: F32) -> F32:
    """Rows that curve down in the middle as the lower rim does; the best bend of three."""
    columns = np.arange(part.shape[1]) - part.shape[1] / 2
    bends = []
    for bend in (0.0, 0.01, 0.022):
        rows = np.clip(
            np.arange(part.shape[0])[:, None] - np.rint(bend * columns**2).astype(int)[None],
            0,
            part.shape[0] - 1,
        )
        bends.append(np.take_along_axis(part, rows, 0))
    return max(bends, key=_best)
