"""The person's mask at the photo's size."""

from __future__ import annotations

from typing import Any

import numpy as np

from engines.face.matte import SIDE_PX, cut_by_colour, guess, person_mask, to_edges
from engines.face.person import SIDE_PX as CROP_PX
from engines.face.person import person_crop
from engines.face.weights import FaceNets
from engines.render import landmarks as lm
from engines.values import F32, U8
from tests.support.sample_avatar import sample


class Unsure:
    """Sure of the far left and right, of nothing between; a session as onnxruntime's."""

    def run(self, names: list[str], feed: dict[str, F32]) -> list[F32]:
        assert names == ["person"]
        pictures = feed["pictures"]
        mirrored = pictures[:, 0, :, :20].mean((1, 2)) < pictures[:, 0, :, -20:].mean((1, 2))
        row = np.linspace(9, -9, SIDE_PX, dtype=np.float32)
        out = [np.tile(row[::-1] if flip else row, (SIDE_PX, 1)) for flip in mirrored]
        return [np.stack(out)[:, None].astype(np.float32)]


class Same:
    """A person net that says the same everywhere."""

    def __init__(self, logit: float) -> None:
        self.logit = logit

    def run(self, names: list[str], feed: dict[str, F32]) -> list[F32]:
        assert names == ["person"] and feed["pictures"].shape[2:] == (CROP_PX, CROP_PX)
        return [np.full((2, 1, CROP_PX, CROP_PX), self.logit, np.float32)]


def nets(near: float = 9.0) -> FaceNets:
    scene: Any = Unsure()
    person: Any = Same(near)
    return FaceNets({"scene": scene, "person": person}, np.arange(478), 0.2, 0.03, 0.5)


def face(x: float, y: float, width: float) -> F32:
    """A straight face f32[478,3] about (x, y)."""
    points = sample().landmarks
    size = np.linalg.norm((points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2])
    middle = (points[lm.FACE_TOP] + points[lm.CHIN]) / 2
    out: F32 = ((points - middle) * (width / size) + [x, y, 0]).astype(np.float32)
    return out


AWAY = face(-900, 150, 60)
"""A face so far off that its crop does not reach the picture."""


def photo(edge: float) -> U8:
    """Bright person on the left, dark wall on the right, 300 x 400."""
    rng = np.random.default_rng(0)
    out = rng.integers(10, 40, (300, 400, 3), dtype=np.uint8)
    out[:, : int(400 * edge)] += 190
    return out


def test_the_cut_follows_the_photo_where_the_net_is_unsure() -> None:
    mask = person_mask(photo(0.55), AWAY, nets())
    assert mask.shape == (300, 400) and mask.dtype == np.float32
    assert mask[:, :208].min() > 0.9
    assert mask[:, 232:].max() < 0.1


def test_what_the_net_denies_is_not_fetched_by_its_colour() -> None:
    mask = person_mask(photo(0.75), AWAY, nets())
    assert mask[:, :200].min() > 0.9
    assert mask[:, 290:].max() < 0.1, "as bright as the person, and far from them"


def test_the_same_photo_gives_the_same_mask() -> None:
    assert np.array_equal(
        person_mask(photo(0.4), AWAY, nets()), person_mask(photo(0.4), AWAY, nets())
    )


def test_the_mirrors_opinion_counts_half() -> None:
    small = photo(0.5)[:SIDE_PX, 72 : 72 + SIDE_PX]
    mean = guess(np.ascontiguousarray(small), nets())
    row = 1 / (1 + np.exp(-np.linspace(9, -9, SIDE_PX)))
    assert np.allclose(mean[5], row, atol=1e-3)


def test_without_a_background_the_guess_stands() -> None:
    small = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    everywhere = np.full((SIDE_PX, SIDE_PX), 0.99, np.float32)
    assert np.array_equal(cut_by_colour(small, everywhere), everywhere)


def test_a_blurred_edge_moves_to_the_photos() -> None:
    picture = photo(0.5)
    soft = np.tile(np.clip(np.linspace(8, -7, 400), 0, 1), (300, 1)).astype(np.float32)
    sharp = to_edges(picture, soft)
    assert np.abs(np.diff(sharp[150])).max() > 3 * np.abs(np.diff(soft[150])).max()


def test_about_the_face_the_nearer_net_has_the_word_and_beyond_it_the_other() -> None:
    picture = photo(0.5)
    points = face(300, 150, 40)
    mask = person_mask(picture, points, nets())
    middle = person_crop(points)
    reach = CROP_PX / 2 / float(np.hypot(middle[0, 0], middle[0, 1]))
    assert mask[150, 300] > 0.9, "the scene net says there is nobody"
    assert mask[150, 300 + round(reach) + 10 :].max() < 0.1
    assert mask[10:40, 260:340].max() < 0.1
    assert mask[:, :150].min() > 0.9, "far from the face, and the scene net's"
    across = mask[150, 300:390]
    assert np.abs(np.diff(across)).max() < 0.4, "no edge where one hands over to the other"
    nobody = person_mask(picture, face(100, 150, 30), nets(-9.0))
    assert nobody[150, 100] < 0.1 and nobody[290, 10] > 0.9
