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


def test_a_wide_mouth_smiles_wider_and_parts_no_further() -> None:
    head = head_axes(sample().landmarks)
    wide = head.copy()
    near = np.linalg.norm((head - head[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT]].mean(0))[:, :2], axis=1)
    corners = np.abs(head[lm.MOUTH_LEFT, 0] - head[lm.MOUTH_RIGHT, 0])
    middle = head[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 0].mean()
    wide[:, 0] += np.where(near < 0.6 * corners, 0.15 * (head[:, 0] - middle), 0)
    (scale, plain), (other, grown) = carry(load_rig(), head), carry(load_rig(), wide)
    jaw, smile = MOTION_INDEX["jawOpen"], MOTION_INDEX["mouthSmileLeft"]
    gaps = [(deltas[jaw, 13] - deltas[jaw, 14])[1] for deltas in (plain / scale, grown / other)]
    pulls = [np.abs(deltas[smile, [61, 291], 0]).max() for deltas in (plain / scale, grown / other)]
    assert gaps[1] == pytest.approx(gaps[0], rel=0.03)
    assert pulls[1] > 1.08 * pulls[0]
