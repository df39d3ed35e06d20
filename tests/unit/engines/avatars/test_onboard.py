"""A photo becomes an avatar, or the person is told what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.avatars import onboard
from engines.avatars.bundle import Avatar, load
from engines.avatars.consent import EXAMPLE, BadConsent, give
from engines.avatars.fit import BadPortrait
from engines.avatars.inspection import remark
from engines.avatars.intake import BadImage
from engines.avatars.looking import PART_PX, NoSuchFace
from engines.avatars.onboard import (
    STEPS,
    Onboarder,
    Step,
    around,
)
from engines.avatars.preview import FILE as PREVIEW
from engines.avatars.shelf import Shelf, ShelfError
from engines.avatars.store import default_store
from engines.face.finder import FaceFinder, Landmarks, NoFace, SeveralFaces
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.render.mark import MarkStyle
from engines.values import F32, U8
from tests.support.sample_avatar import sample
from tests.support.tiny_renderer import tiny_nets
from tests.unit.engines.avatars.people import OneFace, photo
from tests.unit.engines.avatars.pictures import encode

PHOTO = photo()
CONSENT = give(EXAMPLE, "Zoe", PHOTO)


def make(folder: Path, finder: OneFace | None = None) -> Onboarder:
    return Onboarder(finder or OneFace(), Shelf(folder))


def test_a_photo_becomes_an_avatar(tmp_path: Path) -> None:
    steps: list[Step] = []
    info = make(tmp_path).create(
        PHOTO,
        name="zoe",
        title=" Zoe ",
        consent=CONSENT,
        on_progress=steps.append,
    )
    assert (info.name, info.title) == ("zoe", "Zoe")
    avatar = load(tmp_path / "zoe")
    assert avatar.portrait.shape == (512, 512, 3)
    assert Shelf(tmp_path).consent("zoe") == CONSENT
    assert tuple(steps) == STEPS
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] < 1
    film = (tmp_path / "zoe" / PREVIEW).read_bytes()
    assert film[4:8] == b"ftyp" and len(film) < 120_000
    assert [path.name for path in tmp_path.iterdir()] == ["zoe"]


def test_consent_for_another_picture_does_not_count(tmp_path: Path) -> None:
    with pytest.raises(BadConsent, match="another picture"):
        make(tmp_path).create(
            PHOTO, name="zoe", title="Zoe", consent=give(EXAMPLE, "", b"other bytes")
        )


@pytest.mark.parametrize(
    "error",
    [NoFace("no face was found; take another"), SeveralFaces("2 faces; crop"), MemoryError("full")],
)
def test_nothing_is_kept_of_what_fails(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        make(tmp_path, OneFace(error)).create(PHOTO, name="zoe", title="Z", consent=CONSENT)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_name_is_told_before_any_work(tmp_path: Path) -> None:
    finder = OneFace()
    built_in = default_store().names()[0]
    for name in ("../zoe", built_in):
        with pytest.raises(ShelfError):
            make(tmp_path, finder).create(PHOTO, name=name, title="Z", consent=CONSENT)
    with pytest.raises(BadImage):
        data = b"no picture"
        make(tmp_path, finder).create(data, name="z", title="Z", consent=give(EXAMPLE, "", data))
    assert finder.looked == []


def test_inspection_of_a_good_photo(tmp_path: Path) -> None:
    seen = make(tmp_path).inspect(PHOTO)
    assert (seen.width, seen.height, seen.problem) == (512, 512, None)
    assert len(seen.faces) == 1 and seen.faces[0] == pytest.approx((0.3, 0.2, 0.4, 0.5))
    assert len(seen.outlines) == 3
    assert all(0 <= value <= 1 for loop in seen.outlines for point in loop for value in point)
    assert list(tmp_path.iterdir()) == []


def test_inspection_says_what_is_wrong(tmp_path: Path) -> None:
    seen = make(tmp_path, OneFace(SeveralFaces("2 faces were found; crop the photo"))).inspect(
        PHOTO
    )
    assert seen.problem is not None
    assert (seen.problem.code, seen.problem.remedy) == ("several_faces", "crop the photo")
    assert seen.faces and not seen.outlines
    dark = make(tmp_path).inspect(encode((sample().portrait // 12).astype(np.uint8)))
    assert dark.problem is not None and "dark" in dark.problem.message


def test_inspection_warns(tmp_path: Path) -> None:
    portrait = sample().portrait
    dim = make(tmp_path).inspect(encode((portrait * 0.4).astype(np.uint8)))
    assert dim.problem is None and "dim" in [warning.code for warning in dim.warnings]
    small = make(tmp_path).inspect(encode(cv2.resize(portrait, (300, 300))))
    assert "small_face" in [warning.code for warning in small.warnings]


@pytest.mark.parametrize("last", STEPS)
def test_who_leaves_at_any_step_leaves_nothing(tmp_path: Path, last: Step) -> None:
    def leave(step: Step) -> None:
        if step == last:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        make(tmp_path).create(PHOTO, name="zoe", title="Z", consent=CONSENT, on_progress=leave)
    assert list(tmp_path.iterdir()) == []


def test_what_the_avatar_will_show(tmp_path: Path) -> None:
    seen = make(tmp_path).inspect(PHOTO)
    assert seen.crop == pytest.approx((0, 0, 1, 1))
    wide = np.full((600, 1000, 3), 90, np.uint8)
    wide[40:552, 300:812] = sample().portrait

    class Placed(OneFace):
        def landmarks(self, image: U8) -> Landmarks:
            points = sample().landmarks + np.array([300, 40, 0], np.float32)
            return Landmarks(points.astype(np.float32), 0.01)

        def matte(self, image: U8, points: F32) -> F32:
            return np.zeros(image.shape[:2], np.float32)

    crop = make(tmp_path, Placed()).inspect(encode(wide)).crop
    assert crop is not None
    x, y, width, height = crop
    assert width * 1000 == pytest.approx(height * 600, abs=1)
    middle = (x + width / 2) * 1000
    assert middle == pytest.approx(300 + float(sample().landmarks[lm.CHIN, 0]), abs=20)


def test_a_chosen_face_that_is_not_there(tmp_path: Path) -> None:
    seen = make(tmp_path).inspect(PHOTO, 3)
    assert seen.problem is not None and seen.problem.code == "no_such_face"
    with pytest.raises(NoSuchFace):
        make(tmp_path).create(PHOTO, name="zoe", title="Z", consent=CONSENT, face=3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mark", [None, MarkStyle("Made by AI", "top-left")])
def test_the_film_carries_the_mark_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: MarkStyle | None
) -> None:
    drawn: list[MarkStyle | None] = []

    def film(avatar: Avatar, style: MarkStyle | None) -> dict[str, bytes]:
        drawn.append(style)
        return {PREVIEW: b"film"}

    monkeypatch.setattr(onboard, "preview_file", film)
    onboarder = Onboarder(OneFace(), Shelf(tmp_path), mark)
    onboarder.create(PHOTO, name="zoe", title="Zoe", consent=CONSENT)
    assert drawn == [mark]


def test_an_error_without_a_remedy_is_a_remark_too() -> None:
    assert remark(BadPortrait("too dark")).code == "bad_portrait"
    assert remark(BadPortrait("too dark")).remedy == ""


def test_only_the_part_around_the_face_is_worked_on() -> None:
    large = cv2.resize(sample().portrait, (3000, 3000))
    points = sample().landmarks * np.float32(3000 / 512)
    part, moved = around(large, points)
    assert max(part.shape[:2]) == PART_PX

    def share(p: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
        face = np.linalg.norm((p[lm.FACE_RIGHT] - p[lm.FACE_LEFT])[:2])
        return float(np.linalg.norm((p[lm.CHIN] - p[lm.FACE_TOP])[:2]) / face)

    assert share(moved) == pytest.approx(share(points), rel=1e-3)
    # The same picture under the same point.
    x, y = np.rint(moved[lm.CHIN, :2]).astype(int)
    u, v = np.rint(points[lm.CHIN, :2]).astype(int)
    assert np.abs(part[y, x].astype(int) - large[v, u]).max() < 12


def test_with_the_nets_a_built_in_portrait_comes_through(tmp_path: Path) -> None:
    onboarder = Onboarder(FaceFinder.load(), Shelf(tmp_path))
    info = onboarder.create(PHOTO, name="zoe", title="Zoe", consent=CONSENT)
    found = load(info.folder).landmarks[:, :2]
    eyes = np.linalg.norm(found[468] - found[473])
    mouth = np.linalg.norm(found[lm.MOUTH_LEFT] - found[lm.MOUTH_RIGHT])
    assert 0.5 < mouth / eyes < 1.3
    assert onboarder.inspect(PHOTO).problem is None


def test_with_the_nets_either_of_two_people_can_be_chosen(tmp_path: Path) -> None:
    store = default_store()
    people = [store.load(name).portrait for name in store.names()[:2]]
    pair = encode(np.hstack(people), ".jpg", 1, 95)
    onboarder = Onboarder(FaceFinder.load(), Shelf(tmp_path))
    seen = onboarder.inspect(pair)
    assert seen.problem is not None and seen.problem.code == "several_faces"
    assert len(seen.faces) == 2
    left = min((0, 1), key=lambda index: seen.faces[index][0])
    consent = give(EXAMPLE, "", pair)
    for index, name, low in ((left, "left", 0.0), (1 - left, "right", 0.5)):
        one = onboarder.inspect(pair, index)
        assert one.problem is None and one.crop is not None
        assert all(low <= x <= low + 0.5 for x, _ in one.outlines[0])
        onboarder.create(pair, name=name, title=name, consent=consent, face=index)
        made = load(tmp_path / name).portrait.astype(int)
        alike = [np.abs(made - cv2.resize(person, made.shape[:2])).mean() for person in people]
        assert int(np.argmin(alike)) == int(low > 0)


def test_the_renderer_is_tried_on_the_photo(tmp_path: Path) -> None:
    nets = tiny_nets()
    onboarder = Onboarder(OneFace(), Shelf(tmp_path), nets=nets)
    info = onboarder.create(PHOTO, name="zoe", title="Zoe", consent=CONSENT)
    assert info.paste == {"mouth": 0.0, "eye": 0.0}
    avatar = load(tmp_path / "zoe")
    assert (avatar.paste, avatar.paste_nets) == (info.paste, nets.digest)
    plain = make(tmp_path).create(PHOTO, name="ann", title="Ann", consent=CONSENT)
    assert plain.paste == {}
