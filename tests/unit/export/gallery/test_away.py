from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from export.gallery import away
from export.gallery.arrays import F64, f32
from export.gallery.likeness import Likeness
from export.gallery.sources import Portraits
from tests.unit.export.gallery.faces import face
from tests.unit.export.gallery.studio_folder import draw
from tests.unit.export.gallery.test_likeness import colours


def calm() -> F64:
    """A drawn face with brows, lids and lips where a calm one has them."""
    rest = face()
    rest[[107, 336, 105, 334, 55, 285], 1] = 60
    rest[[145, 374, 133, 362], 1] = 96
    rest[0, 1], rest[17, 1] = 122, 144
    return rest


@pytest.mark.parametrize(
    ("part", "move"), [([107, 336, 105, 334, 55, 285], 9), ([159, 386], 4), ([17], -9)]
)
def test_low_brows_narrow_eyes_and_thin_lips_count_as_grim(part: list[int], move: float) -> None:
    assert away.expression(calm(), calm()) == 0
    worse = calm()
    worse[part, 1] += move
    assert away.expression(worse, calm()) > 0.05


def test_a_preview_shows_the_moved_face_where_its_points_say() -> None:
    picture = np.zeros((200, 200, 3), np.uint8)
    start = face()[:, :2]
    nose = np.round(start[1]).astype(int)
    picture[nose[1] - 4 : nose[1] + 5, nose[0] - 4 : nose[0] + 5] = 255
    moved = start * 1.05 + np.array([-6.0, 3.0])
    preview, points = away.deform(picture, start, moved, side=128)
    assert preview.shape == (128, 128, 3)
    x, y = np.round(points[1]).astype(int)
    assert preview[y, x].min() > 180 and preview[5, 5].max() == 0


@pytest.fixture
def search(tmp_path: Path) -> away.Search:
    likeness = Likeness(Portraits(draw(tmp_path) / "portraits", tmp_path / "cache"), colours)
    picture = likeness.portraits.picture("female_1")
    # The stand-in for the judge sees the width between the eyes only.
    likeness._vectors = lambda _, meshes: f32(
        np.pad((meshes[:, 263, :1] - meshes[:, 33, :1]) / 250, ((0, 0), (0, 127)))
    )
    (tmp_path / "cache" / "vectors.npz").unlink()
    likeness.names, likeness.sources = likeness._learn()
    likeness.sources[:] = likeness.sources.mean() * 128 * np.eye(1, 128) * 0.4

    def shape(step: Sequence[float]) -> F64:
        mesh = calm()
        mesh[[33, 263], 0] += np.array([-4.0, 4.0]) * step[0]
        mesh[:, 1] += 0.5 * step[1]
        return mesh

    return away.Search(picture, shape, lambda mesh: mesh[:, :2], likeness, (0.0, 0.0))


def test_the_search_moves_away_and_finds_the_same_again(search: away.Search) -> None:
    first = search.rate([np.zeros(2)])[0]
    found = search.run(rounds=4, batch=6, seed=1)
    assert found.cost < first.cost and found.identity > first.identity
    assert max(map(abs, found.step)) <= away.LIMIT
    assert search.run(rounds=4, batch=6, seed=1) == found


def test_long_steps_cost(search: away.Search) -> None:
    near, far = search.rate([np.array([0.0, 0.2]), np.array([0.0, 2.5])])
    assert far.cost > near.cost
