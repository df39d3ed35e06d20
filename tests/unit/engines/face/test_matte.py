"""The person's mask at the photo's size."""

from __future__ import annotations

from typing import Any

import numpy as np

from engines.face.matte import SIDE_PX, cut_by_colour, guess, person_mask, to_edges
from engines.face.weights import FaceNets
from engines.values import F32, U8


class Unsure:
    """Sure of the far left and right, of nothing between; a session as onnxruntime's."""

    def run(self, names: list[str], feed: dict[str, F32]) -> list[F32]:
        assert names == ["person"]
        pictures = feed["pictures"]
        mirrored = pictures[:, 0, :, :20].mean((1, 2)) < pictures[:, 0, :, -20:].mean((1, 2))
        row = np.linspace(9, -9, SIDE_PX, dtype=np.float32)
        out = [np.tile(row[::-1] if flip else row, (SIDE_PX, 1)) for flip in mirrored]
        return [np.stack(out)[:, None].astype(np.float32)]


def nets() -> FaceNets:
    session: Any = Unsure()
    return FaceNets({"scene": session}, np.arange(478), 0.2, 0.03, 0.5)


def photo(edge: float) -> U8:
    """Bright person on the left, dark wall on the right, 300 x 400."""
    rng = np.random.default_rng(0)
    out = rng.integers(10, 40, (300, 400, 3), dtype=np.uint8)
    out[:, : int(400 * edge)] += 190
    return out


def test_the_cut_follows_the_photo_where_the_net_is_unsure() -> None:
    mask = person_mask(photo(0.55), nets())
    assert mask.shape == (300, 400) and mask.dtype == np.float32
    assert mask[:, :208].min() > 0.9
    assert mask[:, 232:].max() < 0.1


def test_what_the_net_denies_is_not_fetched_by_its_colour() -> None:
    mask = person_mask(photo(0.75), nets())
    assert mask[:, :200].min() > 0.9
    assert mask[:, 290:].max() < 0.1, "as bright as the person, and far from them"


def test_the_same_photo_gives_the_same_mask() -> None:
    assert np.array_equal(person_mask(photo(0.4), nets()), person_mask(photo(0.4), nets()))


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
