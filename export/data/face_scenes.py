"""Scenes for the detector and the matte: people on other backgrounds, and nobody at all.

Offline; pure but for the generator handed in.
Never leaves a face unlabelled: a photo's face that is cut off or tiny is painted over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.face.frame import three_points
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.face_augment import relight
from export.data.face_backdrops import backdrop, cartoon

SCENE_PX = 256
_CHANCE_EMPTY = 0.3


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture and what is in it."""

    image: U8
    """u8[S,S,3] BGR."""
    faces: F32
    """f32[F,3,2]: eyes (picture left, right) and mouth of each face, pixels."""
    person: U8
    """u8[S,S] 255 where a person is."""


@dataclass(frozen=True, slots=True)
class People:
    """Whole portraits to cut from; half size is enough for scenes of SCENE_PX."""

    photos: U8
    masks: U8
    points: F32
    """f32[N,478,3] in photo pixels."""


def halved(photos: U8, masks: U8, points: F32) -> People:
    """Portraits at half size."""
    half = (photos.shape[2] // 2, photos.shape[1] // 2)
    small = [np.stack([cv2.resize(i, half, interpolation=cv2.INTER_AREA) for i in stack])
             for stack in (photos, masks)]  # fmt: skip
    moved = (points + np.array([0.5, 0.5, 0], np.float32)) / 2 - np.array([0.5, 0.5, 0], np.float32)
    return People(small[0], small[1], moved.astype(np.float32))


def scene(people: People, rng: np.random.Generator, *, empty: float = _CHANCE_EMPTY,
          units: tuple[float, float] = (7.0, 80.0)) -> Scene:  # fmt: skip
    """A training scene; `units` is the range of face sizes in frame units of pixels."""
    kind = rng.random()
    if kind < empty:
        return _nobody(people, rng)
    back = backdrop(SCENE_PX, rng)
    person = np.zeros((SCENE_PX, SCENE_PX), np.uint8)
    faces: list[F32] = []
    places: list[tuple[float, int, F32]] = []
    whole = rng.random() < 0.55
    count = 1 if whole or rng.random() < 0.75 else int(rng.integers(2, 4))
    image = back
    for _ in range(count):
        row = int(rng.integers(len(people.photos)))
        placed = _place(people, row, faces, rng, units)
        if placed is not None:
            faces.append(placed[1])
            places.append((float(placed[1][:, 1].mean()), row, placed[0]))
    # From the top down: a body never covers the face of someone standing lower.
    for _, row, matrix in sorted(places, key=lambda place: place[0]):
        image = _paste(image, person, people, row, matrix, whole, rng)
    found = np.stack(faces) if faces else np.zeros((0, 3, 2), np.float32)
    return _finish(image, found, person, rng)


def _place(people: People, row: int, others: list[F32], rng: np.random.Generator,
           units: tuple[float, float]) -> tuple[F32, F32] | None:  # fmt: skip
    """A map photo -> scene that keeps the face inside and apart from the others."""
    three = np.stack(three_points(people.points[row]))
    across = float(np.linalg.norm(three[1] - three[0]))
    middle = three.mean(0)
    for _ in range(8):
        low, high = np.log(units[0]), np.log(units[1] if not others else min(units[1], 30.0))
        unit = float(np.exp(rng.uniform(low, high)))
        scale, angle = unit / across, float(np.clip(rng.normal(0, 0.22), -0.6, 0.6))
        room = min(1.6 * unit, SCENE_PX * 0.42)
        target = rng.uniform(room, SCENE_PX - room, 2)
        c, s = np.cos(angle) * scale, np.sin(angle) * scale
        flip = rng.choice([-1.0, 1.0])
        turn = np.array([[c * flip, -s], [s * flip, c]])
        matrix = np.column_stack([turn, target - turn @ middle]).astype(np.float32)
        points = (three @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        if flip < 0:
            points = points[[1, 0, 2]]
        far = all(np.linalg.norm(points.mean(0) - o.mean(0)) > 2.6 * max(
            unit, float(np.linalg.norm(o[1] - o[0]))) for o in others)  # fmt: skip
        if far:
            return matrix, points
    return None


def _paste(image: U8, person: U8, people: People, row: int, matrix: F32, whole: bool,
           rng: np.random.Generator) -> U8:  # fmt: skip
    """Draw the portrait; with its own background when `whole`. `person` is updated in place."""
    size = (SCENE_PX, SCENE_PX)
    photo, mask = people.photos[row], people.masks[row]
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.6:
        small = tuple(max(8, round(n * scale)) for n in photo.shape[1::-1])
        ratio = np.array([photo.shape[1] / small[0], photo.shape[0] / small[1]])
        photo = cv2.resize(photo, small, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
        shift = matrix[:, :2] @ (ratio / 2 - 0.5) + matrix[:, 2]
        matrix = np.column_stack([matrix[:, :2] * ratio, shift]).astype(np.float32)
    drawn = cv2.warpAffine(
        photo, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    alpha = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.full(photo.shape[:2], 255, np.uint8), matrix, size)
    if whole:
        # Outside the photo: its stretched edge, or another backdrop.
        share = inside if rng.random() < 0.5 else np.full_like(inside, 255)
    else:
        share = alpha
    part = share[..., None].astype(np.float32) / 255
    out: U8 = (drawn * part + image * (1 - part)).astype(np.uint8)
    np.maximum(person, alpha, out=person)
    return out


def _nobody(people: People, rng: np.random.Generator) -> Scene:
    """A scene without a face."""
    kind = rng.random()
    person = np.zeros((SCENE_PX, SCENE_PX), np.uint8)
    if kind < 0.3:
        image = backdrop(SCENE_PX, rng)
    elif kind < 0.6:
        image = cartoon(SCENE_PX, rng)
    else:
        image, person = faceless(people, rng)
    return _finish(image, np.zeros((0, 3, 2), np.float32), person, rng)


def faceless(people: People, rng: np.random.Generator) -> tuple[U8, U8]:
    """Part of a portrait whose face is painted over, and where the person is."""
    row = int(rng.integers(len(people.photos)))
    photo, points = people.photos[row], people.points[row]
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    middle, size = (low + high) / 2, (high - low) / 2 * rng.uniform(1.0, 1.25, 2)
    cover = np.zeros(photo.shape[:2], np.uint8)
    cv2.ellipse(
        cover, tuple(int(v) for v in middle), tuple(int(v) for v in size), 0, 0, 360, 255, -1
    )
    how = rng.random()
    if how < 0.35:
        ink = photo[int(np.clip(low[1] - 8, 0, None)), int(middle[0])].astype(np.float32)
        fill = ink + (rng.random((*photo.shape[:2], 1), np.float32) - 0.5) * rng.uniform(0, 60)
    elif how < 0.65:
        small = cv2.resize(photo, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), float(size[0] * rng.uniform(0.035, 0.07)))
        fill = cv2.resize(soft, photo.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    else:
        fill = np.roll(photo, (int(size[1] * 2.2), int(rng.integers(-60, 60))), (0, 1))
        fill = np.flipud(photo) if rng.random() < 0.4 and middle[1] < photo.shape[0] * 0.4 else fill
    soft = cv2.GaussianBlur(cover, (0, 0), 4)[..., None].astype(np.float32) / 255
    image = (photo * (1 - soft) + fill * soft).clip(0, 255).astype(np.uint8)
    side = rng.uniform(0.3, 1.0) * min(photo.shape[:2])
    x, y = rng.uniform(0, photo.shape[1] - side), rng.uniform(0, photo.shape[0] - side)
    scale = SCENE_PX / side
    matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]], np.float32)
    both = (cv2.warpAffine(a, matrix, (SCENE_PX, SCENE_PX), flags=cv2.INTER_LINEAR)
            for a in (image, people.masks[row]))  # fmt: skip
    picture, person = both
    return picture, person


