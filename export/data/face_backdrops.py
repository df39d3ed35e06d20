"""Pictures without a face: textures, noise, landscapes, rooms, drawn faces.

Offline; pure but for the generator handed in.
Never uses a photo: everything is drawn from numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engines.render.cv import cv2
from engines.values import F32, U8

Draw = Callable[[int, np.random.Generator], U8]


def colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """A BGR colour."""
    b, g, r = rng.uniform(0, 255, 3)
    return float(b), float(g), float(r)


def ink(rng: np.random.Generator) -> F32:
    """A BGR colour as f32[3]."""
    return np.array(colour(rng), np.float32)


def clouds(side: int, rng: np.random.Generator, channels: int = 3) -> F32:
    """f32[side,side,channels] about 0-1: noise in octaves."""
    total = np.zeros((side, side, channels), np.float32)
    fall = rng.uniform(0.35, 0.9)
    for octave in range(1, 7):
        cells = min(2**octave + 1, side)
        layer = rng.random((cells, cells, channels), np.float32)
        layer = cv2.resize(layer, (side, side), interpolation=cv2.INTER_LINEAR)
        total += np.float32(fall**octave) * layer.reshape(side, side, channels)
    low, high = total.min(), total.max()
    out: F32 = (total - low) / np.float32(max(float(high - low), 1e-6))
    return out


def noise(side: int, rng: np.random.Generator) -> U8:
    """Coloured clouds between two or three colours."""
    if rng.random() < 0.5:
        out: U8 = (clouds(side, rng) * rng.uniform(80, 255)).astype(np.uint8)
        return out
    share = clouds(side, rng, 1)
    mixed = share * np.array(colour(rng)) + (1 - share) * np.array(colour(rng))
    both: U8 = mixed.astype(np.uint8)
    return both


def gradient(side: int, rng: np.random.Generator) -> U8:
    """A wall: one colour to another, a little grain."""
    line = np.linspace(-1, 1, side, dtype=np.float32)
    angle = np.float32(rng.uniform(0, 2 * np.pi))
    share = (line[None] * np.cos(angle) + line[:, None] * np.sin(angle)) * 0.5 + 0.5
    if rng.random() < 0.3:
        share = np.hypot(line[None] - rng.uniform(-1, 1), line[:, None] - rng.uniform(-1, 1)) / 2
    first, second = ink(rng), ink(rng)
    if rng.random() < 0.6:
        second = first + rng.normal(0, 25, 3).astype(np.float32)
    wall = share[..., None] * first + (1 - share[..., None]) * second
    wall += rng.standard_normal(wall.shape, np.float32) * rng.uniform(0, 6)
    out: U8 = wall.clip(0, 255).astype(np.uint8)
    return out


def landscape(side: int, rng: np.random.Generator) -> U8:
    """Sky, sun and ridges, each nearer one darker and rougher."""
    out = gradient(side, rng).astype(np.float32)
    sun = (int(rng.integers(0, side)), int(rng.integers(0, side // 2)))
    cv2.circle(out, sun, int(rng.integers(4, side // 5)), colour(rng), -1)
    grain = clouds(side, rng, 1) * 60
    level = rng.uniform(0.3, 0.6)
    for _ in range(int(rng.integers(2, 6))):
        line = clouds(64, rng, 1)[0, :, 0] * rng.uniform(0.05, 0.35) + level
        ridge = np.interp(np.linspace(0, 63, side), np.arange(64), line)
        rows = np.arange(side)[:, None] / side
        ground = grain + ink(rng) * np.float32(rng.uniform(0.3, 0.9))
        out = np.where((rows > ridge[None])[..., None], ground, out)
        level += rng.uniform(0.05, 0.2)
    return cv2.GaussianBlur(out, (0, 0), 0.8).clip(0, 255).astype(np.uint8)  # type: ignore[no-any-return]


def shapes(side: int, rng: np.random.Generator) -> U8:
    """A still life of ellipses, boxes and lines: rooms, shelves, plates."""
    out = gradient(side, rng)
    for _ in range(int(rng.integers(4, 40))):
        at = tuple(int(v) for v in rng.integers(0, side, 2))
        kind = rng.integers(3)
        size = tuple(int(v) for v in rng.integers(2, side // 3, 2))
        if kind == 0:
            cv2.ellipse(out, at, size, float(rng.uniform(0, 180)), 0, 360, colour(rng), -1, 16)
        elif kind == 1:
            cv2.rectangle(out, at, (at[0] + size[0], at[1] + size[1]), colour(rng), -1)
        else:
            end = tuple(int(v) for v in rng.integers(0, side, 2))
            cv2.line(out, at, end, colour(rng), int(rng.integers(1, 8)), 16)
    if rng.random() < 0.5:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.5, 5)))
    return out


def pattern(side: int, rng: np.random.Generator) -> U8:
    """Stripes, checks or dots, bent a little."""
    line = np.arange(side, dtype=np.float32)
    bend = (clouds(side, rng, 2) - 0.5) * rng.uniform(0, 40)
    x, y = line[None] + bend[..., 0], line[:, None] + bend[..., 1]
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(4, 60)
    u = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / pitch
    v = (y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / (pitch * rng.uniform(0.5, 2))
    wave = rng.choice(3)
    share = np.sin(u) if wave == 0 else np.sin(u) * np.sin(v)
    if wave == 2:
        share = (np.hypot(np.mod(u, 6.28) - 3, np.mod(v, 6.28) - 3) < 1.8) * 2.0 - 1
    share = (np.clip(share * rng.uniform(1, 8), -1, 1) * 0.5 + 0.5)[..., None]
    out: U8 = (share * ink(rng) + (1 - share) * ink(rng)).astype(np.uint8)
    return out


def cells(side: int, rng: np.random.Generator) -> U8:
    """Nearest-seed cells: pebbles, leaves, crowds without faces."""
    count = int(rng.integers(10, 120))
    seeds = rng.uniform(0, side, (count, 2)).astype(np.float32)
    inks = rng.uniform(0, 255, (count, 3))
    small = side // 2
    line = np.arange(small, dtype=np.float32) * 2
    at = np.stack(np.meshgrid(line, line), -1).reshape(-1, 1, 2)
    away = ((at - seeds[None]) ** 2).sum(-1)
    near = away.argmin(1)
    depth = np.sqrt(away.min(1)).reshape(small, small, 1) / (side / np.sqrt(count))
    out = inks[near].reshape(small, small, 3) * (1.1 - 0.8 * depth.clip(0, 1))
    big: U8 = cv2.resize(out.clip(0, 255).astype(np.uint8), (side, side))
    return big


def cartoon(side: int, rng: np.random.Generator) -> U8:
    """A drawn face: outline, dots, an arc. Not a face to bring to life."""
    out = BACKDROPS[int(rng.integers(len(BACKDROPS)))](side, rng)
    for _ in range(int(rng.integers(1, 3))):
        scale = rng.uniform(0.08, 0.38) * side
        _drawn_face(out, (rng.uniform(0.2, 0.8, 2) * side).astype(np.float32), scale, rng)
    return out


def _drawn_face(out: U8, middle: F32, scale: float, rng: np.random.Generator) -> None:
    """One drawn face of `scale` pixels half height."""
    tall, pen = rng.uniform(0.8, 1.4), int(rng.integers(1, 5))
    skin = colour(rng)
    if rng.random() < 0.6:
        skin = tuple(np.array([120, 170, 220]) * rng.uniform(0.4, 1.15) + rng.normal(0, 10, 3))
    line = tuple(float(v) for v in ink(rng) * 0.4)

    def spot(dx: float, dy: float) -> tuple[int, int]:
        return int(middle[0] + dx * scale), int(middle[1] + dy * scale * tall)

    def size(w: float, h: float) -> tuple[int, int]:
        return max(1, int(w * scale)), max(1, int(h * scale * tall))

    if rng.random() < 0.5:
        cv2.ellipse(out, spot(0, -0.15), size(0.95, 1.05), 0, 0, 360, line, -1, 16)
    cv2.ellipse(out, spot(0, 0), size(0.8, 0.95), 0, 0, 360, skin, -1, 16)
    if rng.random() < 0.7:
        cv2.ellipse(out, spot(0, 0), size(0.8, 0.95), 0, 0, 360, line, pen, 16)
    apart, high, eye = rng.uniform(0.25, 0.42), rng.uniform(-0.35, -0.1), rng.uniform(0.05, 0.2)
    for sign in (-1, 1):
        if rng.random() < 0.6:
            cv2.ellipse(out, spot(sign * apart, high), size(eye * 1.5, eye), 0, 0, 360,
                        (255, 255, 255), -1, 16)  # fmt: skip
        pupil = size(eye * 0.6, eye * 0.6)
        cv2.ellipse(out, spot(sign * apart, high), pupil, 0, 0, 360, line, -1, 16)
        if rng.random() < 0.5:
            ends = spot(sign * (apart - 0.15), high - 0.2), spot(sign * (apart + 0.15), high - 0.22)
            cv2.line(out, *ends, line, pen, 16)
    if rng.random() < 0.6:
        cv2.line(out, spot(0, high + 0.15), spot(0.05, 0.2), line, pen, 16)
    start = 0 if rng.random() < 0.7 else 180
    cv2.ellipse(out, spot(0, rng.uniform(0.35, 0.5)), size(rng.uniform(0.15, 0.45), 0.15), 0,
                start, start + 180, colour(rng), pen if rng.random() < 0.6 else -1, 16)  # fmt: skip


BACKDROPS: tuple[Draw, ...] = (noise, gradient, landscape, shapes, pattern)
"""For training. `cells` is kept for judging only."""


def backdrop(side: int, rng: np.random.Generator) -> U8:
    """Any of them, u8[side,side,3]."""
    return BACKDROPS[int(rng.integers(len(BACKDROPS)))](side, rng)
