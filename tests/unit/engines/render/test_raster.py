import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.render.raster import Painting, fill
from engines.values import F32

SIDE = 40


def covered(points: F32, triangles: list[tuple[int, int, int]]) -> F32:
    spans = fill(points, points, np.array(triangles), SIDE, SIDE)
    out = np.full((SIDE * SIDE, 2), np.nan, np.float32)
    out[spans.pixels] = spans.values
    return out.reshape(SIDE, SIDE, 2)


def triangle_points() -> st.SearchStrategy[F32]:
    number = st.floats(-8, SIDE + 8, width=32)
    return st.lists(st.tuples(number, number), min_size=3, max_size=3).map(
        lambda p: np.array(p, np.float32)
    )


@settings(max_examples=150, deadline=None)
@given(triangle_points())
def test_a_pixel_is_drawn_exactly_when_it_lies_inside(points: F32) -> None:
    out = covered(points, [(0, 1, 2)])
    drawn = ~np.isnan(out[..., 0])
    edges = np.roll(points, -1, 0) - points
    if abs(edges[0, 0] * edges[1, 1] - edges[0, 1] * edges[1, 0]) < 20:
        return
    for y in range(SIDE):
        for x in range(SIDE):
            distance = cv2.pointPolygonTest(points.reshape(-1, 1, 2), (x, y), True)
            if distance > 0.02:
                assert drawn[y, x]
            elif distance < -0.02:
                assert not drawn[y, x]


@settings(max_examples=50, deadline=None)
@given(triangle_points())
def test_values_are_linear_so_coordinates_come_back(points: F32) -> None:
    out = covered(points, [(0, 1, 2)])
    edges = np.roll(points, -1, 0) - points
    if abs(edges[0, 0] * edges[1, 1] - edges[0, 1] * edges[1, 0]) < 20:
        return
    ys, xs = np.nonzero(~np.isnan(out[..., 0]))
    np.testing.assert_allclose(out[ys, xs, 0], xs, atol=0.02)
    np.testing.assert_allclose(out[ys, xs, 1], ys, atol=0.02)


def test_neighbours_leave_no_gap() -> None:
    rng = np.random.default_rng(3)
    xs, ys = np.meshgrid(np.linspace(2, 37, 6), np.linspace(2, 37, 6))
    points = np.stack([xs.ravel(), ys.ravel()], 1).astype(np.float32)
    inner = (points > 3).all(1) & (points < 36).all(1)
    points[inner] += rng.uniform(-2, 2, (int(inner.sum()), 2)).astype(np.float32)
    triangles = []
    for r in range(5):
        for c in range(5):
            a = 6 * r + c
            triangles += [(a, a + 1, a + 6), (a + 1, a + 7, a + 6)]
    assert not np.isnan(covered(points, triangles)[3:37, 3:37]).any()


def test_the_last_of_two_wins_and_winding_does_not_matter() -> None:
    points = np.array([[2, 2], [30, 2], [2, 30]], np.float32)
    triangles = np.array([(0, 1, 2), (0, 2, 1)])
    spans = fill(points, points, triangles, SIDE, SIDE)
    owner = np.full(SIDE * SIDE, -1)
    owner[spans.pixels] = spans.triangles
    assert set(owner.tolist()) == {-1, 1}


def test_slivers_and_triangles_off_the_picture_draw_nothing() -> None:
    points = np.array([[1, 1], [20, 1.0001], [39, 1], [-9, -9], [-5, -9], [-5, -2]], np.float32)
    spans = fill(points, points, np.array([(0, 1, 2), (3, 4, 5)]), SIDE, SIDE)
    assert len(spans.pixels) == 0


def test_a_painting_shows_what_a_fill_leaves() -> None:
    rng = np.random.default_rng(5)
    points = rng.uniform(-6, SIDE + 6, (60, 2)).astype(np.float32)
    # Whole numbers too: there rows go through corners and along sides.
    points[::3] = np.rint(points[::3])
    triangles = rng.integers(0, 60, (90, 3))
    values = rng.uniform(0, 9, (60, 3)).astype(np.float32)
    spans = fill(points, values, triangles, SIDE, SIDE + 5)
    wanted = np.full((SIDE * (SIDE + 5), 3), 7, np.float32)
    wanted[spans.pixels] = spans.values
    painting = Painting(points, triangles, SIDE, SIDE + 5)
    np.testing.assert_array_equal(
        painting.covered.ravel(), np.isin(np.arange(len(wanted)), spans.pixels)
    )
    seen = wanted.reshape(SIDE + 5, SIDE, 3)
    got = painting.values(np.ascontiguousarray(values[:, 0]), elsewhere=7)
    np.testing.assert_allclose(got, seen[..., 0], atol=1e-2)
    pair = painting.values(np.ascontiguousarray(values[:, 1:]).view(np.complex64)[:, 0])
    inside = painting.covered
    np.testing.assert_allclose(pair.real[inside], seen[..., 1][inside], atol=1e-2)
    np.testing.assert_allclose(pair.imag[inside], seen[..., 2][inside], atol=1e-2)
    assert not pair[~inside].any()


def test_flat_sides_on_whole_rows_are_drawn_to_their_ends() -> None:
    for rows in ((4, 4, 20), (4, 20, 20)):
        points = np.array([[3, rows[0]], [30, rows[1]], [12, rows[2]]], np.float32)
        painting = Painting(points, np.array([(0, 1, 2)]), SIDE, SIDE)
        side = np.flatnonzero(painting.covered[rows[1]])
        flat = [points[k, 0] for k in range(3) if rows[k] == rows[1]]
        assert (side.min(), side.max()) == (min(flat), max(flat))
