"""Pictures without a face."""

from __future__ import annotations

import numpy as np
import pytest

from export.data.face_backdrops import BACKDROPS, Draw, backdrop, cartoon, cells, clouds


@pytest.mark.parametrize("draw", [*BACKDROPS, cells, cartoon], ids=lambda d: d.__name__)
def test_each_kind_draws_varied_pictures_from_its_seed(draw: Draw) -> None:
    first = draw(96, np.random.default_rng(1))
    assert first.shape == (96, 96, 3) and first.dtype == np.uint8
    assert np.array_equal(first, draw(96, np.random.default_rng(1)))
    assert not np.array_equal(first, draw(96, np.random.default_rng(2)))


def test_clouds_fill_zero_to_one() -> None:
    field = clouds(64, np.random.default_rng(0), 1)
    assert field.shape == (64, 64, 1)
    assert field.min() == 0 and field.max() == pytest.approx(1)


def test_training_never_draws_the_kind_kept_for_judging() -> None:
    assert cells not in BACKDROPS
    assert backdrop(32, np.random.default_rng(0)).shape == (32, 32, 3)
