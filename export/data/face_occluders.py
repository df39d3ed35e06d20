"""Things in front of faces: hands, masks, scarves, microphones, glasses, bands, strands, beards.

Offline; pure but for the generator handed in.
Never decides what counts as covered: a drawing comes with its opacity, and that is all.

Crops are the stored ones (export.data.faces): BASE_PX wide, one frame unit is UNIT_PX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.values import F32, U8
from export.data.face_augment import UNIT_PX
from export.data.face_backdrops import BACKDROPS, clouds, ink
from export.data.faces import BASE_PX

Layer = tuple[F32, F32]
"""Colour f32[B,B,3] and opacity f32[B,B] of one thing."""
Draw = Callable[["Subject", np.random.Generator], Layer]


@dataclass(frozen=True, slots=True)
class Subject:
    """The face something is put before."""

    image: U8
    points: F32
    """f32[478,3] pixels of the crop."""
    cloth: U8
    """u8[B,B,3]: a piece of somebody's photo beside the face, for textures."""
    skin: F32
    """f32[3]: colour of a hand."""


def _empty() -> F32:
    return np.zeros((BASE_PX, BASE_PX), np.float32)


def _polygon(outline: F32, soft: float = 0.8) -> F32:
    """Opacity of a closed outline f32[N,2]."""
    mask = np.zeros((BASE_PX, BASE_PX), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * 8).astype(np.int32)], 255, 16, 3)
    out: F32 = cv2.GaussianBlur(mask, (0, 0), soft).astype(np.float32) / 255
    return out


def rounded(alpha: F32, depth: float, strength: float) -> F32:
    """Brightness f32[B,B] of a bulging thing: darker toward its rim."""
    away = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    out: F32 = (1 - strength * np.exp(-away / depth)).astype(np.float32)
    return out


def texture(subject: Subject, rng: np.random.Generator) -> F32:
    """Cloth, paint or print f32[B,B,3]."""
    kind = rng.random()
    if kind < 0.35:
        flat = np.broadcast_to(ink(rng), (BASE_PX, BASE_PX, 3)).astype(np.float32)
        return flat + (clouds(BASE_PX, rng, 1) - 0.5) * np.float32(rng.uniform(0, 50))
    if kind < 0.55:
        grey = np.float32(rng.choice([rng.uniform(5, 50), rng.uniform(180, 250)]))
        tint = rng.normal(0, 8, 3).astype(np.float32)
        return np.full((BASE_PX, BASE_PX, 3), grey, np.float32) + tint
    if kind < 0.85:
        gain = np.exp(rng.normal(0, 0.2, 3)).astype(np.float32)
        return subject.cloth.astype(np.float32) * gain
    draw = BACKDROPS[int(rng.integers(len(BACKDROPS)))]
    return draw(BASE_PX, rng).astype(np.float32)


def _light(colour: F32, alpha: F32, rng: np.random.Generator, depth: float = 12.0) -> F32:
    """The thing lit from somewhere, with round rims."""
    across = np.linspace(-1, 1, BASE_PX, dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    slope = across[None] * np.float32(np.cos(angle)) + across[:, None] * np.float32(np.sin(angle))
    shade = rounded(alpha, depth, float(rng.uniform(0, 0.5))) * (
        1 + np.float32(rng.uniform(0, 0.5)) * slope
    )
    out: F32 = (colour * shade[..., None]).clip(0, 255).astype(np.float32)
    return out


def _mean(points: F32, rows: Sequence[int]) -> F32:
    out: F32 = points[[*rows], :2].mean(0)
    return out


def mouth_of(points: F32) -> F32:
    """f32[2]"""
    return _mean(points, lm.OUTER_LOOP)


def eyes_of(points: F32) -> F32:
    """f32[2,2]: middles of the left and right eye."""
    return np.stack([_mean(points, (*eye.upper, *eye.lower)) for eye in lm.EYES])


def mask(subject: Subject, rng: np.random.Generator) -> Layer:
    """A face mask: from somewhere on the nose (or below) to the chin, with folds and straps."""
    p = subject.points[:, :2]
    oval = p[load_rig().oval]
    top = float(rng.choice([rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.0), rng.uniform(1.7, 2.3)],
                           p=[0.65, 0.25, 0.1]))  # fmt: skip
    # Down the middle from the nose's root (0) past its tip (1) to the chin (2).
    line = np.stack([p[6], p[1], p[lm.CHIN], p[lm.CHIN] * 2 - p[1]])
    peak = np.array([np.interp(top, range(4), line[:, k]) for k in range(2)])
    left, right = p[lm.FACE_LEFT], p[lm.FACE_RIGHT]
    level = float(rng.uniform(0.0, 0.35)) + 0.5 * max(0.0, top - 0.5)
    sides = [side + (p[lm.CHIN] - p[10]) * level for side in (left, right)]
    lower = oval[oval[:, 1] > np.mean([s[1] for s in sides])]
    middle = oval.mean(0)
    order = np.argsort(np.arctan2(lower[:, 0] - middle[0], lower[:, 1] - middle[1]))
    lower = middle + (lower[order] - middle) * rng.uniform(0.97, 1.1)
    t = np.linspace(0, 1, 9)[:, None]
    bow = np.float32(rng.uniform(0.3, 0.9))

    def edge(a: F32, b: F32) -> F32:
        line = a + (b - a) * t + np.array([0, 1]) * bow * 8 * np.sin(np.pi * t)
        return line.astype(np.float32)

    outline = np.concatenate([edge(sides[0], peak), edge(peak, sides[1]), lower[::-1]])
    alpha = _polygon(outline.astype(np.float32))
    colour = texture(subject, rng)
    if rng.random() < 0.5:
        base = ((235, 225, 180), (240, 240, 238), (30, 30, 32))[int(rng.integers(3))]
        tint = rng.normal(0, 10, 3).astype(np.float32)
        colour = np.full((BASE_PX, BASE_PX, 3), base, np.float32) + tint
    rows = np.arange(BASE_PX, dtype=np.float32)[:, None]
    if rng.random() < 0.6:
        fold = np.sin(rows / np.float32(rng.uniform(2, 6)) + np.float32(rng.uniform(0, 6))) ** 8
        colour = colour * (1 - np.float32(rng.uniform(0.05, 0.25)) * fold[..., None])
    lit = _light(colour, alpha, rng, 20)
    if rng.random() < 0.6:
        strap = np.zeros((BASE_PX, BASE_PX), np.uint8)
        for side, ear in zip(sides, (left, right), strict=True):
            end = ear + (ear - middle) * 0.12
            cv2.line(strap, _px(side), _px(end), 255, int(rng.integers(1, 3)), 16)
        alpha = np.maximum(alpha, strap.astype(np.float32) / 255)
    return lit, alpha


