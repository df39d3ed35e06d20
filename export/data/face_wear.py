"""What faces wear: sunglasses and clear ones, bands, patches, strands of hair, beards.

Offline; pure but for the generator handed in.
Never decides what counts as covered: clear glasses and beards are drawn too, as counterexamples.
"""

from __future__ import annotations

import numpy as np

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32
from export.data.face_augment import UNIT_PX
from export.data.face_backdrops import ink
from export.data.face_occluders import Layer, Subject, eyes_of, mouth_of, rounded, texture
from export.data.faces import BASE_PX

CLEAR, DARK = (0.0, 0.3), (0.72, 1.0)
"""Opacity of lenses one sees through, and of those one does not."""


def glasses(subject: Subject, rng: np.random.Generator) -> Layer:
    """Two lenses in a frame, dark twice in three; clear ones glare a little."""
    dark = rng.random() < 0.67
    alpha, frame = np.zeros((BASE_PX, BASE_PX), np.float32), np.zeros((BASE_PX, BASE_PX), np.uint8)
    eyes = eyes_of(subject.points)
    across = eyes[1] - eyes[0]
    apart = float(np.linalg.norm(across))
    tilt = float(np.arctan2(across[1], across[0]))
    # A head turned aside brings the eyes together; glasses narrow with them.
    half = np.array([rng.uniform(0.34, 0.52) * apart, rng.uniform(0.26, 0.5) * UNIT_PX])
    outline = _lens(half, rng)
    c, s = np.cos(tilt), np.sin(tilt)
    turn = np.array([[c, s], [-s, c]])
    drop = rng.uniform(-0.05, 0.18) * UNIT_PX
    pen = int(rng.integers(1, 5))
    for side, eye in zip((-1.0, 1.0), eyes, strict=True):
        middle = eye + np.array([side * rng.uniform(0, 0.06) * apart, drop])
        shape = middle + (outline * [side, 1.0]) @ turn
        fixed = [np.rint(shape * 8).astype(np.int32)]
        lens = np.zeros((BASE_PX, BASE_PX), np.uint8)
        cv2.fillPoly(lens, fixed, 255, 16, 3)
        alpha = np.maximum(alpha, lens.astype(np.float32) / 255)
        cv2.polylines(frame, fixed, True, 255, pen, 16, 3)
    bridge = (eyes[0] + eyes[1]) / 2 + np.array([0, drop - 0.1 * UNIT_PX])
    gap = (across / apart) * (apart / 2 - half[0])
    cv2.line(frame, _px(bridge - gap), _px(bridge + gap), 255, pen, 16)
    for eye, rim, way in zip(eyes, (lm.FACE_LEFT, lm.FACE_RIGHT), (-1, 1), strict=True):
        start = eye + across / apart * half[0] * way + [0, drop]
        cv2.line(frame, _px(start), _px(subject.points[rim, :2]), 255, max(1, pen - 1), 16)
    opaque = rng.uniform(*(DARK if dark else CLEAR))
    colour, lens_alpha = _glass(alpha, float(opaque), dark, rng)
    rim_ink = ink(rng) if rng.random() < 0.4 else np.full(3, rng.uniform(5, 60), np.float32)
    rims = frame.astype(np.float32)[..., None] / 255
    total = np.maximum(lens_alpha, rims[..., 0] * (1.0 if rng.random() < 0.85 else 0.0))
    return (colour * (1 - rims) + rim_ink * rims).astype(np.float32), total


def _px(at: F32) -> tuple[int, int]:
    return int(at[0]), int(at[1])


def _lens(half: F32, rng: np.random.Generator) -> F32:
    """f32[32,2] outline: a superellipse, now and then narrower below (aviators)."""
    t = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    power = 2 / rng.uniform(1.8, 5)
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** power
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** power
    narrow = rng.choice([0.0, rng.uniform(0.1, 0.35)])
    out: F32 = (np.stack([x * (1 - narrow * (y > 0) * np.abs(y)), y], 1) * half).astype(np.float32)
    return out


def _glass(lens: F32, opaque: float, dark: bool, rng: np.random.Generator) -> tuple[F32, F32]:
    """Colour and opacity of lenses with a gradient and something mirrored in them."""
    rows = np.linspace(0, 1, BASE_PX, dtype=np.float32)[:, None]
    if dark:
        base = (rng.uniform(4, 45) + rng.normal(0, 10, 3)).astype(np.float32)
        if rng.random() < 0.25:
            base = ink(rng) * np.float32(rng.uniform(0.3, 0.9))
    else:
        base = np.full(3, rng.uniform(120, 255), np.float32)
    colour = np.broadcast_to(base, (BASE_PX, BASE_PX, 3)).astype(np.float32).copy()
    fade = 1 - np.float32(rng.choice([0, rng.uniform(0, 0.35)])) * (rows - 0.3).clip(0) * 2
    gloss = np.zeros((BASE_PX, BASE_PX), np.uint8)
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 4))):
            at = (rng.uniform(0.2, 0.8, 2) * BASE_PX).astype(np.float32)
            to = (at + rng.normal(0, 0.3, 2) * BASE_PX).astype(np.float32)
            cv2.line(gloss, _px(at), _px(to), 255, int(rng.integers(2, 14)), 16)
    shine = cv2.GaussianBlur(gloss, (0, 0), float(rng.uniform(1, 5))).astype(np.float32) / 255
    shine *= np.float32(rng.uniform(0.1, 0.6))
    colour = colour * (1 - shine[..., None]) + 235 * shine[..., None]
    alpha = lens * (opaque * fade)
    return colour.astype(np.float32), np.maximum(alpha, lens * shine * 0.6).astype(np.float32)


