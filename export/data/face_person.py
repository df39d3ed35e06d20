"""People cut out about their faces and put before other walls: what the person net learns from.

Offline; pure but for the generator handed in.
Never asks the teacher: its mask is drawn to the photo's edges once and moved with the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.avatars.matte import colours_near, person_alpha, smoothstep
from engines.face.frame import cut
from engines.face.person import SIDE_PX, person_crop
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.face_augment import relight
from export.data.face_walls import behind, emptied

STORED_PX, ROOM = 320, 1.4
"""Side of a stored cutout, and how much more than the net's crop it shows."""
BEFORE_WALLS, FRAMED = 0.7, 0.3
"""Chances of another wall, and then of a picture's edge inside the crop."""

ISLAND = 25
"""Alpha from which pixels hang together, of 255."""


@dataclass(frozen=True, slots=True)
class Cutouts:
    """N people, upright about the face."""

    photos: U8
    """u8[N,B,B,3] BGR as they were taken."""
    people: U8
    """u8[N,B,B,3]: their own colours also where wall shines through."""
    alphas: U8
    """u8[N,B,B]: person 255, hair as fine as the photo shows it."""
    masks: U8
    """u8[N,B,B]: the teacher's word."""
    walls: U8
    """u8[N,B,B,3]: where they stood."""


def cutouts(photos: U8, masks: U8, points: F32) -> Cutouts:
    """Cut out of photos u8[N,S,S,3] with masks u8[N,S,S] and meshes f32[N,478,3]."""
    made = [_cutout(*row) for row in zip(photos, masks, points, strict=True)]
    return Cutouts(*(np.stack(parts) for parts in zip(*made, strict=True)))


def _cutout(photo: U8, mask: U8, points: F32) -> tuple[U8, U8, U8, U8, U8]:
    alpha = without_islands(person_alpha(photo, (mask / 255).astype(np.float32)))
    person = own_colours(photo, alpha)
    matrix = _stored(person_crop(points))
    stack = [cut(picture, matrix, STORED_PX) for picture in (photo, person, alpha, mask)]
    return *stack[:4], emptied(stack[0], np.maximum(stack[2], stack[3]))  # type: ignore[return-value]


def without_islands(alpha: U8) -> U8:
    """u8[S,S]: only what hangs together with the largest part; a plant the teacher doubted goes."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > ISLAND).astype(np.uint8))
    if count < 3:
        return alpha
    main = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    out: U8 = np.where((labels == main) | (labels == 0), alpha, 0).astype(np.uint8)
    return out


def _stored(matrix: F32) -> F32:
    """The net's crop's matrix, made to show ROOM times as much on STORED_PX."""
    scale = STORED_PX / (SIDE_PX * ROOM)
    out = matrix * np.float32(scale)
    out[:, 2] += (STORED_PX - 1) / 2 - scale * (SIDE_PX - 1) / 2
    return out.astype(np.float32)


def own_colours(photo: U8, alpha: U8) -> U8:
    """u8[S,S,3]: the photo, with the person's colours nearby where it shows less of the person."""
    colour: F32 = photo.astype(np.float32)
    near, _ = colours_near(colour, alpha > 245, photo.shape[0] / 512)
    clear: F32 = alpha.astype(np.float32)
    share = smoothstep(((clear - 102) / 140).astype(np.float32))[..., None]
    out: U8 = (near + share * (colour - near)).clip(0, 255).astype(np.uint8)
    return out


class PersonSampler:
    """Endless crops of the net's size with the share of person in each pixel."""

    def __init__(self, people: Cutouts) -> None:
        self._people = people

    def batch(self, count: int, rng: np.random.Generator) -> tuple[U8, F32]:
        """u8[count,S,S,3] and f32[count,S,S]."""
        rows = rng.integers(0, len(self._people.photos), count)
        drawn = [self.one(int(row), rng) for row in rows]
        return np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn])

    def plain(self) -> tuple[U8, U8]:
        """Everybody as the finder will see them, u8[N,S,S,3], and the teacher's u8[N,S,S]."""
        matrix = still()
        images = [cut(p, matrix, SIDE_PX) for p in self._people.photos]
        return np.stack(images), np.stack([cut(m, matrix, SIDE_PX) for m in self._people.masks])

    def one(self, row: int, rng: np.random.Generator) -> tuple[U8, F32]:
        """One person, moved, before this wall or that, in some light."""
        matrix = shaken(rng)
        alpha = cut(self._people.alphas[row], matrix, SIDE_PX)
        if rng.random() < BEFORE_WALLS:
            person = cut(self._people.people[row], matrix, SIDE_PX)
            if rng.random() < 0.5:
                person = relight(person, rng, block=False)
            texture = self._texture(rng)
            wall = behind(self._people.walls, person, alpha, texture, rng)
            share = (alpha / 255).astype(np.float32)[..., None]
            image = (wall + share * (person.astype(np.float32) - wall)).astype(np.uint8)
            if rng.random() < FRAMED:
                image, alpha = framed(image, alpha, rng)
        else:
            image = cut(self._people.photos[row], matrix, SIDE_PX)
        return relight(image, rng, block=False), (alpha / 255).astype(np.float32)

    def _texture(self, rng: np.random.Generator) -> U8:
        """u8[T,T,3]: somebody's hair or clothes."""
        row = int(rng.integers(len(self._people.photos)))
        inside = np.argwhere(self._people.alphas[row] > 240)
        side = int(rng.integers(24, 72))
        y, x = (int(v) for v in inside[rng.integers(len(inside))])
        y, x = min(y, STORED_PX - side), min(x, STORED_PX - side)
        return np.ascontiguousarray(self._people.people[row, y : y + side, x : x + side])


def still() -> F32:
    """f32[2,3]: the stored cutout to the net's crop as the finder cuts it."""
    scale = SIDE_PX * ROOM / STORED_PX
    shift = (SIDE_PX - 1) / 2 - scale * (STORED_PX - 1) / 2
    return np.array([[scale, 0, shift], [0, scale, shift]], np.float32)


def shaken(rng: np.random.Generator) -> F32:
    """f32[2,3]: the same, moved, turned, nearer or further, mirrored or not."""
    scale = SIDE_PX * ROOM / STORED_PX * np.exp(rng.uniform(-0.22, 0.22))
    angle, sign = rng.normal(0, 0.1), 1 if rng.random() < 0.5 else -1
    turn = scale * np.array(
        [[np.cos(angle) * sign, -np.sin(angle)], [np.sin(angle) * sign, np.cos(angle)]]
    )
    middle = (SIDE_PX - 1) / 2 + rng.normal(0, 0.07 * SIDE_PX, 2)
    shift = middle - turn @ np.full(2, (STORED_PX - 1) / 2)
    return np.column_stack([turn, shift]).astype(np.float32)


def framed(image: U8, alpha: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """Both as if the photo ended inside the crop: its last pixels go on, as `cut` draws them."""
    side = image.shape[0]
    left, right, top, bottom = (int(v) for v in rng.uniform(0, 0.18 * side, 4))
    inner = np.s_[top : side - bottom, left : side - right]
    both = [
        cv2.copyMakeBorder(p[inner], top, bottom, left, right, cv2.BORDER_REPLICATE)
        for p in (image, alpha)
    ]
    return both[0], both[1]