def _px(at: F32) -> tuple[int, int]:
    return int(at[0]), int(at[1])


def scarf(subject: Subject, rng: np.random.Generator) -> Layer:
    """Cloth from a wavy edge about the mouth down to the crop's rim."""
    p = subject.points[:, :2]
    high = mouth_of(subject.points)[1] + rng.uniform(-0.6, 0.5) * UNIT_PX
    xs = np.linspace(0, BASE_PX - 1, 12)
    wave = high + rng.normal(0, 5, 12) + np.abs(xs - p[1, 0]) * rng.uniform(-0.15, 0.35)
    outline = np.concatenate([np.stack([xs, wave], 1), [[BASE_PX, BASE_PX], [0, BASE_PX]]])
    alpha = _polygon(outline.astype(np.float32), 1.2)
    colour = texture(subject, rng)
    rib = np.arange(BASE_PX, dtype=np.float32)[:, None] + np.interp(np.arange(BASE_PX), xs, wave)
    if rng.random() < 0.6:
        wide = rng.uniform(3, 14)
        colour = colour * (0.85 + 0.15 * np.sin(rib / wide).astype(np.float32))[..., None]
    return _light(colour.astype(np.float32), alpha, rng, 16), alpha


def target(subject: Subject, rng: np.random.Generator) -> F32:
    """Where a thing is held: before the mouth, an eye, or somewhere else about the face."""
    kind = rng.random()
    if kind < 0.5:
        at = mouth_of(subject.points)
    elif kind < 0.7:
        at = eyes_of(subject.points)[int(rng.integers(2))]
    else:
        rows = (1, 10, lm.CHIN, lm.FACE_LEFT, lm.FACE_RIGHT, 50, 280, 151)
        at = subject.points[int(rng.choice(rows)), :2]
    return (at + rng.normal(0, 0.15 * UNIT_PX, 2)).astype(np.float32)


