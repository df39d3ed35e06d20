"""Other colours, light, sharpness and codecs for renderer pairs: the same for picture and truth.

Offline; pure but for the generator handed in; one thread.
Never moves a pixel of one picture against another, and never flips an eye: its box has a side.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.render.boxes import EYE
from engines.render.conditions import mirrored
from engines.render.cv import cv2
from engines.values import F32, MOTION_SIZE, U8
from export.data.render_pairs import Pairs

PICTURES = ("picture", "truth", "rest", "previous_picture", "previous_truth")
FLIPPED = 0.5
_GAIN, _GAMMA, _LEVEL = 0.16, 0.25, 14.0
"""Standard half ranges: channel gains, exponent (as a power of e), grey levels added."""
_LENT, _LENT_STILL, _MOST_BENT = 0.6, 0.2, 4.0
"""Share of video's and of other examples that get another's skin, and the strongest exponent."""
_LIT, _SLOPE = 0.4, 0.35
"""Share lit from a side, and how much brighter that side is."""
_SOFT, _MOST_BLUR = 0.3, 1.0
_SMALL, _LEAST_SCALE = 0.25, 0.5
_CODED, _QUALITY = 0.3, (35, 90)


def augment(pairs: Pairs, rng: np.random.Generator) -> Pairs:
    """As many examples, each changed in its own way."""
    stacks = np.stack([getattr(pairs, name) for name in PICTURES], 1)
    shape = stacks.shape[2:4]
    flip = rng.random(len(pairs)) < (0 if shape == EYE.shape else FLIPPED)
    stacks[flip] = stacks[flip][:, :, :, ::-1]
    skins = pairs.rest.reshape(len(pairs), -1, 3).mean(1).astype(np.float32)
    for row in range(len(pairs)):
        curve = None
        if rng.random() < (_LENT if pairs.kind[row] == "grid" else _LENT_STILL):
            curve = lent(skins[row], skins[int(rng.integers(len(pairs)))])
        stacks[row] = changed(stacks[row], rng, curve)
    changes = {name: stacks[:, i] for i, name in enumerate(PICTURES)}
    for name in ("masks", "rest_masks"):
        masks = getattr(pairs, name).copy()
        masks[flip] = masks[flip][..., ::-1]
        changes[name] = masks
    condition = pairs.condition.copy()
    condition[flip, :MOTION_SIZE] = mirrored(condition[flip, :MOTION_SIZE])
    return replace(pairs, condition=condition, **changes)


def lent(own: F32, other: F32) -> U8:
    """u8[1,256,3] table that brings mean colour f32[3] to another's; black and white stay.

    So one speaker's video is of many skins, and teeth remain light on dark ones.
    """
    shares = np.clip(np.stack([own, other]) / 255, 0.02, 0.98)
    exponent = np.clip(np.log(shares[1]) / np.log(shares[0]), 1 / _MOST_BENT, _MOST_BENT)
    levels = np.arange(256, dtype=np.float32)[:, None] / 255
    table: U8 = np.rint(255 * levels**exponent).astype(np.uint8)[None]
    return table


def changed(pictures: U8, rng: np.random.Generator, curve: U8 | None = None) -> U8:
    """u8[K,h,w,3] of one example, all changed alike; by the table `curve` of `lent` first."""
    table = colours(rng)
    if curve is not None:
        table = cv2.LUT(curve, table)
    soft = rng.uniform(0.3, _MOST_BLUR) if rng.random() < _SOFT else 0.0
    scale = rng.uniform(_LEAST_SCALE, 1) if rng.random() < _SMALL else 1.0
    quality = int(rng.integers(*_QUALITY)) if rng.random() < _CODED else 0
    light = _light(pictures.shape[1:3], rng) if rng.random() < _LIT else None
    out = np.empty_like(pictures)
    for k, picture in enumerate(pictures):
        if not picture.any():
            # No frame before: black stays black.
            out[k] = picture
            continue
        one: U8 = cv2.LUT(picture, table)
        if light is not None:
            one = cv2.multiply(one, light, dtype=cv2.CV_8U)
        if soft:
            one = cv2.GaussianBlur(one, (0, 0), soft)
        if scale < 1:
            one = _coarser(one, scale)
        if quality:
            coded = cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            one = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        out[k] = one
    return out


def colours(rng: np.random.Generator) -> U8:
    """u8[1,256,3] table: gain of each channel, exponent, level."""
    levels = np.arange(256, dtype=np.float32)[:, None] / 255
    gain = np.exp(rng.uniform(-_GAIN, _GAIN, 3) * rng.choice([0.4, 1.0])).astype(np.float32)
    shaped = levels ** np.float32(np.exp(rng.uniform(-_GAMMA, _GAMMA)))
    out = 255 * gain * shaped + np.float32(rng.uniform(-_LEVEL, _LEVEL))
    table: U8 = np.rint(out.clip(0, 255)).astype(np.uint8)[None]
    return table


def _light(shape: tuple[int, ...], rng: np.random.Generator) -> F32:
    """f32[h,w,3]: a slope of brightness across the box."""
    height, width = shape
    angle = rng.uniform(0, 2 * np.pi)
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    slope = 1 + rng.uniform(0, _SLOPE) * (np.cos(angle) * xs + np.sin(angle) * ys)
    out: F32 = np.repeat(slope[..., None], 3, 2).astype(np.float32)
    return out


def _coarser(picture: U8, scale: float) -> U8:
    height, width = picture.shape[:2]
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    out: U8 = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return out
