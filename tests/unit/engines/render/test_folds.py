import time
from functools import cache

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.render import landmarks as lm
from engines.render.creases import BROWS
from engines.render.cv import cv2
from engines.render.folds import Folds
from engines.render.geometry import Geometry
from engines.render.layers import cut
from engines.values import F32, MOTION_INDEX, U8
from tests.support.sample_avatar import motion, sample, sample_geometry

NAMES = default_store().names()


@cache
def folds() -> Folds:
    layers = cut(sample(), 512)
    return Folds(sample_geometry(), layers.photo, layers.skin[..., 3])


def unmoved(side: int = 512) -> F32:
    """Where each half-size pixel of a portrait that does not move comes from."""
    axis = np.arange(side // 2, dtype=np.float32) * 2 + 0.5
    return np.stack(np.meshgrid(axis, axis)).astype(np.float32)


def seen(**values: float) -> F32:
    """f32[256,256]: brightness factors on the portrait, 1 where nothing folds."""
    return seen_on(folds(), **values)


def seen_on(of: Folds, **values: float) -> F32:
    out = of.factors(motion(**values)[:52], unmoved())
    return np.ones((256, 256), np.float32) if out is None else out


def around(*points: int, radius: float = 0.09) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Half-size pixels near mesh points, radius in face widths."""
    geometry = sample_geometry()
    places = (geometry.face[list(points), :2] * np.array([1, -1]) + 0.5) / 2 - 0.5
    ys, xs = np.mgrid[:256, :256]
    away = np.hypot(xs[..., None] - places[:, 0], ys[..., None] - places[:, 1]).min(2)
    out: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = away < radius * geometry.face_width / 2
    return out


def outlines(names: list[list[int]], geometry: Geometry) -> U8:
    mask = np.zeros((256, 256), np.uint8)
    for one in names:
        places = (geometry.face[one, :2] * np.array([1, -1]) + 0.5) / 2 - 0.5
        cv2.fillPoly(mask, [np.rint(places).astype(np.int32)], 255)
    return mask


def test_nothing_at_rest_and_nothing_for_what_folds_nothing() -> None:
    for values in ({}, {"jawOpen": 1}, {"eyeBlink": 1}, {"headYaw": 0.3}, {"eyeLookDown": 1}):
        assert folds().factors(motion(**values)[:52], unmoved()) is None, values


PLACES: list[tuple[str, tuple[int, ...]]] = [
    ("browDown", (9, 8, 168, *lm.EYES[0].above, *lm.EYES[1].above)),
    ("browInnerUp", (151, 108, 337, 9, 8, 10, 69, 299, 66, 296)),
    ("noseSneer", (6, 197, 188, 412, 203, 423, 129, 358)),
    ("mouthSmile", (203, 206, 216, 423, 426, 436, 35, 265, 226, 446, 230, 450)),
    ("eyeWide", (29, 27, 28, 259, 257, 258, 30, 260)),
    ("mouthFrown", (61, 291, 202, 422, 200, 18)),
    ("mouthShrugLower", (200, 199, 18, 201, 421, 202, 422)),
    ("mouthDimple", (61, 291, 203, 206, 216, 423, 426, 436, 212, 432)),
]


@pytest.mark.parametrize(("shape", "points"), PLACES, ids=[name for name, _ in PLACES])
def test_a_shape_folds_its_own_place_and_no_other(shape: str, points: tuple[int, ...]) -> None:
    out = np.abs(seen(**{shape: 1.0}) - 1)
    here = around(*points, radius=0.13)
    assert out[here].max() > 0.05
    assert out[~here].max() < 0.02
    # A crease is a line, not a stain: most of the place keeps its light.
    assert (out[here] > 0.05).mean() < 0.5


def test_a_fold_is_dark_with_a_lighter_ridge() -> None:
    for shape in ("browInnerUp", "mouthSmile"):
        out = seen(**{shape: 1.0})
        assert 0.55 <= out.min() < 0.93 and 1.005 < out.max() <= 1.16


def test_it_deepens_with_the_shape_and_comes_on_without_a_jump() -> None:
    steps = [seen(browInnerUp=float(w)) for w in np.linspace(0, 1, 21)]
    deepest = [float(1 - s.min()) for s in steps]
    assert deepest == sorted(deepest)
    jumps = [float(np.abs(b - a).max()) for a, b in zip(steps, steps[1:], strict=False)]
    assert max(jumps) < 0.035


def test_a_crooked_smile_folds_one_cheek() -> None:
    crooked = motion()
    crooked[MOTION_INDEX["mouthSmileLeft"]] = 1
    out = folds().factors(crooked[:52], unmoved())
    assert out is not None
    middle = round((float(sample_geometry().face[lm.CHIN, 0]) + 0.5) / 2)
    assert np.abs(out[:, : middle - 8] - 1).max() == 0
    assert np.abs(out[:, middle + 8 :] - 1).max() > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_brows_eyes_and_lips_keep_their_light(name: str) -> None:
    avatar = default_store().load(name)
    geometry, layers = Geometry(avatar, 512), cut(avatar, 512)
    one = Folds(geometry, layers.photo, layers.skin[..., 3])
    everything = np.ones(52, np.float32)
    out = one.factors(everything, unmoved())
    assert out is not None and np.abs(out - 1).max() > 0.1
    rows = [list(row) for row in BROWS] + [list(lm.OUTER_LOOP)]
    rows += [[e.corners[0], *e.upper, e.corners[1], *e.lower[::-1]] for e in lm.EYES]
    kept = cv2.erode(outlines(rows, geometry), np.ones((3, 3), np.uint8)) > 0
    assert kept.sum() > 500
    assert np.abs(out[kept] - 1).max() < 0.02


def test_hair_over_the_forehead_is_not_folded() -> None:
    layers = cut(sample(), 512)
    photo = layers.photo.copy()
    fringe = cv2.resize(around(151, 10, radius=0.12).astype(np.uint8), (512, 512)) > 0
    photo[fringe] = (20, 24, 30)
    covered = Folds(sample_geometry(), photo, layers.skin[..., 3])
    inside = around(151, radius=0.08)
    assert np.abs(seen(browInnerUp=1)[inside] - 1).max() > 0.05
    assert np.abs(seen_on(covered, browInnerUp=1)[inside] - 1).max() < 0.02


def test_lined_skin_reads_older_and_folds_deeper_than_smooth_skin() -> None:
    layers = cut(sample(), 512)
    smooth = cv2.bilateralFilter(layers.photo, 9, 60, 9)
    lines = 1 + 0.18 * np.sin(np.arange(512, dtype=np.float32) * 2 * np.pi / 7)
    lined: U8 = np.clip(smooth * lines[:, None, None], 0, 255).astype(np.uint8)
    young, old = (Folds(sample_geometry(), p, layers.skin[..., 3]) for p in (smooth, lined))
    assert young.age < 0.3 < 0.7 < old.age
    assert seen_on(old, browInnerUp=1).min() < seen_on(young, browInnerUp=1).min() - 0.02


def test_light_from_the_other_side_turns_the_shading() -> None:
    layers = cut(sample(), 512)
    ramp = np.linspace(0.6, 1.3, 512, dtype=np.float32)[None, :, None]
    left, right = (
        Folds(
            sample_geometry(),
            np.clip(layers.photo * r, 0, 255).astype(np.uint8),
            layers.skin[..., 3],
        )
        for r in (ramp[:, ::-1], ramp)
    )
    assert np.abs(seen_on(left, browDown=1) - seen_on(right, browDown=1)).max() > 0.02


def test_same_weights_same_bytes() -> None:
    np.testing.assert_array_equal(seen(mouthSmile=0.6), seen(mouthSmile=0.6))
    layers = cut(sample(), 512)
    again = Folds(sample_geometry(), layers.photo, layers.skin[..., 3])
    np.testing.assert_array_equal(seen_on(again, mouthSmile=0.6), seen(mouthSmile=0.6))


def test_a_frame_of_folds_is_cheap() -> None:
    source = np.ascontiguousarray(unmoved()[:, 40:200, 60:190])
    weights = motion(browDown=1, browInnerUp=1, mouthSmile=1, noseSneer=1, mouthFrown=1)[:52]
    spent = []
    for _ in range(30):
        started = time.thread_time()
        folds().factors(weights, source)
        spent.append(time.thread_time() - started)
    assert np.median(spent) < 0.0016


def test_grief_knits_the_brows_and_surprise_does_not() -> None:
    between = folds().names.index("glabella")
    assert folds().weights(motion(browInnerUp=1)[:52])[between] > 0.1
    assert folds().weights(motion(browInnerUp=1, browOuterUp=1)[:52])[between] == 0
