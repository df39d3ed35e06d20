"""Changes are the same for picture and truth, and keep what each example means."""

from __future__ import annotations

import numpy as np

from engines.render.boxes import EYE, MOUTH, Kind
from engines.values import MOTION_INDEX
from export.data.render_augment import augment, changed, colours, lent
from export.data.render_pairs import Pairs


def made(kind: Kind, count: int) -> Pairs:
    rng = np.random.default_rng(0)
    picture = rng.integers(60, 200, (count, *kind.shape, 3)).astype(np.uint8)
    masks = np.zeros((count, 2, *kind.shape), np.uint8)
    masks[..., : kind.width // 4] = 255
    condition = np.zeros((count, 212), np.float32)
    condition[:, MOTION_INDEX["mouthSmileLeft"]] = 1
    black = np.zeros_like(picture)
    return Pairs(
        picture, masks, picture, picture, masks, black, black, np.zeros(count, bool), condition,
        np.zeros(count, np.float32), np.array(["grid"] * count), np.array(["one"] * count),
    )  # fmt: skip


def test_equal_pictures_stay_equal_and_black_stays_black() -> None:
    pairs = made(MOUTH, 24)
    out = augment(pairs, np.random.default_rng(1))
    assert (out.picture == out.truth).all() and (out.picture == out.rest).all()
    assert not out.previous_picture.any()
    assert (out.picture != pairs.picture).any((1, 2, 3)).mean() > 0.9
    assert (pairs.picture == made(MOUTH, 24).picture).all()


def test_a_flip_takes_masks_and_motion_along() -> None:
    out = augment(made(MOUTH, 60), np.random.default_rng(2))
    flipped = out.masks[:, 0, 0, -1] > 0
    assert 0.25 < flipped.mean() < 0.75
    right = out.condition[:, MOTION_INDEX["mouthSmileRight"]] > 0
    assert (right == flipped).all()
    assert (out.rest_masks == out.masks).all()


def test_an_eye_is_never_flipped() -> None:
    out = augment(made(EYE, 40), np.random.default_rng(3))
    assert (out.masks[:, 0, 0, 0] > 0).all()


def test_the_same_seed_makes_the_same() -> None:
    a, b = (augment(made(EYE, 6), np.random.default_rng(4)) for _ in range(2))
    assert (a.picture == b.picture).all()


def test_colours_keep_dark_below_light() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        table = colours(rng)[0].astype(int)
        assert (np.diff(table, axis=0) >= 0).all()
    picture = np.full((1, *EYE.shape, 3), 128, np.uint8)
    means = [changed(picture, rng).mean() for _ in range(50)]
    assert 90 < np.mean(means) < 165 and np.std(means) > 5


def test_a_lent_skin_keeps_black_and_white() -> None:
    own, other = np.array([150, 165, 200], np.float32), np.array([50, 70, 105], np.float32)
    table = lent(own, other)[0]
    assert table[0].tolist() == [0, 0, 0] and table[255].tolist() == [255, 255, 255]
    for k in range(3):
        assert abs(int(table[int(own[k]), k]) - other[k]) <= 2
    # Teeth stay lighter than a gain would leave them.
    assert (table[230] > 230 * other / own).all()
    assert (lent(own, own)[0] == np.arange(256)[:, None]).all()
