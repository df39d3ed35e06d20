"""Walls to put behind people who are cut out: other people's, drawn ones, with things like hair.

Offline; pure but for the generator handed in.
Never leaves somebody standing in a wall: who stood there is filled up first.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.wall import membrane
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.face_augment import relight
from export.data.face_backdrops import backdrop, ink

DRAWN, RELIT, FURNISHED, ALIKE, SOFT = 0.2, 0.6, 0.6, 0.12, 0.4
"""Chances of a drawn wall, of other light, of furniture, of the hair's own colour, of no focus."""
_GROWN_PX = 9


def emptied(photo: U8, mask: U8) -> U8:
    """u8[S,S,3]: the wall without the person: mirrored where the other side is free, else smooth.

    mask u8[S,S] 255 on the person.
    """
    hole = cv2.dilate((mask > 30).astype(np.uint8), np.ones((_GROWN_PX, _GROWN_PX), np.uint8)) > 0
    film = membrane(photo, hole)
    free = (hole & ~hole[:, ::-1]).astype(np.float32)
    share = cv2.GaussianBlur(free, (0, 0), 2)[..., None]
    filled = share * photo[:, ::-1] + (1 - share) * film
    out: U8 = np.where(hole[..., None], filled, photo).clip(0, 255).astype(np.uint8)
    return out


def moved(wall: U8, side: int, rng: np.random.Generator) -> U8:
    """u8[side,side,3]: a part of the wall, nearer or further, tilted a little, mirrored or not."""
    scale = side / wall.shape[0] * rng.uniform(0.8, 2.4)
    angle, sign = rng.normal(0, 0.1), 1 if rng.random() < 0.5 else -1
    turn = scale * np.array(
        [[np.cos(angle) * sign, -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    middle = side / 2 + rng.normal(0, 0.25 * side, 2)
    shift = middle - turn @ np.full(2, wall.shape[0] / 2)
    matrix = np.column_stack([turn, shift]).astype(np.float32)
    out: U8 = cv2.warpAffine(
        wall, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return out


def like(person: U8, alpha: U8, rng: np.random.Generator) -> F32:
    """f32[3]: a colour of the person, of the hair rather: from the upper third where there is."""
    inside = alpha > 240
    upper = inside & (np.arange(len(alpha))[:, None] < len(alpha) // 3)
    where = np.flatnonzero(upper if upper.any() and rng.random() < 0.7 else inside)
    if not len(where):
        return ink(rng)
    out: F32 = person.reshape(-1, 3)[rng.choice(where)].astype(np.float32)
    return out


def furnished(wall: U8, colour: F32, texture: U8, count: int, rng: np.random.Generator) -> U8:
    """u8[S,S,3]: with doors, chairs, posts and shades of a colour or with a texture u8[T,T,3]."""
    side = wall.shape[0]
    out: F32 = wall.astype(np.float32)
    for _ in range(count):
        shape = _outline(side, rng)
        if rng.random() < 0.5:
            shape = cv2.GaussianBlur(shape, (0, 0), float(rng.uniform(0.5, 4)))
        if rng.random() < 0.3:
            paint = moved(texture, side, rng).astype(np.float32)
        else:
            grain = rng.standard_normal((side, side, 1), np.float32) * rng.uniform(0, 8)
            slope = np.linspace(-1, 1, side, dtype=np.float32) * rng.uniform(-25, 25)
            tint = colour + rng.normal(0, 14, 3) if rng.random() < 0.7 else ink(rng)
            across = slope[None, :, None] if rng.random() < 0.5 else slope[:, None, None]
            paint = (tint + grain + across).astype(np.float32)
        out = out + (shape * np.float32(rng.uniform(0.7, 1)))[..., None] * (paint - out)
    done: U8 = out.clip(0, 255).astype(np.uint8)
    return done


def _outline(side: int, rng: np.random.Generator) -> F32:
    """f32[side,side] 0-1: a door, a chair's back, a blob or a post, anywhere."""
    shape = np.zeros((side, side), np.uint8)
    kind = int(rng.integers(4))
    x, y = (int(v) for v in rng.integers(0, side, 2))
    wide, high = (int(v) for v in rng.integers(side // 12, side // 2, 2))
    if kind == 0:
        # From the ceiling, or down to the floor.
        top = 0 if rng.random() < 0.6 else y
        cv2.rectangle(
            shape, (x, top), (x + wide, side if top or rng.random() < 0.5 else y), 255, -1
        )
    elif kind == 1:
        cv2.ellipse(shape, (x, y), (wide, high), 0, 0, 360, 255, -1)
        cv2.rectangle(shape, (x - wide, y), (x + wide, side), 255, -1)
    elif kind == 2:
        cv2.ellipse(shape, (x, y), (wide, high // 2), float(rng.uniform(0, 180)), 0, 360, 255, -1)
    else:
        end = tuple(int(v) for v in rng.integers(0, side, 2))
        cv2.line(shape, (x, y), end, 255, int(rng.integers(2, side // 8)), cv2.LINE_AA)
    out: F32 = (shape / 255).astype(np.float32)
    return out


def behind(walls: U8, person: U8, alpha: U8, texture: U8, rng: np.random.Generator) -> U8:
    """u8[S,S,3]: a wall for a person u8[S,S,3] with alpha u8[S,S], of walls u8[N,W,W,3]."""
    side = person.shape[0]
    if rng.random() < DRAWN:
        wall = backdrop(side, rng)
    else:
        wall = moved(walls[int(rng.integers(len(walls)))], side, rng)
    if rng.random() < RELIT:
        wall = relight(wall, rng, block=False)
    colour = like(person, alpha, rng)
    if rng.random() < ALIKE:
        level = wall.astype(np.float32) - wall.mean((0, 1)) + colour
        wall = level.clip(0, 255).astype(np.uint8)
    if rng.random() < FURNISHED:
        wall = furnished(wall, colour, texture, int(rng.integers(1, 5)), rng)
    if rng.random() < SOFT:
        wall = cv2.GaussianBlur(wall, (0, 0), float(rng.uniform(0.5, 5)))
    return wall
