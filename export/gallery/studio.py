"""Face space of a portrait folder, and one portrait made in it from its recipe.

Runs on the calling thread.
Never writes anything but the finished portrait, aside and renamed.
"""

import os
import time
from pathlib import Path

import cv2
import numpy as np

from export.gallery.arrays import F64
from export.gallery.compose import compose
from export.gallery.donors import Donors
from export.gallery.recipes import Recipe
from export.gallery.shape import (
    align,
    lip_gap,
    mirrored,
    nearest,
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
MODES = 8
FRONTAL_YAW = 0.2
CALM_GAP = 0.05  # a mouth more open than this is an expression


class FaceSpace:
    """The space of face shapes that the portraits of a folder span."""

    def __init__(self, portraits: Portraits) -> None:
        self.points = portraits.all_points()
        frontal = [p for p in self.points.values() if abs(yaw_of(p)) < FRONTAL_YAW]
        if len(frontal) < 20:
            raise SourceError(f"{len(frontal)} frontal portraits in {portraits.folder}: need 20")
        self.mean, self.index = symmetric_mean(frontal)

    def modes(self, sex: str) -> F64:
        """Main ways in which calm, frontal faces of one sex differ."""
        calm = [
            align(p, self.mean)
            for n, p in self.points.items()
            if n.startswith(sex + "_") and abs(yaw_of(p)) < FRONTAL_YAW and lip_gap(p) < CALM_GAP
        ]
        even = np.array([0.5 * (s + mirrored(s, self.index)) for s in calm])
        return principal_modes(even, MODES)

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


def build(recipe: Recipe, portraits: Portraits, space: FaceSpace, size: int, out: Path) -> str:
    """Makes one portrait at out/<name>.png; returns a line about it."""
    start = time.perf_counter()
    shape = space.shape(recipe)
    width = recipe.face_px * size / DESIGN_SIZE
    target = place(shape, size=size, width_px=width, centre_y=CENTRE_Y)
    donors = Donors(portraits, space.index, target, size, patches=recipe.patches)
    picture = compose(recipe, donors)
    path = out / f"{recipe.name}.png"
    aside = out / f".{recipe.name}.part.png"
    if not cv2.imwrite(str(aside), picture):
        raise SourceError(f"cannot write {aside}: is the folder writable?")
    os.replace(aside, path)
    near, distance = nearest(shape, space.points)
    seconds = time.perf_counter() - start
    return (
        f"{path}: {size}x{size}, lip gap {lip_gap(target):.3f} of the mouth, "
        f"nearest source {near} at {distance:.2f} % of the face width, {seconds:.0f} s"
    )
