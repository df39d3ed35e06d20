"""The avatar commands from end to end, on a folder of their own."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from engines.avatars import onboard
from engines.avatars.consent import EXAMPLE
from engines.avatars.store import default_store
from engines.face import loader
from engines.face.finder import NoFace
from engines.render.mark import MarkStyle
from server import cli
from tests.unit.engines.avatars.people import OneFace, photo
from tests.unit.engines.avatars.pictures import bomb, encode, jpeg_bomb, scene, webp_bomb


@pytest.fixture(autouse=True)
def finder(monkeypatch: pytest.MonkeyPatch) -> OneFace:
    made = OneFace()
    monkeypatch.setattr(loader, "load_finder", lambda: made)
    return made


@pytest.fixture
def portrait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNCHRORAMA_AVATARS_USER_FOLDER", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "My Photo.jpg"
    path.write_bytes(photo())
    return path


def run(*arguments: str | Path) -> int:
    return cli.main(["avatar", *map(str, arguments)])


def test_from_a_photo_to_nothing(portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = portrait.with_name("consent.txt")
    words.write_text(EXAMPLE + "\n", encoding="utf-8")
    assert run("create", portrait, "--consent", words, "--consent-by", "Zoe") == 0
    told = capsys.readouterr()
    assert "my-photo" in told.out and "100% done" in told.err
    assert "synchrorama render --avatar my-photo" in told.err
    assert run("list") == 0
    listed = capsys.readouterr().out
    assert "my-photo" in listed and "yours" in listed and "built in" in listed
    assert run("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["my-photo"]["user"] and not rows[default_store().names()[0]]["user"]
    assert run("show", "my-photo", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["consent"], shown["consent by"]) == (EXAMPLE, "Zoe")
    assert shown["title"] == "My Photo"
    film = Path(shown["preview"]).read_bytes()
    assert run("show", "my-photo") == 0
    assert EXAMPLE in capsys.readouterr().out
    assert run("export", "my-photo", "--out", "p.zip") == 0
    assert run("export", "my-photo", "--out", "p.zip") == 1
    assert "--replace" in capsys.readouterr().err
    assert run("remove", "my-photo") == 0
    assert run("import", "p.zip", "--name", "back") == 0
    assert (portrait.parent / "mine" / "back" / "preview.mp4").read_bytes() == film
    assert run("remove", "back") == 0
    assert list(portrait.parent.joinpath("mine").iterdir()) == []


def test_a_photo_is_looked_at_and_nothing_is_kept(
    portrait: Path, finder: OneFace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", portrait) == 0
    assert "can become an avatar" in capsys.readouterr().out
    finder.error = NoFace("no face was found; take another photo")
    assert run("check", portrait) == 1
    assert "next:   take another photo" in capsys.readouterr().err
    assert run("check", portrait, "--face", "4") == 1
    assert "no face 4" in capsys.readouterr().err
    assert not portrait.with_name("mine").exists()


def test_built_in_ones_are_shown_without_consent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", default_store().names()[0]) == 0
    assert "consent" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["create"], 2, "wanted a PORTRAIT"),
        (["create", "My Photo.jpg"], 2, "--consent-statement TEXT"),
        (["create", "My Photo.jpg", "--consent-statement", "ok"], 1, "too short"),
        (["create", "My Photo.jpg", "--consent", "My Photo.jpg"], 1, "UTF-8"),
        (["create", "no.jpg", "--consent-statement", EXAMPLE], 1, "no.jpg: there is no such file"),
        (["create", "no.jpg", "--consent-statement", EXAMPLE], 1, "check the path"),
        (["check", "no.jpg"], 1, "no.jpg: there is no such file"),
        (["import", "no.zip"], 1, "no.zip: there is no such file"),
        (["create", ".", "--consent-statement", EXAMPLE], 1, "directory"),
        (
            ["create", "My Photo.jpg", "--name", "../a", "--consent-statement", EXAMPLE],
            1,
            "cannot be a name",
        ),
        (["remove", "nobody"], 1, "known are: none"),
        (["remove", default_store().names()[0]], 1, "built in"),
        (["export", "../x"], 1, "no avatar of a user"),
        (["import", "My Photo.jpg"], 1, "not an avatar's parcel"),
        (["show", "nobody"], 1, "known:"),
        (["show"], 2, "wanted a NAME"),
    ],
)
def test_what_is_wrong_is_said(
    portrait: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    assert run(*arguments) == status
    told = capsys.readouterr().err
    assert said in told and "Errno" not in told
    assert not portrait.with_name("mine").exists()


def test_a_name_that_is_taken_names_the_flag(
    portrait: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ["create", str(portrait), "--name", "me", "--consent-statement", EXAMPLE]
    assert run(*create) == 0
    capsys.readouterr()
    assert run(*create) == 1
    told = capsys.readouterr().err
    assert "there is an avatar me" in told and "add --replace" in told
    assert run(*create, "--replace") == 0


def test_a_photo_without_a_face_is_told(
    portrait: Path, finder: OneFace, capsys: pytest.CaptureFixture[str]
) -> None:
    finder.error = NoFace("no face was found; take another photo")
    assert run("create", portrait, "--consent-statement", EXAMPLE) == 1
    assert "take another photo" in capsys.readouterr().err


BAD: dict[str, tuple[bytes, str, str]] = {
    "text": (b"Roses are red\n", "not a picture", "choose a photo"),
    "nothing": (b"", "an empty file", "choose a photo"),
    "PNG bomb": (bomb(10_000, 5_000), "50 megapixels", "save a smaller copy"),
    "JPEG bomb": (jpeg_bomb(10_000, 5_000), "50 megapixels", "save a smaller copy"),
    "WebP bomb": (webp_bomb(16_384, 16_384), "269 megapixels", "save a smaller copy"),
    "GIF": (b"GIF89a" + b"\xff" * 99, "GIF", "save the picture as JPEG"),
    "HEIC": (b"\0\0\0\x18ftypheic" + bytes(99), "HEIC", "export it as JPEG"),
    "cut": (photo()[:-5000], "cut off", "download it again"),
    "damaged": (bomb(400, 400), "damaged", "save it again"),
    "thumbnail": (encode(scene(50, 50)), "50 x 50", "take the original"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("action", ["check", "create"])
def test_bad_pictures_are_told_with_the_next_step_and_leave_nothing(
    portrait: Path, capsys: pytest.CaptureFixture[str], kind: str, action: str
) -> None:
    data, said, remedy = BAD[kind]
    portrait.write_bytes(data)
    assert run(action, portrait, "--consent-statement", EXAMPLE) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(said in line for line in lines)
    assert any(line.startswith("  next:") and remedy in line for line in lines)
    assert not portrait.with_name("mine").exists()


def test_a_full_disk_is_told(
    portrait: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        assert run("create", portrait, "--consent-statement", EXAMPLE) == 1
    told = capsys.readouterr().err
    assert "the disk is full; nothing was kept" in told.replace("\n  next:   ", "; ")
    assert list(portrait.with_name("mine").iterdir()) == []


def test_the_film_of_a_new_face_carries_the_settings_mark(
    portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[MarkStyle | None] = []

    def film(avatar: object, mark: MarkStyle | None) -> dict[str, bytes]:
        drawn.append(mark)
        return {}

    monkeypatch.setattr(onboard, "preview_file", film)
    monkeypatch.setenv("SYNCHRORAMA_DISCLOSURE_CORNER", "top-right")
    monkeypatch.setenv("SYNCHRORAMA_DISCLOSURE_SIZE", "0.06")
    assert run("create", portrait, "--consent-statement", EXAMPLE, "--name", "a") == 0
    monkeypatch.setenv("SYNCHRORAMA_DISCLOSURE_MARK", "false")
    assert run("create", portrait, "--consent-statement", EXAMPLE, "--name", "b") == 0
    assert drawn == [MarkStyle(corner="top-right", size=0.06), None]
