"""A photo becomes a puppet that is drawn where landmarks lie."""

from __future__ import annotations

import numpy as np

from engines.values import MOTION_INDEX
from export.data.render_mesh import MeshReader
from export.data.render_puppet import Puppet, Window, fitted, toned, window_of
from tests.support.sample_avatar import sample, soft_mask


def test_a_window_moves_points_as_it_moves_pixels() -> None:
    photo = np.zeros((300, 320, 3), np.uint8)
    photo[100:104, 60:64] = 255
    at = Window(20, 40, 256)
    middle = at.move(np.array([[61.5, 101.5, 4.0]], np.float32))[0]
    rows, columns = np.nonzero(at.cut(photo)[..., 0] > 128)
    np.testing.assert_allclose(middle, [columns.mean(), rows.mean(), 8.0], atol=0.2)


def test_a_window_past_the_edge_shows_the_edge() -> None:
    photo = np.zeros((100, 120, 3), np.uint8)
    photo[:, 0], photo[-1] = 90, 200
    seen = Window(-50, 60, 100, 200).cut(photo)
    assert seen.shape == (200, 200, 3)
    assert (seen[:70, :90] == 90).all() and (seen[100:] > 190).all()
    where = Window(-50, 60, 100, 200).move(np.array([[9.5, 69.5, 1]], np.float32))
    np.testing.assert_allclose(where[0], [119.5, 19.5, 2])


def test_the_window_of_a_portrait_is_all_of_it() -> None:
    at = window_of(sample().landmarks, soft_mask())
    assert at.side >= 0.9 * sample().size


def test_a_puppet_at_rest_is_its_photo() -> None:
    photo, points = sample().portrait, sample().landmarks
    puppet = Puppet(fitted(photo, points))
    now = puppet.drawn(points, photo)
    boxes = puppet.pairs("cycle", "somebody", now, None)
    assert all(box is not None for box in boxes)
    for box in boxes:
        assert box is not None
        assert np.abs(box.picture.astype(int) - box.truth).mean() < 3


def test_other_weights_may_be_asked_for() -> None:
    puppet = Puppet(sample())
    jaw = MOTION_INDEX["jawOpen"]

    def more(weights: np.ndarray) -> np.ndarray:
        out = weights.copy()
        out[jaw] = 0.5
        return out

    now = puppet.drawn(sample().landmarks, sample().portrait, more)
    assert now.mesh.weights[jaw] == np.float32(0.5)
    np.testing.assert_allclose(now.mesh.placed[:, :2], sample().landmarks[:468, :2], atol=0.02)


def test_another_white_balance_is_taken_out() -> None:
    photo, placed = sample().portrait, MeshReader(sample()).rest().placed
    warm = np.rint(photo * np.array([0.8, 0.95, 1.0])).astype(np.uint8)
    back = toned(warm, photo, placed)
    assert np.abs(back.astype(int) - photo).mean() < 2 < np.abs(warm.astype(int) - photo).mean()
    assert (toned(photo, photo, placed) == photo).all()
    # No light is made of darkness.
    assert toned(np.ones_like(photo), photo, placed).max() <= 2
