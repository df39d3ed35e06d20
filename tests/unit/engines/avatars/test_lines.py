import numpy as np
import pytest

from engines.avatars.lines import edges_into, with_lines
from engines.values import F32, U8

SIDE = 512
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
HOLE = np.hypot(ROWS - 256, COLUMNS - 256) < 120


def wall(degrees: float) -> U8:
    """A bright half and a dark one; the edge runs through the middle of the picture."""
    turn = np.deg2rad(degrees)
    side = (COLUMNS - 256) * np.sin(turn) - (ROWS - 256) * np.cos(turn)
    return np.where((side > 0)[..., None], 200, 50).astype(np.uint8).repeat(3, 2)


def emptied(picture: U8) -> tuple[F32, U8]:
    """Filled with grey, and as it was given, with somebody in it."""
    filled = np.where(HOLE[..., None], 125, picture).astype(np.float32)
    seen = np.where(HOLE[..., None], (60, 90, 200), picture).astype(np.uint8)
    return filled, seen


@pytest.mark.parametrize("degrees", [0.0, 20.0, 90.0, 135.0])
def test_an_edge_goes_on_straight(degrees: float) -> None:
    truth = wall(degrees)
    filled, seen = emptied(truth)
    out = with_lines(filled, seen, HOLE)
    np.testing.assert_array_equal(out[~HOLE], filled[~HOLE])
    turn = np.deg2rad(degrees)
    for way in (-1, 1):
        for depth in (8, 25, 40):
            x = 256 + way * (120 - depth) * np.cos(turn)
            y = 256 + way * (120 - depth) * np.sin(turn)
            across = np.array([np.sin(turn), -np.cos(turn)])
            for aside in (-6, 6):
                at = np.rint([x + aside * across[0], y + aside * across[1]]).astype(int)
                assert abs(out[at[1], at[0]] - truth[at[1], at[0]]).max() < 30


def test_deep_inside_nothing_is_drawn() -> None:
    filled, seen = emptied(wall(0.0))
    out = with_lines(filled, seen, HOLE)
    np.testing.assert_array_equal(out[246:266, 246:266], 125)


def test_only_long_edges_that_point_at_the_hole_count() -> None:
    picture = np.full((SIDE, SIDE, 3), 120, np.uint8)
    picture[100:110, 20:60] = 250  # ends far from the hole
    picture[250:254, 128:134] = 20  # at the hole, and short
    picture[:, 5] = 0  # passes by
    assert not [e for e in edges_into(picture, HOLE) if abs(e.way[0]) > 0.9 and e.length > 26]


def test_how_long_it_is_seen_and_where_it_enters() -> None:
    _, seen = emptied(wall(0.0))
    edges = [e for e in edges_into(seen, HOLE) if abs(float(e.way[1])) < 0.05]
    assert {int(np.sign(e.way[0])) for e in edges} == {-1, 1}
    for edge in edges:
        assert abs(abs(float(edge.end[0]) - 256) - 120) < 4 and abs(float(edge.end[1]) - 256) < 4
        assert 90 < edge.length < 140


def test_a_flat_wall_and_one_that_is_all_hole_have_none() -> None:
    flat = np.full((SIDE, SIDE, 3), 90, np.uint8)
    assert not list(edges_into(flat, HOLE))
    assert not list(edges_into(wall(0.0), np.ones_like(HOLE)))
