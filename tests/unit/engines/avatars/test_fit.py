import numpy as np
import pytest

from engines.avatars.bundle import Avatar
from engines.avatars.fit import (
    MIN_FACE_PX,
    BadPortrait,
    check,
    crop,
    fit,
)
from engines.render import landmarks as lm
from engines.render.warp import WarpRenderer
from engines.values import F32
from tests.support.sample_avatar import motion, sample, soft_mask


def fitted() -> Avatar:
    return fit(
        sample().portrait, sample().landmarks, soft_mask(), name="x", title="X", credit="none"
    )


def test_fitting_a_finished_portrait_gives_a_usable_avatar() -> None:
    avatar = fitted()
    assert avatar.portrait.shape == (512, 512, 3)
    drawing = WarpRenderer(avatar)
    picture = drawing.render(drawing.new_state(), motion())
    np.testing.assert_array_equal(picture, avatar.portrait)


def test_the_crop_is_a_square_round_the_head() -> None:
    photo = np.zeros((900, 1200, 3), np.uint8)
    points = sample().landmarks * 0.8 + np.array([300, 200, 0], np.float32)
    mask = np.zeros((900, 1200), np.float32)
    mask[200:] = 1
    small, moved, soft = crop(photo, points.astype(np.float32), mask)
    assert small.shape == (512, 512, 3) and soft.shape == (512, 512)
    assert moved[:, 0].min() > 100 and moved[:, 0].max() < 412
    assert abs(moved[[234, 454], 0].mean() - 256) < 12
    width = float(np.ptp(moved[[234, 454], 0]))
    assert 512 / width == pytest.approx(2.5, rel=0.05)


def test_a_face_at_the_edge_of_a_small_photo_still_fits() -> None:
    photo = np.zeros((300, 260, 3), np.uint8)
    points = sample().landmarks * 0.55
    small, moved, _ = crop(photo, points.astype(np.float32), np.ones((300, 260), np.float32))
    assert small.shape == (512, 512, 3)
    assert moved[:, 0].min() > 0 and moved[:, 0].max() < 512


def test_unusable_photos_are_refused_with_a_reason() -> None:
    photo, points = sample().portrait, sample().landmarks
    check(photo, points)
    with pytest.raises(BadPortrait, match="px wide"):
        check(photo, points * np.float32(0.3))
    width = float(np.hypot(*(points[lm.FACE_RIGHT] - points[lm.FACE_LEFT])[:2]))
    with pytest.raises(
        BadPortrait, match=f"{MIN_FACE_PX - 1} px wide, too small; {MIN_FACE_PX} are"
    ):
        check(photo, (points * np.float32((MIN_FACE_PX - 0.2) / width)).astype(np.float32))
    with pytest.raises(BadPortrait, match="too dark"):
        check((photo // 16).astype(np.uint8), points)


def turned(degrees: float) -> F32:
    """The sample's head turned about its own axis."""
    points = sample().landmarks
    a = np.deg2rad(degrees)
    turn = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    middle = points.mean(0)
    out: F32 = ((points - middle) @ turn.T + middle).astype(np.float32)
    return out


@pytest.mark.parametrize("way", [-1, 1])
def test_a_turned_head_is_taken_up_to_thirty_degrees(way: int) -> None:
    check(sample().portrait, turned(25 * way))
    with pytest.raises(BadPortrait, match="turned by about 3[3-9] degrees"):
        check(sample().portrait, turned(36 * way))


def test_a_large_photo_gives_large_pictures() -> None:
    for factor, side in ((2.0, 1024), (1.0, 512)):
        height = round(512 * factor)
        photo = np.zeros((height, height, 3), np.uint8)
        points = (sample().landmarks * np.float32(factor)).astype(np.float32)
        mask = np.ones((height, height), np.float32)
        small, moved, soft = crop(photo, points, mask)
        assert small.shape == (side, side, 3) and soft.shape == (side, side)
        assert np.ptp(moved[[234, 454], 0]) == pytest.approx(side / 2.5, rel=0.1)


def test_attributes_are_kept() -> None:
    avatar = fit(
        sample().portrait,
        sample().landmarks,
        soft_mask(),
        name="x",
        title="X",
        credit="none",
        attributes={"age": "thirties"},
    )
    assert avatar.attributes == {"age": "thirties"}
    assert fitted().attributes == {}
