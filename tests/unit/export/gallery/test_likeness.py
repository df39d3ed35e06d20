import dataclasses
from pathlib import Path

import numpy as np
import pytest

from export.gallery.arrays import F32, U8
from export.gallery.likeness import Figures, Likeness
from export.gallery.sources import Portraits
from tests.unit.export.gallery.faces import face
from tests.unit.export.gallery.studio_folder import STEMS, draw

FINE = Figures(0.004, "male_1", 0.95, "male_2", 0.53)


def colours(pictures: U8, points: F32) -> F32:
    """Stands in for the judge: the colour at the nose, and how the mesh differs from others."""
    found = np.zeros((len(pictures), 128), np.float32)
    for row, picture, mesh in zip(found, pictures, points, strict=True):
        x, y = np.round(mesh[1, :2]).astype(int)
        width = np.linalg.norm(mesh[454, :2] - mesh[234, :2])
        row[:3] = picture[y, x] / 255
        row[3:103] = ((mesh[5:55, :2] - mesh[:, :2].mean(0)) / width).ravel()
    return found


def known(tmp_path: Path) -> Likeness:
    return Likeness(Portraits(draw(tmp_path) / "portraits", tmp_path / "cache"), colours)


def test_what_ships_has_no_fault_and_each_bar_is_named() -> None:
    assert FINE.faults == [] and "male_2" in str(FINE)
    near = dataclasses.replace(FINE, identity=0.49)
    assert "identity distance 0.490 to male_2" in near.faults[0]
    assert "0.79 % to male_1" in dataclasses.replace(FINE, shape=0.79).faults[0]
    assert "lips open" in dataclasses.replace(FINE, gap=0.03).faults[0]


def test_a_source_is_found_to_be_itself_also_in_a_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    likeness = known(tmp_path)
    picture = likeness.portraits.picture("female_3")
    mesh = likeness.portraits.all_points()["female_3"]
    far = likeness.both_ways(picture[None], mesh[None].astype(np.float32))
    assert far.shape == (1, len(STEMS)) and likeness.names[int(far[0].argmin())] == "female_3"
    monkeypatch.setattr(Portraits, "landmarks", lambda *_: mesh)
    figures = likeness.look(picture, mesh)
    assert figures.identity_source == "female_3" and figures.identity < 0.06
    assert figures.shape_source == "female_3" and figures.shape < 0.01
    assert len(figures.faults) >= 2


def test_vectors_are_kept_in_the_cache_while_the_sources_are_the_same(tmp_path: Path) -> None:
    first = known(tmp_path)

    def never(pictures: U8, points: F32) -> F32:
        raise AssertionError("asked again")

    again = Likeness(first.portraits, never)
    assert np.array_equal(first.sources, again.sources)
    first.portraits.all_points().pop("male_1")
    assert len(Likeness(first.portraits, colours).names) == len(STEMS) - 1


def test_the_mirror_swaps_the_judges_points(tmp_path: Path) -> None:
    seen: list[F32] = []

    def keep(pictures: U8, points: F32) -> F32:
        seen.append(points)
        return colours(pictures, points)

    likeness = known(tmp_path)
    likeness._vectors = keep
    mesh = face()[None].astype(np.float32)
    likeness.both_ways(np.zeros((1, 200, 200, 3), np.uint8), mesh)
    assert np.allclose(seen[1][0, 33, 0], 199 - seen[0][0, 263, 0])
    assert np.allclose(seen[1][0, 2, 1], seen[0][0, 2, 1])
