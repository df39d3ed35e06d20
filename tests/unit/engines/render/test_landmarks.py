from engines.render import landmarks as lm
from engines.render.rig import load_rig


def test_rows_hold_each_point_once_and_pair_up() -> None:
    for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS):
        assert len(row) == 9
    points = [i for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS) for i in row]
    assert len(set(points)) == len(points)
    for eye in lm.EYES:
        rows = (eye.upper, eye.lower, eye.crease, eye.above)
        assert {len(row) for row in rows} == {7}
        assert all(i < lm.MESH_POINTS for row in rows for i in row)


def test_a_strip_between_two_rows_has_two_triangles_per_piece() -> None:
    assert lm.strip((1, 2, 3), (4, 5, 6)) == [(1, 2, 4), (2, 5, 4), (2, 3, 5), (3, 6, 5)]


def test_the_caps_fill_holes_of_the_mesh() -> None:
    mesh = {tuple(sorted(t)) for t in load_rig().triangles.tolist()}
    caps = [*lm.mouth_cap(), *lm.eye_cap(lm.EYES[0]), *lm.eye_cap(lm.EYES[1])]
    solid = {tuple(sorted(t)) for t in caps if len(set(t)) == 3}
    assert not solid & mesh


def test_rows_run_from_picture_left_to_right_and_top_to_bottom() -> None:
    place = load_rig().neutral
    for row in (*lm.UPPER_ROWS, *lm.LOWER_ROWS):
        across = place[list(row), 0]
        assert (across[1:] > across[:-1]).all()
    for upper, lower in zip(lm.UPPER_INNER, lm.LOWER_INNER, strict=True):
        assert place[upper, 1] > place[lower, 1]


def test_the_strip_under_the_lips_reaches_across_the_mouth() -> None:
    strip = lm.under_lips()
    assert len(strip) == 16
    assert {i for t in strip for i in t} == set(lm.UPPER_ROWS[1]) | set(lm.LOWER_ROWS[1])