def _finish(image: U8, faces: F32, person: U8, rng: np.random.Generator) -> Scene:
    return Scene(relight(image, rng, block=False), faces, person)


def detector_target(faces: F32, stride: int) -> tuple[F32, F32, F32]:
    """Heat f32[h,w], points f32[6,h,w] in 32 px from the cell's middle, weight f32[h,w]."""
    cells = SCENE_PX // stride
    heat = np.zeros((cells, cells), np.float32)
    points = np.zeros((6, cells, cells), np.float32)
    weight = np.zeros((cells, cells), np.float32)
    line = (np.arange(cells, dtype=np.float32) + 0.5) * stride - 0.5
    x, y = np.meshgrid(line, line)
    for face in faces:
        cx, cy = ((face[0] + face[1]) / 2 + face[2]) / 2
        unit = float(np.linalg.norm(face[1] - face[0]))
        away = (x - cx) ** 2 + (y - cy) ** 2
        spread = max(0.22 * unit, 0.55 * stride)
        near = np.exp(-away / (2 * spread**2))
        mine = (near > 0.3) & (near > heat)
        heat = np.maximum(heat, near)
        heat.flat[int(away.argmin())] = 1.0
        flat = face.reshape(6)
        for i in range(6):
            offset = (flat[i] - (x if i % 2 == 0 else y)) / 32
            points[i] = np.where(mine, offset, points[i])
        # Relative to the face's size: a big face may be off by more pixels.
        weight = np.where(mine, 32.0 / max(unit, 6.0), weight)
    return heat, points, weight


Rows = NDArray[np.int64]
