import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.avatars.rigging import carry, head_axes, resting_smile, umeyama
from engines.render import landmarks as lm
from engines.render.rig import load_rig
from engines.values import F32, MOTION_INDEX
from tests.support.sample_avatar import sample


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 9), st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 99))
def test_umeyama_finds_the_similarity(scale: float, a: float, b: float, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(20, 3)).astype(np.float32)
    ca, sa, cb, sb = np.cos(a), np.sin(a), np.cos(b), np.sin(b)
    turn = np.array([[ca, -sa, 0], [sa, ca, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, cb, -sb], [0, sb, cb]]
    )
    target = (scale * points @ turn.T + [1, 2, 3]).astype(np.float32)
    s, r, t = umeyama(points, target)
    assert s == pytest.approx(scale, rel=1e-3)
    np.testing.assert_allclose(s * points @ r.T + t, target, atol=1e-2)


def test_deltas_grow_with_the_picture() -> None:
    head = head_axes(sample().landmarks)
    scale, deltas = carry(load_rig(), head)
    double, twice = carry(load_rig(), 2 * head)
    assert double == pytest.approx(2 * scale, rel=1e-3)
    np.testing.assert_allclose(twice, 2 * deltas, atol=0.05)
    assert deltas[MOTION_INDEX["jawOpen"], 14, 1] < -15


def smiling(amount: float) -> F32:
    head = head_axes(sample().landmarks)
    _, deltas = carry(load_rig(), head)
    both = [MOTION_INDEX["mouthSmileLeft"], MOTION_INDEX["mouthSmileRight"]]
    head[: lm.MESH_POINTS] += amount * deltas[both].sum(0)
    return resting_smile(load_rig(), head)


def test_a_smile_in_the_photo_is_seen() -> None:
    assert smiling(0.8).mean() > smiling(0.0).mean() + 0.2
    assert smiling(2.0).max() <= 0.9