def hand(subject: Subject, rng: np.random.Generator) -> Layer:
    """A palm with fingers, any way round; each finger is lit by itself, so they stay apart."""
    at, angle = target(subject, rng), rng.uniform(0, 2 * np.pi)
    size = UNIT_PX * rng.uniform(0.65, 1.15)
    spread, bend = rng.uniform(0.02, 0.25), rng.normal(0, 0.08)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    # Which part lies over the target: between the knuckles and the fingers' ends.
    shift = np.array([rng.uniform(-0.4, 0.4), rng.uniform(-1.0, 0.6)])

    def place(x: float, y: float) -> F32:
        out: F32 = at + turn @ ((np.array([x, y]) - shift) * size)
        return out.astype(np.float32)

    grain = (clouds(BASE_PX, rng, 1) - 0.5) * np.float32(rng.uniform(10, 45))
    colour = np.broadcast_to(subject.skin, (BASE_PX, BASE_PX, 3)) + grain
    colour = colour.astype(np.float32)
    alpha, lit = _empty(), colour.copy()
    limbs = [((-0.1, 0.35), (0.1, 2.6), 0.42)]
    missing = set(rng.choice(5, int(rng.integers(0, 4)), replace=False).tolist()
                  if rng.random() < 0.3 else [])  # fmt: skip
    for i, length in enumerate((0.72, 0.95, 1.0, 0.85)):
        x = (i - 1.5) * 0.29
        if i not in missing:
            limbs.append(((x, 0.0), (x + (i - 1.5) * spread + bend, -length), 0.135))
    if 4 not in missing:
        limbs.append(((0.5, 0.45), (0.95, -0.1 + bend), 0.15))
    palm = np.stack([place(*q) for q in ((-0.58, -0.05), (0.55, -0.05), (0.5, 0.9), (-0.45, 0.9))])
    parts = [_limb(place(*limbs[0][0]), place(*limbs[0][1]), limbs[0][2] * size)]
    parts.append(np.maximum(_polygon(palm), cv2.GaussianBlur(_polygon(palm), (0, 0), 5)))
    parts += [_limb(place(*a), place(*b), r * size) for a, b, r in limbs[1:]]
    side = rng.uniform(-0.25, 0.25)
    for part in parts:
        shade = rounded(part, 0.09 * size, 0.45) * np.float32(1 + side * rng.uniform(0, 1))
        lit = np.where(part[..., None] > 0.5, colour * shade[..., None], lit)
        alpha = np.maximum(alpha, part)
    return cv2.GaussianBlur(lit, (0, 0), 0.7), alpha.clip(0, 1)


def _limb(a: F32, b: F32, radius: float) -> F32:
    out = np.zeros((BASE_PX, BASE_PX), np.uint8)
    cv2.line(out, _px(a), _px(b), 255, max(1, round(2 * radius)), 16)
    soft: F32 = cv2.GaussianBlur(out, (0, 0), 0.8).astype(np.float32) / 255
    return soft


def microphone(subject: Subject, rng: np.random.Generator) -> Layer:
    """A ball of foam or wire on a handle, at the mouth or under it."""
    off = np.array([rng.normal(0, 0.2), rng.uniform(-0.1, 0.9)]) * UNIT_PX
    at = (mouth_of(subject.points) + off).astype(np.float32)
    size = UNIT_PX * rng.uniform(0.28, 0.7)
    alpha = np.zeros((BASE_PX, BASE_PX), np.uint8)
    end = (at + np.array([rng.normal(0, 0.6), 1.0]) * UNIT_PX * 4).astype(np.float32)
    cv2.line(alpha, _px(at), _px(end), 255, max(2, int(size * rng.uniform(0.5, 1.3))), 16)
    wide = (int(size), int(size * rng.uniform(0.9, 1.5)))
    cv2.ellipse(alpha, _px(at), wide, float(rng.uniform(-30, 30)), 0, 360, 255, -1, 16)
    shape = alpha.astype(np.float32) / np.float32(255)
    dark = rng.uniform(8, 60) if rng.random() < 0.7 else rng.uniform(60, 220)
    colour = np.full((BASE_PX, BASE_PX, 3), dark, np.float32) + rng.normal(0, 6, 3)
    if rng.random() < 0.25:
        colour = np.broadcast_to(ink(rng), colour.shape).astype(np.float32)
    if rng.random() < 0.6:
        grid = np.arange(BASE_PX, dtype=np.float32) / rng.uniform(0.6, 1.6)
        net = np.sin(grid)[None] * np.sin(grid)[:, None]
        colour = colour + net[..., None] * np.float32(rng.uniform(5, 45))
    return _light(colour.astype(np.float32), shape, rng, size * 0.5), shape


def thing(subject: Subject, rng: np.random.Generator) -> Layer:
    """A cup, a phone, a book, a leaf: a turned box, ellipse or blob with a texture."""
    at, angle = target(subject, rng), rng.uniform(0, np.pi)
    count = int(rng.choice([4, 24]))
    around = np.linspace(0, 2 * np.pi, count, endpoint=False) + np.pi / 4
    radius = np.ones(count)
    if count == 24 and rng.random() < 0.6:
        for k in range(2, 6):
            radius += rng.normal(0, 0.35 / k) * np.cos(k * around + rng.uniform(0, 6))
    size = UNIT_PX * np.exp(rng.uniform(np.log(0.25), np.log(1.5), 2))
    local = np.stack([np.cos(around), np.sin(around)], 1) * radius[:, None] * size
    c, s = np.cos(angle), np.sin(angle)
    alpha = _polygon((at + local @ np.array([[c, s], [-s, c]])).astype(np.float32))
    return _light(texture(subject, rng), alpha, rng, float(rng.uniform(3, 25))), alpha
