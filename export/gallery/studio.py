"""Face space of a portrait folder, and one portrait made in it from its recipe.

Runs on the calling thread.
Never writes anything but the finished portrait and its matte, aside and renamed.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from export.gallery.arrays import F64, U8
from export.gallery.away import Found, Search
from export.gallery.compose import compose
from export.gallery.donors import Donors
from export.gallery.likeness import Likeness
from export.gallery.recipes import Recipe
from export.gallery.shape import (
    align,
    lip_gap,
    mirrored,
    new_shape,
    place,
    principal_modes,
    relax,
    symmetric_mean,
    yaw_of,
)
from export.gallery.sources import MIRRORED, Portraits, SourceError

DESIGN_SIZE = 640  # recipes give lengths in a picture of this size
CENTRE_Y = 0.46  # of the face's middle, in parts of the height
MODES = 14
FRONTAL_YAW = 0.2
CALM_GAP = 0.05  # a mouth more open than this is an expression


@dataclass(frozen=True, slots=True)
class Portrait:
    """A finished portrait."""

    picture: U8
    """u8 (S, S, 3) BGR"""
    matte: U8
    """u8 (S, S), person 255: the very one it was put together with."""
    shape: F64
    """Mesh (478, 3) of the face."""


class FaceSpace:
    """The space of face shapes that the portraits of a folder span."""

    def __init__(self, portraits: Portraits) -> None:
        self.points = portraits.all_points()
        frontal = [p for p in self.points.values() if abs(yaw_of(p)) < FRONTAL_YAW]
        if len(frontal) < 20:
            raise SourceError(f"{len(frontal)} frontal portraits in {portraits.folder}: need 20")
        self.mean, self.index = symmetric_mean(frontal)
        self._modes: dict[str, F64] = {}

    def modes(self, sex: str) -> F64:
        """Main ways in which calm, frontal faces of one sex differ."""
        if sex in self._modes:
            return self._modes[sex]
        calm = [
            align(p, self.mean)
            for n, p in self.points.items()
            if n.startswith(sex + "_") and abs(yaw_of(p)) < FRONTAL_YAW and lip_gap(p) < CALM_GAP
        ]
        even = np.array([0.5 * (s + mirrored(s, self.index)) for s in calm])
        self._modes[sex] = principal_modes(even, MODES)
        return self._modes[sex]

    def shape(self, recipe: Recipe) -> F64:
        """The new person's mesh (478, 3)."""
        group = np.array([align(self.points[n.rstrip(MIRRORED)], self.mean) for n in recipe.group])
        shape = new_shape(
            group,
            self.modes(recipe.sex),
            self.index,
            step=recipe.step,
            symmetry=recipe.symmetry,
            seal=0.95,
        )
        return relax(shape, brow=recipe.brow, eye=recipe.eye, smile=recipe.smile)


def target_of(shape: F64, recipe: Recipe, size: int) -> F64:
    """Points (478, 2) of a mesh in the recipe's picture of `size`."""
    width = recipe.face_px * size / DESIGN_SIZE
    return place(shape, size=size, width_px=width, centre_y=CENTRE_Y)


def build(recipe: Recipe, portraits: Portraits, space: FaceSpace, size: int) -> Portrait:
    """Makes one portrait: picture, matte, and the mesh it stands on."""
    shape = space.shape(recipe)
    target = target_of(shape, recipe, size)
    donors = Donors(portraits, space.index, target, size, patches=recipe.patches)
    picture, alpha = compose(recipe, donors)
    return Portrait(picture, np.round(alpha * 255).astype(np.uint8), shape)


def write(portrait: Portrait, name: str, out: Path) -> Path:
    """Writes out/<name>.png and <name>.matte.png, each whole or not at all."""
    for suffix, picture in ((".matte", portrait.matte), ("", portrait.picture)):
        path = out / f"{name}{suffix}.png"
        aside = out / f".{name}.part.png"
        if not cv2.imwrite(str(aside), picture):
            raise SourceError(f"cannot write {aside}: is the folder writable?")
        os.replace(aside, path)
    return path


def search(
    recipe: Recipe,
    portraits: Portraits,
    space: FaceSpace,
    likeness: Likeness,
    *,
    rounds: int = 26,
    batch: int = 14,
) -> Found:
    """A step for `recipe` that takes its face away from all sources (see export.gallery.away)."""
    size = DESIGN_SIZE
    count = len(space.modes(recipe.sex))
    first = tuple(np.pad(recipe.step, (0, count))[:count].tolist())
    made = build(replace(recipe, step=first), portraits, space, size).picture
    away = Search(
        made,
        lambda step: space.shape(replace(recipe, step=tuple(step))),
        lambda shape: target_of(shape, recipe, size),
        likeness,
        first,
    )
    return away.run(rounds=rounds, batch=batch, seed=recipe.seed)
