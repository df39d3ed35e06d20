"""Cutouts about a face, before their walls and others."""

from __future__ import annotations

import numpy as np

from engines.face.frame import cut
from engines.face.person import SIDE_PX, person_crop
from engines.render.cv import cv2
from export.data.face_drawn import drawn_cache
from export.data.face_person import (
    STORED_PX,
    PersonSampler,
    cutouts,
    framed,
    own_colours,
    shaken,
    still,
    without_islands,
)

CACHE = drawn_cache(4, 3)
MASKS = CACHE.masks.copy()
for mask, points in zip(MASKS, CACHE.photo_points, strict=True):
    # Drawn people have no neck, and what does not hang together is no person.
    x, y = points[152, :2].astype(int)
    cv2.rectangle(mask, (x - 30, y - 20), (x + 30, 319), 255, -1)
PEOPLE = cutouts(CACHE.photos, MASKS, CACHE.photo_points)


def test_cutouts_are_of_one_size_and_keep_the_person() -> None:
    side = (4, STORED_PX, STORED_PX)
    assert PEOPLE.photos.shape == PEOPLE.people.shape == PEOPLE.walls.shape == (*side, 3)
    assert PEOPLE.alphas.shape == PEOPLE.masks.shape == side
    said, true = PEOPLE.alphas > 127, PEOPLE.masks > 127
    assert (said & true).sum() / (said | true).sum() > 0.9


def test_what_does_not_hang_together_goes() -> None:
    alpha = np.zeros((64, 64), np.uint8)
    alpha[20:, 10:40], alpha[5:12, 50:60], alpha[30, 40:43] = 255, 120, 90
    out = without_islands(alpha)
    assert out[5:12, 50:60].max() == 0 and (out[:, :44] == alpha[:, :44]).all()
    assert (without_islands(out) == out).all()


def test_the_middle_of_a_cutout_is_what_the_finder_cuts() -> None:
    images, masks = PersonSampler(PEOPLE).plain()
    assert images.shape == (4, SIDE_PX, SIDE_PX, 3) and masks.shape == (4, SIDE_PX, SIDE_PX)
    for row in range(4):
        true = cut(MASKS[row], person_crop(CACHE.photo_points[row]), SIDE_PX)
        assert ((true > 127) != (masks[row] > 127)).mean() < 0.01


def test_half_clear_pixels_get_the_persons_own_colour() -> None:
    alpha = np.zeros((128, 128), np.uint8)
    alpha[:, :60], alpha[:, 60:68] = 255, 90
    photo = np.full((128, 128, 3), 240, np.uint8)
    photo[:, :60], photo[:, 60:68] = 10, 170
    own = own_colours(photo, alpha)
    assert own[:, 62:66].max() < 40 and (own[:, :56] == 10).all()


def test_crops_are_mirrored_and_moved_about_the_true_one() -> None:
    rng = np.random.default_rng(0)
    drawn = np.stack([shaken(rng) for _ in range(200)])
    signs = np.sign(np.linalg.det(drawn[:, :, :2]))
    assert 60 < (signs > 0).sum() < 140
    middle = drawn[:, :, :2] @ np.full(2, (STORED_PX - 1) / 2) + drawn[:, :, 2]
    assert np.abs(middle.mean(0) - (SIDE_PX - 1) / 2).max() < 4
    size = np.sqrt(np.abs(np.linalg.det(drawn[:, :, :2]) / np.linalg.det(still()[:, :2])))
    assert 0.75 < size.min() < 0.9 and 1.1 < size.max() < 1.3


def test_batches_have_person_and_wall_and_come_again_with_the_seed() -> None:
    sampler = PersonSampler(PEOPLE)
    images, person = sampler.batch(24, np.random.default_rng(5))
    assert images.shape == (24, SIDE_PX, SIDE_PX, 3) and images.dtype == np.uint8
    assert person.shape == (24, SIDE_PX, SIDE_PX) and person.dtype == np.float32
    assert 0 <= person.min() and person.max() <= 1
    assert (person.mean((1, 2)) > 0.1).all() and (person.mean((1, 2)) < 0.9).all()
    again = sampler.batch(24, np.random.default_rng(5))
    assert (again[0] == images).all() and (again[1] == person).all()


def test_a_framed_picture_goes_on_with_its_last_pixels() -> None:
    image = np.random.default_rng(1).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    alpha = image[..., 0].copy()
    out, mask = framed(image, alpha, np.random.default_rng(4))
    assert out.shape == image.shape and (mask == out[..., 0]).all()
    assert (out[0] == out[1]).all() and (out[80, 80] == image[80, 80]).all()
    assert cv2.absdiff(out, image).any()
