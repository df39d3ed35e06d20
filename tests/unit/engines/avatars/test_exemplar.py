import numpy as np

from engines.avatars.exemplar import continued

SIDE = 256
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
STRIPES = np.where((COLUMNS // 10 % 2)[..., None] > 0, 210, 40).astype(np.uint8).repeat(3, 2)
HOLE = (np.abs(ROWS - 128) < 14) & (np.abs(COLUMNS - 128) < 30)


def test_straight_edges_run_on() -> None:
    photo = STRIPES.copy()
    photo[HOLE] = (0, 0, 255)
    out, found = continued(photo, HOLE, ~HOLE)
    np.testing.assert_array_equal(out[~HOLE], photo[~HOLE])
    assert found[HOLE].all() and not found[~HOLE].any()
    assert (np.abs(out.astype(int) - STRIPES).max(2)[HOLE] > 40).mean() < 0.1


def test_pieces_come_from_the_source_alone() -> None:
    photo = STRIPES.copy()
    red = (np.abs(ROWS - 128) < 24) & ~HOLE
    photo[red] = (0, 0, 255)
    out, _ = continued(photo, HOLE, ~HOLE & ~red)
    assert (out[HOLE] == (0, 0, 255)).all(1).mean() < 0.02


def test_without_a_source_nothing_is_found() -> None:
    out, found = continued(STRIPES, HOLE, np.zeros_like(HOLE))
    assert not found.any() and out.shape == STRIPES.shape


def test_at_the_larger_size_pieces_are_as_sharp() -> None:
    large = STRIPES.repeat(2, 0).repeat(2, 1)
    hole = HOLE.repeat(2, 0).repeat(2, 1)
    broken = large.copy()
    broken[hole] = 128
    out, _ = continued(broken, hole, ~hole)
    assert (np.abs(out.astype(int) - large).max(2)[hole] > 60).mean() < 0.15
