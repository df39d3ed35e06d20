"""Backdrops drawn by this program: what may stand behind a person instead of the photo's own wall.

Any thread; some tens of milliseconds, once per renderer.
Never read from a file and never random: a name and a size give one picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np

from engines.render.cv import cv2
from engines.values import F32, U8

BackdropName = Literal["studio-light", "studio-dark", "studio-blue", "daylight", "evening", "dusk"]
BACKDROPS: tuple[BackdropName, ...] = get_args(BackdropName)
_SIDE = 256
"""They are drawn this small and enlarged: nothing in them is sharp, as behind a portrait lens."""
_GRAIN = 0.9
"""Standard deviation in grey levels: without it smooth gradients show bands after encoding."""


def backdrop(name: str, size: int) -> U8:
    """u8[size,size,3] BGR. Raises ValueError for an unknown name."""
    draw = _DRAW.get(name)
    if draw is None:
        raise ValueError(f"no backdrop {name!r}; there are {', '.join(BACKDROPS)}")
    axis = ((np.arange(_SIDE) + 0.5) / _SIDE).astype(np.float32)
    xs, ys = np.meshgrid(axis, axis)
    small = draw(xs, ys).astype(np.float32)
    large = cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(size).normal(0, _GRAIN, (size, size, 1)).astype(np.float32)
    out: U8 = np.rint(np.clip(large + grain, 0, 255)).astype(np.uint8)
    return out


def _colour(text: str) -> F32:
    """f32[3] BGR of rrggbb."""
    return np.array([int(text[i : i + 2], 16) for i in (4, 2, 0)], np.float32)


def _mix(first: F32, second: F32, share: F32) -> F32:
    out: F32 = first + share[..., None] * (second - first)
    return out


def _glow(xs: F32, ys: F32, x: float, y: float, wide: float, high: float) -> F32:
    """f32[S,S]: a soft spot, 1 in its middle."""
    out: F32 = np.exp(-(((xs - x) / wide) ** 2) - ((ys - y) / high) ** 2).astype(np.float32)
    return out


def _wall(middle: str, edge: str, x: float, y: float) -> Callable[[F32, F32], F32]:
    """A lit wall: brightest at (x, y), falling off to its edges and a little to the floor."""

    def draw(xs: F32, ys: F32) -> F32:
        lit = _glow(xs, ys, x, y, 0.55, 0.6)
        picture = _mix(_colour(edge), _colour(middle), lit)
        out: F32 = picture * (1 - 0.10 * np.clip(ys - 0.6, 0, 1)[..., None])
        return out

    return draw


def _daylight(xs: F32, ys: F32) -> F32:
    """A bright room out of focus: a window on the left, a shelf and a plant on the right."""
    picture = _mix(_colour("e9e4da"), _colour("c9c2b4"), 0.6 * xs + 0.4 * ys)
    for left, right in ((0.02, 0.15), (0.18, 0.31)):
        picture[:, :][(xs > left) & (xs < right) & (ys < 0.62)] = _colour("fdfdf8")
    picture[(ys > 0.72) & (xs < 0.38)] = _colour("b7a88f")
    for top, colour in ((0.18, "a08f78"), (0.44, "a08f78")):
        picture[(xs > 0.74) & (ys > top) & (ys < top + 0.03)] = _colour(colour)
    for x, y, wide, high, colour in (
        *((0.79, 0.12, 0.035, 0.12, "8c5a4a"), (0.85, 0.13, 0.030, 0.11, "4f6b7a")),
        *((0.92, 0.11, 0.045, 0.14, "c9a26a"), (0.82, 0.39, 0.055, 0.10, "7f8c6a")),
        *((0.93, 0.40, 0.035, 0.09, "6a5f55"),),
    ):
        picture[(np.abs(xs - x) < wide) & (np.abs(ys - y) < high / 2)] = _colour(colour)
    leaves = np.zeros_like(xs)
    for x, y in ((0.86, 0.66), (0.93, 0.62), (0.80, 0.72), (0.90, 0.74), (0.97, 0.70)):
        leaves = np.maximum(leaves, (_glow(xs, ys, x, y, 0.05, 0.07) > 0.4).astype(np.float32))
    picture = _mix(picture, np.broadcast_to(_colour("5d7d55"), picture.shape), leaves)
    blurred: F32 = cv2.GaussianBlur(picture, (0, 0), 0.030 * _SIDE)
    return blurred


def _evening(xs: F32, ys: F32) -> F32:
    """A street at night far behind: discs of warm and cold light, as a wide lens draws them."""
    picture = _mix(_colour("1c2230"), _colour("0d1018"), np.clip(np.abs(ys - 0.45) * 1.7, 0, 1))
    light = np.zeros_like(picture)
    rng = np.random.default_rng(7)
    colours = [_colour(text) for text in ("ffb45e", "ff8a4c", "ffd9a0", "7fb2ff", "ff5f56")]
    for _ in range(34):
        x, y = rng.uniform(0, 1), np.clip(rng.normal(0.46, 0.17), 0.02, 0.95)
        radius = rng.uniform(0.022, 0.055)
        disc = np.clip((radius - np.hypot(xs - x, ys - y)) * _SIDE / 2 + 0.5, 0, 1)
        colour = colours[int(rng.integers(len(colours)))]
        light += rng.uniform(0.16, 0.5) * disc[..., None] * colour
    out: F32 = cv2.GaussianBlur(picture + light, (0, 0), 0.009 * _SIDE)
    return out


def _dusk(xs: F32, ys: F32) -> F32:
    """A low sun over hills."""
    picture = _mix(_colour("5f7bb0"), _colour("f3b48a"), np.clip(ys / 0.62, 0, 1) ** 1.4)
    picture = _mix(picture, _colour("ffe3b8"), 0.8 * _glow(xs, ys, 0.24, 0.56, 0.22, 0.16))
    for height, wave, colour in (
        (0.66, 2.3, "8c7286"),
        (0.76, 3.7, "5f5266"),
        (0.87, 1.9, "3c3645"),
    ):
        ridge = height + 0.025 * np.sin(wave * np.pi * xs + 9 * height)
        hill = np.clip((ys - ridge) * _SIDE / 8, 0, 1)
        picture = _mix(picture, _colour(colour), hill)
    out: F32 = cv2.GaussianBlur(picture, (0, 0), 0.018 * _SIDE)
    return out


_DRAW: Mapping[str, Callable[[F32, F32], F32]] = {
    "studio-light": _wall("f1efec", "bdbab5", 0.5, 0.42),
    "studio-dark": _wall("565a61", "17191d", 0.42, 0.38),
    "studio-blue": _wall("7fa3c4", "24405f", 0.55, 0.40),
    "daylight": _daylight,
    "evening": _evening,
    "dusk": _dusk,
}
