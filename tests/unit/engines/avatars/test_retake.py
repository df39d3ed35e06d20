"""Another picture for a photo: what changes with it and what is no longer taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.avatars.retake import retaken, toothless
from tests.support.sample_avatar import sample


def test_the_picture_stands_where_the_photo_stood() -> None:
    avatar = replace(sample(), smile=np.full(2, 0.3, np.float32))
    picture, points = 255 - avatar.portrait, avatar.landmarks + 3
    other = retaken(avatar, picture, points, avatar.eyes)
    for layer in (other.portrait, other.skin, other.background):
        np.testing.assert_array_equal(layer, picture)
    np.testing.assert_array_equal(other.landmarks, points)
    assert not other.smile.any() and other.alpha is avatar.alpha


def test_teeth_go_with_the_laugh_that_showed_them() -> None:
    avatar = sample()
    teeth = np.full((*avatar.portrait.shape[:2], 4), 200, np.uint8)
    shown = replace(avatar, teeth=teeth, laugh=np.ones_like(avatar.laugh))
    bare = toothless(shown)
    assert bare.teeth.size == 0 and not bare.laugh.any()
    assert shown.teeth.any() and bare.portrait is avatar.portrait
