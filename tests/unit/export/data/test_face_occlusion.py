"""Labels of hidden parts are counted, not guessed."""

from __future__ import annotations

import numpy as np

from export.data import face_occluders as held
from export.data import face_wear as worn
from export.data.face_drawn import drawn_cache
from export.data.face_occluders import mouth_of
from export.data.face_occlusion import OcclusionSampler, labels, put_in, shares
from export.data.faces import BASE_PX

CACHE = drawn_cache(8, 4)
POINTS = CACHE.train.points[0]
SAMPLER = OcclusionSampler(CACHE.train, CACHE.photos)


def test_shares_are_counted_per_part() -> None:
    alpha = np.zeros((BASE_PX, BASE_PX), np.float32)
    assert shares(alpha, POINTS).tolist() == [0, 0, 0]
    mouth = mouth_of(POINTS)
    alpha[int(mouth[1]) - 40 : int(mouth[1]) + 40, : int(mouth[0])] = 1
    half = shares(alpha, POINTS)
    assert 0.4 < half[0] < 0.6 and half[1:].max() == 0
    assert labels(half).tolist() == [1, 0, 0]
    assert shares(alpha * 0.3, POINTS).max() == 0
    assert labels(np.array([0.2, 0.3, 0.6], np.float32)).tolist() == [0.5, 0.5, 1]


def test_batches_have_both_answers() -> None:
    drawn = SAMPLER.batch(60, np.random.default_rng(0))
    assert drawn.images.shape == (60, 96, 96, 3) and drawn.images.dtype == np.uint8
    assert set(np.unique(drawn.hidden)) <= {0.0, 0.5, 1.0}
    assert 0.1 < (drawn.hidden[:, 0] == 1).mean() < 0.6
    assert 0.05 < (drawn.hidden[:, 1:] == 1).mean() < 0.5


def test_beards_are_no_covers_and_masks_mostly_are() -> None:
    rng = np.random.default_rng(1)
    assert all(SAMPLER.draw(0, rng, worn.beard)[1].max() == 0 for _ in range(8))
    assert np.mean([SAMPLER.draw(0, rng, held.mask)[1][0] for _ in range(20)]) > 0.5


def test_what_is_opaque_replaces_the_picture() -> None:
    image = CACHE.train.images[0]
    alpha = np.zeros((BASE_PX, BASE_PX), np.float32)
    alpha[:50] = 1
    colour = np.full((BASE_PX, BASE_PX, 3), 77, np.float32)
    out = put_in(image, (colour, alpha), np.random.default_rng(0))
    assert (out[:50] == 77).all()
    assert (out[120:] == image[120:]).mean() > 0.9
