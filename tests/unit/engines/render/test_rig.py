import numpy as np

from engines.render.rig import ASSET, load_rig
from engines.values import ARKIT_NAMES

# Points of the face mesh used as witnesses.
UPPER_LIP, LOWER_LIP, CHIN = 13, 14, 152
MOUTH_RIGHT_OF_PERSON, MOUTH_LEFT_OF_PERSON = 61, 291


def delta(name: str, point: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    out: np.ndarray[tuple[int], np.dtype[np.float32]] = load_rig().deltas[
        ARKIT_NAMES.index(name), point
    ]
    return out


def test_the_asset_is_small_and_whole() -> None:
    assert ASSET.stat().st_size < 2**20
    rig = load_rig()
    assert rig.deltas.shape == (52, 468, 3)
    assert rig.neutral.shape == (468, 3)
    assert rig.triangles.shape == (854, 3) and rig.triangles.max() < 468
    assert sorted(set(rig.oval.tolist())) == sorted(rig.oval.tolist()) and len(rig.oval) == 36
    for value in (rig.deltas, rig.neutral, rig.identity):
        assert np.isfinite(value).all()


def test_shapes_move_what_they_are_named_after() -> None:
    assert delta("jawOpen", LOWER_LIP)[1] < -1.5
    assert abs(delta("jawOpen", UPPER_LIP)[1]) < 0.5
    assert delta("mouthSmileLeft", MOUTH_LEFT_OF_PERSON)[1] > 0.5
    assert abs(delta("mouthSmileLeft", MOUTH_RIGHT_OF_PERSON)[1]) < 0.1
    assert delta("mouthPucker", MOUTH_LEFT_OF_PERSON)[0] < -0.3
    assert delta("mouthPucker", MOUTH_RIGHT_OF_PERSON)[0] > 0.3
    assert delta("browInnerUp", 66)[1] > 0.1


def test_left_and_right_are_mirror_images() -> None:
    one = delta("mouthSmileLeft", MOUTH_LEFT_OF_PERSON)
    other = delta("mouthSmileRight", MOUTH_RIGHT_OF_PERSON)
    np.testing.assert_allclose(one * [-1, 1, 1], other, atol=2e-3)


def test_only_shapes_that_open_the_mouth_part_the_lips() -> None:
    for name in ("mouthPressLeft", "mouthPucker", "mouthSmileRight", "mouthRollLower"):
        np.testing.assert_allclose(delta(name, UPPER_LIP), delta(name, LOWER_LIP), atol=2e-3)
    assert (delta("mouthFunnel", UPPER_LIP) - delta("mouthFunnel", LOWER_LIP))[1] > 0.3


def test_shapes_with_a_rule_of_their_own_are_zero() -> None:
    assert not load_rig().deltas[ARKIT_NAMES.index("mouthClose")].any()


def test_a_tongue_put_out_opens_the_mouth_a_little() -> None:
    opened = [delta(n, LOWER_LIP)[1] for n in ("tongueOut", "jawOpen")]
    assert 0.1 < opened[0] / opened[1] < 0.4


def test_teeth_are_bright_inside_and_clear_outside() -> None:
    for sprite in (load_rig().upper_teeth, load_rig().lower_teeth):
        alpha = sprite[..., 3]
        assert (alpha > 200).mean() > 0.3 and (alpha < 10).mean() > 0.02
        assert (sprite[..., :3].max(2) <= alpha.astype(int) + 1).all()
        assert sprite[..., 2].max() > 200
