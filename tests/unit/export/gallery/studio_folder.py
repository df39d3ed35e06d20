"""A data folder of drawn faces with cached landmarks and cut-outs: no tracker, no matting."""

from pathlib import Path

import cv2
import numpy as np

from export.gallery.recipes import Recipe
from tests.unit.export.gallery.faces import face

SIDE = 200
STEMS = tuple(f"{sex}_{k}" for sex in ("female", "male") for k in range(12))

RECIPE = Recipe(
    name="test",
    title="Test",
    sex="female",
    seed=3,
    step=(0.8, -0.6),
    group=("female_1", "female_2", "female_3", "female_4"),
    hair="female_5~",
    body="female_6",
    eyes=("female_1", "female_2"),
    nose=("female_2",),
    mouth=("female_3",),
    skin=("female_4", "female_1"),
    hair_over_px=6.0,
    eye_light=3.0,
    even_cloth=0.5,
    jaw_shadow=0.1,
)


def draw(path: Path) -> Path:
    """Writes portraits/ and cache/ under `path`; returns the data folder."""
    pictures, cache = path / "data" / "portraits", path / "cache"
    pictures.mkdir(parents=True)
    cache.mkdir()
    rng = np.random.default_rng(9)
    points = {}
    for stem in STEMS:
        mesh = face(0) + rng.normal(0, 0.6, (478, 3))
        points[stem] = mesh
        canvas = np.full((SIDE, SIDE, 3), (200, 190, 180), np.uint8)
        alpha = np.zeros((SIDE, SIDE), np.float32)
        for picture, value in ((canvas, (40, 30, 30)), (alpha, (1.0,))):
            cv2.ellipse(picture, (100, 85), (62, 82), 0, 0, 360, value, -1)
            cv2.rectangle(picture, (40, 165), (160, 200), value, -1)
        skin = tuple(int(v) for v in np.array([135, 160, 205]) + rng.integers(-8, 8, 3))
        cv2.ellipse(canvas, (100, 100), (50, 66), 0, 0, 360, skin, -1)
        cv2.imwrite(str(pictures / f"{stem}.jpg"), canvas)
        colour = canvas.astype(np.float32) / 255
        parts = {"alpha": alpha, "foreground": colour, "residual": np.zeros_like(colour)}
        np.savez(cache / f"cut_{stem}_0.npz", **parts)  # type: ignore[arg-type]
    np.savez(cache / "landmarks.npz", **points)  # type: ignore[arg-type]
    return path / "data"
