"""Each remark about a photo at its bound, with a remedy."""

from __future__ import annotations

import numpy as np
import pytest

from engines.avatars.inspection import GOOD_FACE_PX, face_width, outlines, remark, warnings
from engines.face.finder import FaceTurned, NoFace
from engines.values import F32, U8
from tests.support.sample_avatar import sample


def framed(margin: int = 200) -> tuple[U8, F32]:
    """The sample twice as large, with room around it."""
    size = 1024 + 2 * margin
    picture = np.full((size, size, 3), 128, np.uint8)
    picture[margin:-margin, margin:-margin] = sample().portrait.repeat(2, 0).repeat(2, 1)
    points = sample().landmarks * np.float32(2) + np.array([margin, margin, 0], np.float32)
    return picture, points.astype(np.float32)


def turned(points: F32, degrees: float) -> F32:
    """Turned around the upright axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    middle = points.mean(0)
    spin = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
    out: F32 = ((points - middle) @ spin.T + middle).astype(np.float32)
    return out


def codes(picture: U8, points: F32) -> list[str]:
    found = warnings(picture, points)
    assert all(each.message and each.remedy for each in found)
    return [each.code for each in found]


def test_a_good_photo_has_none() -> None:
    assert codes(*framed()) == []


@pytest.mark.parametrize(
    ("degrees", "code"), [(12, "slight_turn"), (22, "turned"), (-22, "turned")]
)
def test_a_turned_head(degrees: float, code: str) -> None:
    picture, points = framed()
    assert codes(picture, turned(points, degrees)) == [code]
    if code == "turned":
        assert "degrees" in warnings(picture, turned(points, degrees))[0].message


def test_a_small_dim_tight_one() -> None:
    picture, points = framed()
    assert codes(picture[::4, ::4], (points / 4).astype(np.float32)) == ["small_face"]
    assert codes((picture // 3).astype(np.uint8), points) == ["dim"]
    low = np.floor(points[:, :2].min(0)).astype(int) - 10
    cut = picture[low[1] :, low[0] :]
    moved = points - np.array([*low, 0], np.float32)
    assert codes(cut, moved.astype(np.float32)) == ["tight_crop"]


def test_a_width_is_never_told_as_the_one_wanted() -> None:
    picture, points = framed()
    scale = np.float32((GOOD_FACE_PX - 0.3) / face_width(points))
    found = warnings(picture, (points * scale).astype(np.float32))
    told = next(each for each in found if each.code == "small_face")
    assert f"{GOOD_FACE_PX - 1} pixels" in told.message and str(GOOD_FACE_PX) in told.remedy


def test_outlines_are_shares_of_the_photo() -> None:
    picture, points = framed()
    height, width = picture.shape[:2]
    face, lips, _ = outlines(points, width, height)
    assert all(0 <= value <= 1 for point in face for value in point)
    assert max(x for x, _ in lips) - min(x for x, _ in lips) < 0.7 * face_width(points) / width


def test_errors_become_remarks_by_their_kind() -> None:
    told = remark(FaceTurned("the head is turned; look ahead; now"))
    assert (told.code, told.message, told.remedy) == (
        "face_turned",
        "the head is turned",
        "look ahead; now",
    )
    assert remark(NoFace("none")).remedy == ""
