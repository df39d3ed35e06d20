import numpy as np

from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import ARKIT_NAMES
from export.rig.ict import draw, project
from export.rig.transfer import _seal, lip_points, mirror_pairs, sources, symmetric, tie
from tests.unit.export.rig.small_head import small_head


def test_a_mark_is_tied_to_the_surface_under_it() -> None:
    head = small_head()
    _, seen = draw(head, head.neutral, 400)
    places = np.array([[1, 2, 11], [-2, -3, 11]], np.float32)
    marks = np.concatenate([project(places, 400), np.zeros((2, 1), np.float32)], 1)
    triangle, mix = tie(head, head.neutral, seen, marks.astype(np.float32), 400)
    assert set(head.material[triangle]) == {"M_Face"}
    back = np.einsum("mk,mkc->mc", mix, head.neutral[head.triangles[triangle]])
    np.testing.assert_allclose(back, places, atol=0.15)


def test_names_of_the_rig_behind_arkit_names() -> None:
    head = small_head()
    assert sources("jawOpen", head) == ["jawOpen"]
    assert sources("mouthSmileLeft", head) == ["mouthSmile_L"]
    assert sources("cheekPuff", head) == ["cheekPuff_L", "cheekPuff_R"]


def test_lip_points_cover_both_lips() -> None:
    points = set(lip_points())
    assert {0, 13, 14, 17, 61, 291, 78, 308} <= points and 152 not in points


def test_sealing_gives_both_lips_one_motion() -> None:
    delta = np.random.default_rng(0).normal(size=(468, 3)).astype(np.float32)
    upper = delta[list(lm.UPPER_INNER)].copy()
    lower = delta[list(lm.LOWER_INNER)].copy()
    _seal(delta)
    np.testing.assert_allclose(delta[list(lm.UPPER_INNER)], (upper + lower) / 2, atol=1e-6)
    np.testing.assert_allclose(delta[list(lm.LOWER_INNER)], (upper + lower) / 2, atol=1e-6)


def test_mirror_pairs_swap_the_eyes() -> None:
    marks = load_rig().neutral * np.array([10, -10, 10], np.float32)
    pairs = mirror_pairs(marks.astype(np.float32))
    assert pairs[33] == 263 and pairs[263] == 33 and pairs[61] == 291 and pairs[1] == 1
    assert sorted(pairs.tolist()) == list(range(468))


def test_symmetric_shapes_mirror_each_other() -> None:
    pairs = mirror_pairs((load_rig().neutral * [10, -10, 10]).astype(np.float32))
    deltas = np.random.default_rng(1).normal(size=(52, 468, 3)).astype(np.float32)
    out = symmetric(deltas, pairs)
    left = out[ARKIT_NAMES.index("browDownLeft")]
    right = out[ARKIT_NAMES.index("browDownRight")]
    np.testing.assert_allclose(left, right[pairs] * [-1, 1, 1], atol=1e-5)
    jaw = out[ARKIT_NAMES.index("jawOpen")]
    np.testing.assert_allclose(jaw, jaw[pairs] * [-1, 1, 1], atol=1e-5)
