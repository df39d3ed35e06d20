"""An avatar's own nets: read where they are whole, named where they are not, never sent away."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from engines.avatars import personal
from engines.avatars.bundle import DamagedAvatar, info, load
from engines.avatars.consent import FILE
from engines.avatars.parcel import pack, unpack
from engines.avatars.personal import BadPersonal
from engines.avatars.shelf import Limits, Shelf, ShelfError
from tests.support.personal_nets import VIDEO, write_personal
from tests.unit.engines.avatars.people import put_by_hand


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    put_by_hand(tmp_path / "avatars", "zoe")
    return Shelf(tmp_path / "avatars")


def dress(shelf: Shelf, name: str = "zoe") -> None:
    with shelf.aside() as aside:
        shelf.put_nets(name, write_personal(aside))


def test_an_avatar_without_them_has_none(shelf: Shelf) -> None:
    assert personal.read(shelf.folder / "zoe") is None
    assert load(shelf.folder / "zoe").personal is None
    assert shelf.remove_nets("zoe") is False


def test_they_come_with_a_consent_and_their_own_paste(shelf: Shelf) -> None:
    before = load(shelf.folder / "zoe")
    dress(shelf)
    known, avatar = info(shelf.folder / "zoe"), load(shelf.folder / "zoe")
    assert known.personal == avatar.personal and avatar.personal is not None
    assert avatar.personal.consent.image_sha256 == VIDEO and avatar.personal.trained_s == 59
    assert known.paste == avatar.paste == {"mouth": 1.0, "eye": 0.5} != before.paste
    assert avatar.paste_nets == avatar.personal.nets != before.paste_nets


def test_new_ones_take_the_place_of_old_ones_and_go_when_asked(shelf: Shelf) -> None:
    dress(shelf)
    old = load(shelf.folder / "zoe").personal
    with shelf.aside() as aside:
        shelf.put_nets("zoe", write_personal(aside, gain=0.3))
    new = load(shelf.folder / "zoe").personal
    assert old is not None and new is not None and old.nets != new.nets
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["zoe"]
    assert shelf.remove_nets("zoe") is True
    assert load(shelf.folder / "zoe").personal is None
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["zoe"]


def test_they_go_with_the_avatar(shelf: Shelf) -> None:
    dress(shelf)
    shelf.remove("zoe")
    assert list(shelf.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["mouth.onnx", "eye_reference.onnx", FILE])
def test_a_changed_or_missing_file_is_named(shelf: Shelf, name: str) -> None:
    dress(shelf)
    path = shelf.folder / "zoe" / personal.FOLDER / name
    path.write_bytes(path.read_bytes().replace(b"Zoe", b"Amy") + b"\n")
    with pytest.raises(DamagedAvatar, match=name.replace(".", r"\.")):
        load(shelf.folder / "zoe")
    path.unlink()
    with pytest.raises(DamagedAvatar, match="train them again"):
        load(shelf.folder / "zoe")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"paste": {"mouth": 1.5}},
        {"paste": {"mouth": float("nan")}},
        {"paste": [1]},
        {"video": {}},
        {"nets": None, "video": None},
    ],
)
def test_a_manifest_that_says_nonsense_is_damaged(shelf: Shelf, changes: dict[str, object]) -> None:
    write_personal(shelf.folder / "zoe", changes=changes)
    with pytest.raises(DamagedAvatar, match="its own nets"):
        info(shelf.folder / "zoe")


def test_no_manifest_reaches_outside_its_folder(tmp_path: Path) -> None:
    folder = write_personal(tmp_path)
    path = folder / personal.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["sha256"]["../../mouth"] = "0"
    path.write_text(json.dumps(manifest))
    found = personal.read(tmp_path)
    assert found is not None
    with pytest.raises(BadPersonal, match="no file of such a folder"):
        personal.check(found)


def test_no_nets_without_a_consent(shelf: Shelf) -> None:
    (write_personal(shelf.folder / "zoe") / FILE).unlink()
    with pytest.raises(DamagedAvatar, match="consent"):
        info(shelf.folder / "zoe")


def test_what_is_put_is_looked_at_first(shelf: Shelf) -> None:
    with shelf.aside() as aside:
        folder = write_personal(aside)
        (folder / "mouth.onnx").write_bytes(b"other")
        with pytest.raises(DamagedAvatar, match=r"mouth\.onnx"):
            shelf.put_nets("zoe", folder)
    with shelf.aside() as aside, pytest.raises(DamagedAvatar, match="no nets in it"):
        shelf.put_nets("zoe", aside / personal.FOLDER)
    with shelf.aside() as aside, pytest.raises(ShelfError, match="no avatar of a user"):
        shelf.put_nets("amy", write_personal(aside))
    assert load(shelf.folder / "zoe").personal is None


def test_they_count_among_the_bytes(shelf: Shelf) -> None:
    size = sum(p.stat().st_size for p in (shelf.folder / "zoe").iterdir())
    tight = Shelf(shelf.folder, Limits(bytes=size + 1000))
    with tight.aside() as aside, pytest.raises(ShelfError, match="MiB of"):
        tight.put_nets("zoe", write_personal(aside))
    assert load(shelf.folder / "zoe").personal is None


def test_a_parcel_leaves_them_out_and_takes_none_in(shelf: Shelf, tmp_path: Path) -> None:
    plain = pack(shelf, "zoe")
    dress(shelf)
    assert pack(shelf, "zoe") == plain
    there = Shelf(tmp_path / "there")
    assert unpack(there, plain).personal is None
    with zipfile.ZipFile(BytesIO(plain)) as parcel:
        files = {name: parcel.read(name) for name in parcel.namelist()}
    smuggled = BytesIO()
    with zipfile.ZipFile(smuggled, "w") as parcel:
        for name, content in {**files, "renderer/mouth.onnx": b"x"}.items():
            parcel.writestr(name, content)
    with pytest.raises(ShelfError, match="does not belong to an avatar"):
        unpack(there, smuggled.getvalue(), name="other")
