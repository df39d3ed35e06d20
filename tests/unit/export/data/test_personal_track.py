"""The face of a film is followed; a film that is not of one face is refused with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.face.weights import load as load_nets
from engines.render import landmarks as lm
from engines.values import F32, U8
from export.data import personal_track
from export.data.personal_track import (
    LOST,
    OK,
    SEVERAL,
    TURNED,
    Track,
    check,
    followed,
    load,
    track,
)
from export.data.personal_video import BadVideo, Shot
from export.rig.tracker import Tracked
from tests.support.films import speaking
from tests.support.sample_avatar import sample


def shots(pictures: list[U8]) -> Iterator[Shot]:
    return (Shot(picture, True) for picture in pictures)


def found(state: list[int] | None = None, width: float = 200) -> Track:
    count = len(state or [OK] * 48)
    points = np.zeros((count, lm.ALL_POINTS, 3), np.float32)
    points[:, lm.FACE_RIGHT, 0] = width
    light = np.full(count, 120, np.float32)
    return Track(points, np.array(state or [OK] * 48, np.uint8), np.ones(count, bool), light)


def test_a_face_is_followed_and_lost_where_it_is_gone() -> None:
    pictures, truth = speaking()
    grey = np.full_like(pictures[0], 128)
    seen = [*pictures[:3], grey, grey, *pictures[3:5]]
    rows = [(at, state) for _, (at, state) in followed(shots(seen), load_nets())]
    assert [state for _, state in rows] == [OK, OK, OK, LOST, LOST, OK, OK]
    unit = np.linalg.norm((truth[0][lm.FACE_LEFT] - truth[0][lm.FACE_RIGHT])[:2])
    for at, goal in ((rows[1][0], truth[1]), (rows[6][0], truth[4])):
        assert at is not None
        away = np.linalg.norm((at - goal)[: lm.MESH_POINTS, :2], axis=1).mean()
        assert away < 0.05 * unit


def test_two_people_are_told_and_a_turned_head_too(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = speaking()[0][0]
    pair = np.concatenate([picture, picture[:, ::-1]], 1)
    counted: list[int] = []
    one = track(shots([picture, pair]), lambda: counted.append(1))
    assert one.state.tolist()[0] == OK and len(counted) == 2 and one.light[0] > 40
    two = track(shots([pair]), lambda: None)
    assert two.state.tolist() == [SEVERAL] and not two.points.any()
    monkeypatch.setattr(personal_track, "pose", lambda points: (40.0, 0.0))
    assert track(shots([picture]), lambda: None).state.tolist() == [TURNED]
    with pytest.raises(BadVideo, match="no pictures"):
        track(shots([]), lambda: None)


def test_points_count_from_the_middle_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    def answer(pictures: U8, python: Path) -> Tracked:
        given.append(len(pictures))
        at: F32 = np.repeat(sample().landmarks[None], len(pictures), 0)
        faces = np.array([1, 0, 2][: len(pictures)], np.int32)
        none = np.zeros(0, np.int32)
        return Tracked(at, faces, np.zeros((len(pictures), 1, 1), np.float32), none, none)

    monkeypatch.setattr(personal_track, "track_pictures", answer)
    monkeypatch.setattr(personal_track, "_TRACKER_BATCH", 3)
    seen = track(shots([sample().portrait] * 4), lambda: None, Path("python"))
    assert given == [3, 1] and seen.state.tolist() == [OK, LOST, SEVERAL, OK]
    np.testing.assert_allclose(seen.points[3, :, :2], sample().landmarks[:, :2] - 0.5, atol=1e-4)


def test_what_was_found_is_kept(tmp_path: Path) -> None:
    before = found([OK, LOST])
    before.save(tmp_path / "tracks.npz")
    after = load(tmp_path / "tracks.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["tracks.npz"]
    assert after.state.tolist() == [OK, LOST] and after.fresh.all()
    np.testing.assert_array_equal(after.points, before.points)


def test_a_good_film_passes() -> None:
    check(found())
    check(found([OK] * 45 + [LOST] * 5 + [TURNED] * 5))


@pytest.mark.parametrize(
    ("track_", "said"),
    [
        (found([LOST] * 48), "no face was found"),
        (found([OK] * 30 + [LOST] * 18), "the face is lost in 38%"),
        (found([SEVERAL] * 24 + [OK] * 24), "several faces"),
        (found([TURNED] * 30 + [OK] * 18), "turned by more than 25"),
        (found(width=60.0), "60 pixels wide and 96 are needed"),
        (replace(found(), light=np.full(48, 12, np.float32)), "too dark"),
    ],
)
def test_a_film_to_learn_nothing_from(track_: Track, said: str) -> None:
    with pytest.raises(BadVideo, match=said) as caught:
        check(track_)
    assert ";" in str(caught.value)  # What is wrong; what to do.
