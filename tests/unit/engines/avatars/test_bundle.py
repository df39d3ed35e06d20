import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from engines.avatars.bundle import Avatar, DamagedAvatar, UnknownAvatar, info, load, save
from tests.support.sample_avatar import sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(replace(sample(), name="someone"), tmp_path / "someone")
    return tmp_path / "someone"


def test_what_is_saved_is_what_is_loaded(folder: Path) -> None:
    back = load(folder)
    for field in fields(back):
        if field.name in ("name", "background"):
            continue
        one, other = getattr(sample(), field.name), getattr(back, field.name)
        np.testing.assert_array_equal(one, other, err_msg=field.name)
    # The background is a JPEG.
    assert np.abs(back.background.astype(int) - sample().background).mean() < 1.5
    assert back.name == "someone"


def test_info_reads_no_pictures(folder: Path) -> None:
    (folder / "portrait.png").unlink()
    found = info(folder)
    assert (found.name, found.title, found.credit) == ("someone", sample().title, sample().credit)
    assert found.portrait.is_file()


def test_a_bundle_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2 * 2**20


def test_nothing_is_left_aside_and_nothing_is_overwritten(folder: Path) -> None:
    assert [path.name for path in folder.parent.iterdir()] == ["someone"]
    with pytest.raises(FileExistsError):
        save(replace(sample(), name="someone"), folder)


@pytest.mark.parametrize("name", ["", "Up", "a b", "../x", "é", "x" * 60])
def test_odd_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="avatar name"):
        save(replace(sample(), name=name), tmp_path / "there")


def test_a_missing_folder_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnknownAvatar):
        load(tmp_path / "nobody")


@pytest.mark.parametrize("name", ["portrait.png", "alpha.png", "data.npz", "eyes.png", "skin.png"])
def test_a_changed_or_missing_file_is_named(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DamagedAvatar, match=name):
        load(folder)
    path.unlink()
    with pytest.raises(DamagedAvatar, match=f"{name}.*fit-avatar"):
        load(folder)


@pytest.mark.parametrize("name", ["alpha.png", "data.npz", "portrait.jpg"])
def test_a_file_that_the_manifest_leaves_out_is_not_trusted(folder: Path, name: str) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["files"][name]
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(DamagedAvatar, match=name):
        load(folder)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut short", b"\x80\x04N."])
def test_data_that_is_no_archive_is_damage(folder: Path, data: bytes) -> None:
    path = folder / "manifest.json"
    (folder / "data.npz").write_bytes(data)
    manifest = json.loads(path.read_text("utf-8"))
    manifest["files"]["data.npz"] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(DamagedAvatar, match=r"data\.npz"):
        load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "null"])
