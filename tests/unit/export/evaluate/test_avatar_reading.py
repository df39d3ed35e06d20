import numpy as np
import pytest

from engines.render.rig import load_rig
from engines.values import ARKIT_NAMES, F32
from export.evaluate.avatar_motions import GRADED
from export.evaluate.avatar_reading import ShapeReader, correlation, gauges, ratios


def picture_of(offset: F32) -> F32:
    """The rig's head in picture axes, turned, larger and elsewhere."""
    head = load_rig().neutral + offset
    turn = np.deg2rad(6.0)
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    placed = 14.0 * head @ rotation.T + np.array([250, -240, 0])
    out: F32 = (placed * np.array([1, -1, -1])).astype(np.float32)
    return out


def moved(weights: dict[str, float]) -> F32:
    deltas = load_rig().deltas
    out: F32 = np.zeros_like(deltas[0])
    for name, weight in weights.items():
        out += weight * deltas[ARKIT_NAMES.index(name)]
    return out


def test_a_shape_is_read_whatever_the_heads_place_and_size() -> None:
    reader = ShapeReader(load_rig())
    rest = picture_of(np.zeros((468, 3), np.float32))
    half, full = (gauges(reader.read(picture_of(moved({"jawOpen": w})), rest)) for w in (0.5, 1.0))
    assert full["jawOpen"] > 0.7 and 0.4 < half["jawOpen"] / full["jawOpen"] < 0.6
    assert full["blink"] < 0.1 and full["brow up"] < 0.1


def test_nothing_moved_nothing_read() -> None:
    rest = picture_of(np.zeros((468, 3), np.float32))
    weights = ShapeReader(load_rig()).read(rest, rest)
    assert max(weights.values()) < 1e-6 and "tongueOut" not in weights


@pytest.mark.parametrize("gauge", ["jawOpen", "smile", "blink", "brow up", "brow down"])
def test_each_ratio_grows_with_its_motion(gauge: str) -> None:
    names = [n for n in ARKIT_NAMES if any(n.startswith(g) for g in GRADED[gauge])]
    rest = np.concatenate([picture_of(np.zeros((468, 3), np.float32)), np.zeros((10, 3), "f4")])
    full = picture_of(moved(dict.fromkeys(names, 1.0)))
    assert ratios(full)[gauge] > ratios(rest)[gauge] + 0.005


def test_correlation_of_a_face_that_never_moves_is_nought() -> None:
    assert correlation([0, 1, 2], [5, 5, 5]) == 0.0
    assert abs(correlation([0, 1, 2], [4, 5, 6]) - 1) < 1e-9
