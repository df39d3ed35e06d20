"""Drawn heads with exact points: enough to try the training program without any data.

Offline; pure but for the seed.
Never good enough to learn a real face from.
"""

from __future__ import annotations

import numpy as np

from engines.face.weights import DEFAULT_FOLDER, load
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.values import F32, U8
from export.data.face_backdrops import backdrop
from export.data.face_cache import FaceCache
from export.data.faces import Faces, base_crop

SIDE_PX = 320


def drawn_points(rng: np.random.Generator) -> F32:
    """f32[478,3]: the rig's face, stretched and moved a little, in a SIDE_PX picture."""
    neutral = load_rig().neutral
    iris = [np.repeat(neutral[[*eye.upper, *eye.lower]].mean(0)[None], 5, 0) for eye in lm.EYES]
    around = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], np.float32)
    shape = np.concatenate([neutral, *[i + 0.5 * around for i in iris]])
    shape = (shape - shape.mean(0)) * np.array([1, -1, -1]) / np.ptp(neutral[:, 0])
    shape = shape * rng.uniform(0.9, 1.1, 3) * rng.uniform(85, 110)
    out: F32 = (shape + [SIDE_PX / 2 + rng.uniform(-8, 8), SIDE_PX * 0.42, 0]).astype(np.float32)
    return out


def draw(points: F32, rng: np.random.Generator) -> tuple[U8, U8]:
    """A head on shoulders u8[S,S,3] and its mask u8[S,S]."""
    image = backdrop(SIDE_PX, rng)
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    oval = points[load_rig().oval, :2]
    middle = tuple(int(v) for v in oval.mean(0))
    wide, tall = (np.ptp(oval, axis=0) / 2).astype(int)
    skin = tuple(float(v) for v in np.array([130, 160, 210]) * rng.uniform(0.4, 1.1))
    cv2.ellipse(mask, middle, (int(wide * 1.1), int(tall * 1.25)), 0, 0, 360, 255, -1)
    bottom = (middle[0], SIDE_PX)
    cv2.ellipse(mask, bottom, (int(wide * 2), int(tall * 1.1)), 0, 0, 360, 255, -1)
    image[mask > 0] = rng.uniform(20, 200, 3)
    cv2.fillPoly(image, [cv2.convexHull(np.rint(oval).astype(np.int32))], skin)
    for eye in lm.EYES:
        rim = points[[eye.corners[0], *eye.upper, eye.corners[1], *eye.lower[::-1]], :2]
        cv2.fillPoly(image, [np.rint(rim).astype(np.int32)], (240, 240, 240))
        cv2.circle(image, tuple(int(v) for v in points[eye.iris[0], :2]), 4, (40, 30, 30), -1)
    lips = np.rint(points[[*lm.OUTER_LOOP], :2]).astype(np.int32)
    cv2.fillPoly(image, [lips], (80, 70, 170))
    return image, mask


def drawn_cache(count: int, seed: int) -> FaceCache:
    """`count` drawn people, a quarter of them held out."""
    rng = np.random.default_rng(seed)
    points = np.stack([drawn_points(rng) for _ in range(count)])
    drawn = [draw(p, rng) for p in points]
    images, masks = np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn])
    crops = [base_crop(image, p) for image, p in zip(images, points, strict=True)]
    faces = Faces(
        np.stack([c[0] for c in crops]), np.stack([c[1] for c in crops]), np.zeros(count, np.int64)
    )
    test = count // 4
    rows = list(range(count))

    def some(part: slice) -> Faces:
        return Faces(faces.images[part], faces.points[part], faces.kinds[part])

    mirror = load(DEFAULT_FOLDER).mirror
    return FaceCache(
        some(slice(test, None)), some(slice(0, test)), rows[test:], rows[:test],
        [f"drawn_{i}" for i in rows], images, points, masks, mirror,
    )  # fmt: skip