def test_a_broken_manifest_is_damage(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(DamagedAvatar):
        load(folder)


def test_another_schema_is_told(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["schema"] = 99
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(DamagedAvatar, match="schema 99"):
        load(folder)


def test_arrays_of_another_shape_are_damage(tmp_path: Path) -> None:
    wrong = replace(sample(), name="wrong", landmarks=sample().landmarks[:10])
    save(wrong, tmp_path / "wrong")
    with pytest.raises(DamagedAvatar, match="landmarks"):
        load(tmp_path / "wrong")
    wrong = replace(sample(), name="worse", smile=np.array([np.nan, 0], np.float32))
    save(wrong, tmp_path / "worse")
    with pytest.raises(DamagedAvatar, match="finite"):
        load(tmp_path / "worse")


ABOUT = {"age": "about 30", "hair": "long, brown"}


def doubled() -> Avatar:
    """The sample as a 1024 photo would have made it."""
    one = sample()
    pictures = ("portrait", "background", "alpha", "skin", "cover", "eyes")
    larger = {name: getattr(one, name).repeat(2, 0).repeat(2, 1) for name in pictures}
    moved = replace(one, landmarks=2 * one.landmarks, deltas=2 * one.deltas)
    return replace(moved, name="large", rig_scale=2 * one.rig_scale, **larger)


def rewritten(folder: Path, **changed: object) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest.update(changed)
    path.write_text(json.dumps({k: v for k, v in manifest.items() if v is not None}), "utf-8")


def test_attributes_and_glasses_are_kept(tmp_path: Path) -> None:
    save(replace(sample(), name="told", attributes=ABOUT, glasses=0.75), tmp_path / "told")
    back = load(tmp_path / "told")
    assert (back.attributes, back.glasses, back.size) == (ABOUT, 0.75, 512)
    assert info(tmp_path / "told").attributes == ABOUT


def test_what_the_nets_may_show_is_kept_and_older_folders_say_nothing(
    folder: Path, tmp_path: Path
) -> None:
    chosen = replace(sample(), name="told", paste={"mouth": 0.0, "eye": 1.0}, paste_nets="ab12")
    save(chosen, tmp_path / "told")
    back = load(tmp_path / "told")
    assert (back.paste, back.paste_nets) == ({"mouth": 0.0, "eye": 1.0}, "ab12")
    rewritten(folder, paste=None)
    back = load(folder)
    assert (back.paste, back.paste_nets) == ({}, "")


def test_schema_1_is_read_as_without_attributes(folder: Path) -> None:
    rewritten(folder, schema=1, attributes=None, glasses=None)
    back = load(folder)
    assert (back.attributes, back.glasses) == ({}, 0.0)
    np.testing.assert_array_equal(back.deltas, sample().deltas)


def test_the_photo_s_own_teeth_and_laugh_are_kept(tmp_path: Path) -> None:
    teeth = np.zeros((512, 512, 4), np.uint8)
    teeth[300:310, 200:240] = (150, 180, 200, 255)
    laugh = np.full((468, 3), 1.5, np.float32)
    save(replace(sample(), name="toothy", teeth=teeth, laugh=laugh), tmp_path / "toothy")
    back = load(tmp_path / "toothy")
    np.testing.assert_array_equal(back.teeth, teeth)
    np.testing.assert_array_equal(back.laugh, laugh)
    (tmp_path / "toothy" / "teeth.png").unlink()
    with pytest.raises(DamagedAvatar, match="teeth.png"):
        load(tmp_path / "toothy")


def test_an_avatar_that_never_showed_teeth_has_no_file_of_them(folder: Path) -> None:
    assert not (folder / "teeth.png").exists()
    assert load(folder).teeth.size == 0 and not load(folder).laugh.any()


def test_a_larger_avatar_is_kept_whole(tmp_path: Path) -> None:
    save(doubled(), tmp_path / "large")
    back = load(tmp_path / "large")
    assert back.size == 1024
    np.testing.assert_array_equal(back.portrait, doubled().portrait)
    np.testing.assert_array_equal(back.eyes, doubled().eyes)


def test_a_picture_of_the_other_size_is_damage(folder: Path) -> None:
    rewritten(folder, size=1024)
    with pytest.raises(DamagedAvatar, match=r"portrait\.png is not a \(1024, 1024, 3\)"):
        load(folder)


@pytest.mark.parametrize(
    "attributes",
    [
        {f"k{i}": "x" for i in range(17)},
        {"Age": "x"},
        {"a" * 25: "x"},
        {"": "x"},
        {"\u00e9": "x"},
        {"age": "x" * 121},
        {"age": "two\nlines"},
        {"age": 30},
    ],
)
def test_odd_attributes_are_refused(
    attributes: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="attribute"):
        save(replace(sample(), name="odd", attributes=attributes), tmp_path / "odd")
    assert not (tmp_path / "odd").exists()
    rewritten(folder, attributes=attributes)
    with pytest.raises(DamagedAvatar, match="attribute"):
        load(folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"glasses": -0.1},
        {"glasses": float("nan")},
        {"glasses": "many"},
        {"glasses": [1]},
        {"paste": {"nets": "a", "mouth": 1.5}},
        {"paste": {"nets": "a", "mouth": float("nan")}},
        {"paste": {"nets": "a", "mouth": "much"}},
        {"paste": [1]},
        {"size": 513},
        {"size": float("inf")},
        {"size": "512"},
        {"size": [512]},
        {"attributes": "long hair"},
        {"attributes": [1, 2]},
    ],
)
def test_odd_figures_in_a_manifest_are_damage(changed: dict[str, object], folder: Path) -> None:
    rewritten(folder, **changed)
    with pytest.raises(DamagedAvatar, match="fit-avatar"):
        info(folder)


def test_odd_glasses_and_sizes_are_not_saved(tmp_path: Path) -> None:
    for wrong in ({"glasses": 2.0}, {"portrait": sample().portrait[:500]}):
        with pytest.raises(ValueError, match="glasses"):
            save(replace(sample(), name="odd", **wrong), tmp_path / "odd")