def band(subject: Subject, rng: np.random.Generator) -> Layer:
    """A blindfold, a headset, a black bar; or the same as a headband, over the brows."""
    eyes = eyes_of(subject.points)
    middle, across = eyes.mean(0), eyes[1] - eyes[0]
    high = -rng.uniform(0.9, 1.4) if rng.random() < 0.3 else rng.normal(0, 0.08)
    middle = middle + np.array([0, high * UNIT_PX])
    tall, wide = rng.uniform(0.2, 0.65) * UNIT_PX, rng.uniform(1.0, 2.6) * UNIT_PX
    box = cv2.boxPoints(
        (
            (float(middle[0]), float(middle[1])),
            (2 * wide, 2 * tall),
            float(np.degrees(np.arctan2(across[1], across[0]))) + float(rng.normal(0, 4)),
        )
    )
    alpha = np.zeros((BASE_PX, BASE_PX), np.uint8)
    cv2.fillPoly(alpha, [np.rint(box * 8).astype(np.int32)], 255, 16, 3)
    soft = cv2.GaussianBlur(alpha, (0, 0), 0.8).astype(np.float32) / 255
    colour = texture(subject, rng) * rounded(soft, 10, float(rng.uniform(0, 0.5)))[..., None]
    return colour, soft


def strands(subject: Subject, rng: np.random.Generator) -> Layer:
    """Hair hanging from the forehead over an eye, both, or beside them."""
    start = subject.points[10, :2] + rng.normal(0, 0.3, 2) * UNIT_PX
    count = int(rng.integers(8, 130))
    ends = (
        eyes_of(subject.points)[int(rng.integers(2))]
        + np.array([rng.normal(0, 0.7), rng.uniform(-0.3, 1.6)]) * UNIT_PX
    )
    hair = np.full(3, rng.uniform(8, 120), np.float32) * np.array(
        [rng.uniform(0.5, 1), rng.uniform(0.7, 1), 1], np.float32
    )
    colour = np.zeros((BASE_PX, BASE_PX, 3), np.uint8)
    alpha = np.zeros((BASE_PX, BASE_PX), np.uint8)
    wide = rng.uniform(0.1, 0.8) * UNIT_PX
    for _ in range(count):
        a = start + rng.normal(0, 0.35, 2) * UNIT_PX
        b = ends + np.array([rng.normal(0, 1) * wide, rng.normal(0, 0.2) * UNIT_PX])
        bow = (a + b) / 2 + rng.normal(0, 5, 2)
        line = [np.rint(np.stack([a, bow, b]) * 8).astype(np.int32)]
        tone = (hair * rng.uniform(0.6, 1.4)).clip(0, 255)
        pen = int(rng.integers(1, 4))
        cv2.polylines(colour, line, False, [float(v) for v in tone], pen, 8, 3)
        cv2.polylines(alpha, line, False, 255, pen, 8, 3)
    return colour.astype(np.float32), cv2.GaussianBlur(alpha, (0, 0), 0.6).astype(np.float32) / 255


def beard(subject: Subject, rng: np.random.Generator) -> Layer:
    """Hair about the lips, a moustache over their upper edge: the mouth stays usable."""
    p = subject.points[:, :2]
    mouth, chin = mouth_of(subject.points), p[lm.CHIN]
    down = chin - mouth
    area = np.zeros((BASE_PX, BASE_PX), np.uint8)
    if rng.random() < 0.75:
        size = (int(UNIT_PX * rng.uniform(0.6, 1.1)), int(np.linalg.norm(down) * 1.2))
        cv2.ellipse(area, _px(mouth + down * 0.7), size, 0, 0, 360, 255, -1)
    top = (p[2] + p[0]) / 2
    size = (int(UNIT_PX * rng.uniform(0.35, 0.6)), int(UNIT_PX * rng.uniform(0.1, 0.2)))
    cv2.ellipse(area, _px(top), size, 0, 0, 360, 255, -1)
    lips = p[[*lm.OUTER_LOOP]]
    shrink = mouth + (lips - mouth) * [1.0, rng.uniform(0.6, 1.0)]
    cv2.fillPoly(area, [np.rint(shrink).astype(np.int32)], 0)
    fur = rng.standard_normal((BASE_PX, BASE_PX), np.float32)
    fur = cv2.GaussianBlur(fur, (0, 0), 0.5, sigmaY=float(rng.uniform(0.6, 2.5)))
    tone = np.float32(rng.uniform(10, 90) if rng.random() < 0.75 else rng.uniform(120, 220))
    tint = np.array([rng.uniform(0.5, 1), rng.uniform(0.7, 1), 1], np.float32)
    colour = (tone * (1 + 0.5 * fur))[..., None] * tint
    soft = cv2.GaussianBlur(area, (0, 0), float(rng.uniform(1, 4))).astype(np.float32) / 255
    thick = (soft * rng.uniform(0.5, 1.3) + 0.35 * fur * soft).clip(0, 0.97)
    return colour.clip(0, 255).astype(np.float32), thick.astype(np.float32)
