import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.avatars.bundle import load
from engines.avatars.store import BUILTIN
from engines.values import U8
from export import fit_avatar
from export.rig.tracker import Tracked
from tests.support.sample_avatar import sample, soft_mask


def fake_track(faces: int) -> object:
    def track(images: U8, tracker_python: Path) -> Tracked:
        nothing = np.zeros((1, 2), np.int32)
        return Tracked(
            landmarks=sample().landmarks[None],
            faces=np.array([faces], np.int32),
            matte=soft_mask()[None],
            edges=nothing,
            oval=nothing,
        )

    return track


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), sample().portrait)
    return path


def run(image: Path, out: Path, *more: str) -> int:
    asked = ["--name", "mia", "--out", str(out), "--tracker-python", "python", *more]
    return fit_avatar.main([str(image), *asked])


def test_without_a_tracker_the_servers_own_nets_find_the_face(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    portrait = BUILTIN / "aria" / "portrait.png"
    argv = [str(portrait), "--name", "mia", "--out", str(tmp_path / "out")]
    assert fit_avatar.main([*argv, "--attribute", "age=about 25"]) == 0
    avatar = load(tmp_path / "out" / "mia")
    assert avatar.attributes == {"age": "about 25"}
    assert np.abs(avatar.landmarks - load(BUILTIN / "aria").landmarks).mean() < 4
    wall = tmp_path / "wall.png"
    cv2.imwrite(str(wall), np.full((300, 300, 3), 120, np.uint8))
    assert fit_avatar.main([str(wall), "--name", "wall", "--out", str(tmp_path / "out")]) == 1
    assert "no face was found" in capsys.readouterr().err


def test_a_matte_beside_the_photo_is_used_as_it_is(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit_avatar, "track", fake_track(1))
    assert fit_avatar.beside(image) is None
    matte = np.full(sample().portrait.shape[:2], 77, np.uint8)
    cv2.imwrite(str(image.with_suffix(".matte.png")), matte)
    assert run(image, tmp_path / "out") == 0
    alpha = load(tmp_path / "out" / "mia").alpha
    assert np.abs(alpha[20:-20, 20:-20].astype(int) - 77).max() <= 1
    image.with_suffix(".matte.png").write_bytes(b"nothing")
    assert run(image, tmp_path / "out", "--replace") == 1
    assert "photo.matte.png" in capsys.readouterr().err


def test_an_attribute_without_a_value_is_refused(image: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(image, tmp_path / "out", "--attribute", "age")


def test_a_photo_becomes_an_avatar(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit_avatar, "track", fake_track(1))
    assert run(image, tmp_path / "out", "--title", "Mia", "--credit", "me") == 0
    avatar = load(tmp_path / "out" / "mia")
    assert (avatar.title, avatar.credit) == ("Mia", "me")
    assert "MiB" in capsys.readouterr().out
    assert run(image, tmp_path / "out") == 1
    assert "--replace" in capsys.readouterr().err
    assert run(image, tmp_path / "out", "--replace") == 0


@pytest.mark.parametrize("name", ["..", ".", "", "../other", "mia/../.."])
def test_a_bad_name_removes_nothing(
    name: str, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_avatar, "track", fake_track(1))
    kept = [tmp_path / "kept.txt", tmp_path / "out" / "kept.txt", tmp_path / "other" / "kept.txt"]
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept")
    assert run(image, tmp_path / "out", "--name", name, "--replace") == 1
    assert all(path.is_file() for path in kept)


def test_an_avatar_stays_when_its_successor_cannot_be_saved(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_avatar, "track", fake_track(1))
    assert run(image, tmp_path / "out", "--title", "First") == 0

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(fit_avatar, "save", full)
    assert run(image, tmp_path / "out", "--replace") == 1
    assert load(tmp_path / "out" / "mia").title == "First"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mia"]


@pytest.mark.parametrize("faces", [0, 2])
def test_none_or_several_faces_are_refused(
    faces: int,
    image: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(fit_avatar, "track", fake_track(faces))
    assert run(image, tmp_path / "out") == 1
    assert f"found {faces} faces" in capsys.readouterr().err
    assert not (tmp_path / "out" / "mia").exists()


def test_what_is_no_picture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(b"not a picture")
    assert run(tmp_path / "a.png", tmp_path / "out") == 1
    assert "not a picture" in capsys.readouterr().err
    assert run(tmp_path / "missing.png", tmp_path / "out") == 1


def test_huge_photos_are_shrunk(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    cv2.imwrite(str(path), np.zeros((3200, 100, 3), np.uint8))
    assert fit_avatar.read_photo(path).shape == (1600, 50, 3)


def test_a_tracker_that_is_not_there_is_named(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(image, tmp_path, "--tracker-python", "/no/python") == 1
    assert "/no/python" in capsys.readouterr().err


def test_it_is_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "export", "fit-avatar", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "--tracker-python" in done.stdout
