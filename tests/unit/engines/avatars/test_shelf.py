"""A user's folder: whole or not at all, within its limits, nothing outside it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.avatars.bundle import DamagedAvatar
from engines.avatars.consent import FILE, BadConsent
from engines.avatars.shelf import (
    LEFT_OVER_S,
    NAME,
    Limits,
    Shelf,
    ShelfError,
    check_name,
    check_title,
    name_from,
)
from engines.avatars.store import default_store
from tests.unit.engines.avatars.people import put_by_hand, save_by_hand

BUILT_IN = default_store().names()[0]


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(ShelfError) as caught:
        yield
    assert caught.value.code == code
    assert caught.value.remedy in str(caught.value) and caught.value.what


def put(shelf: Shelf, name: str, *, replace: bool = False) -> None:
    with shelf.aside() as aside:
        put_by_hand(aside, name)
        assert shelf.put(aside / name, replace=replace).name == name


def test_in_and_out(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "deep" / "avatars")
    assert shelf.names() == []
    put(shelf, "zoe")
    assert shelf.names() == ["zoe"]
    assert shelf.info("zoe").title == "Zoe"
    consent = shelf.consent("zoe")
    assert consent is not None and consent.by == "Zoe"
    shelf.remove("zoe")
    assert list(shelf.folder.iterdir()) == []
    with refused("unknown_avatar"):
        shelf.remove("zoe")


@pytest.mark.parametrize(
    "name",
    ["", "../zoe", "zoe/", ".", "..", "Zoe", "zoe_1", "-zoe", "z" * 41, "a\x00", "/etc", "é"],
)
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    shelf = Shelf(tmp_path)
    with refused("bad_name"):
        shelf.check_free(name)
    for asked in (shelf.remove, shelf.info, shelf.consent):
        with refused("unknown_avatar"):
            asked(name)


@given(st.text(max_size=80))
def test_any_title_gives_a_name(title: str) -> None:
    assert check_name(name_from(title))
    assert NAME.fullmatch(name_from(title))


@pytest.mark.parametrize("title", ["", "  ", "x" * 61, "a\x1b[2J", "a\nb"])
def test_titles_that_cannot_be(title: str) -> None:
    with refused("bad_title"):
        check_title(title)


def test_a_taken_name_is_refused_unless_replaced(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    put(shelf, "zoe")
    before = (tmp_path / "zoe").stat().st_ino
    with refused("name_taken"):
        shelf.check_free("zoe")
    put(shelf, "zoe", replace=True)
    assert (tmp_path / "zoe").stat().st_ino != before
    assert [path.name for path in tmp_path.iterdir()] == ["zoe"]
    assert shelf.free_name("zoe") == "zoe-2"
    assert shelf.free_name("max") == "max"


@pytest.mark.parametrize("replace", [False, True])
def test_a_built_in_avatar_is_neither_replaced_nor_removed(tmp_path: Path, replace: bool) -> None:
    shelf = Shelf(tmp_path)
    with refused("built_in"):
        shelf.check_free(BUILT_IN, replace=replace)
    with refused("built_in"):
        shelf.remove(BUILT_IN)
    assert shelf.free_name(BUILT_IN) == f"{BUILT_IN}-2"


def test_not_more_than_so_many(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, Limits(avatars=1))
    put(shelf, "zoe")
    with refused("too_many_avatars"):
        shelf.check_free("max")
    shelf.check_free("zoe", replace=True)


def test_not_more_than_so_many_bytes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, Limits(bytes=1000))
    with refused("no_room"):
        put(shelf, "zoe")
    assert list(tmp_path.iterdir()) == []


def test_what_is_damaged_or_without_consent_is_not_put(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with pytest.raises(DamagedAvatar), shelf.aside() as aside:
        put_by_hand(aside, "zoe")
        (aside / "zoe" / FILE).unlink()
        shelf.put(aside / "zoe")
    assert list(tmp_path.iterdir()) == []


def test_consent_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.avatars.shelf.read_consent", lambda folder: None)
    with pytest.raises(BadConsent, match="give the consent"):
        put(Shelf(tmp_path), "zoe")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", [0, 3, 7, 8])
def test_a_disk_that_fills_at_any_file_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    shelf = Shelf(tmp_path)
    real, calls = Path.write_bytes, [0]

    def write(self: Path, data: bytes) -> int:
        calls[0] += 1
        if calls[0] > call:
            real(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", write)
    monkeypatch.setattr(f"{__name__}.put_by_hand", save_by_hand)
    if call < 8:  # Seven pictures and the consent.
        with refused("disk_full"):
            put(shelf, "zoe")
        assert list(tmp_path.iterdir()) == []
    else:
        put(shelf, "zoe")


def test_a_swap_that_fails_puts_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path)
    put(shelf, "zoe")
    before = (tmp_path / "zoe").stat().st_ino
    real, calls = os.rename, [0]

    def rename(source: Path, target: Path) -> None:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(errno.EACCES, "no")
        real(source, target)

    monkeypatch.setattr("engines.avatars.shelf.os.rename", rename)
    with pytest.raises(PermissionError):
        put(shelf, "zoe", replace=True)
    assert (tmp_path / "zoe").stat().st_ino == before
    assert shelf.names() == ["zoe"]


def test_another_process_that_was_first_keeps_its_avatar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path)
    monkeypatch.setattr(shelf, "_there", lambda name: False)
    put_by_hand(tmp_path, "zoe")
    before = (tmp_path / "zoe").stat().st_ino
    with refused("name_taken"):
        put(shelf, "zoe")
    assert (tmp_path / "zoe").stat().st_ino == before


def test_leftovers_of_a_broken_run_are_swept_when_they_are_old(tmp_path: Path) -> None:
    for name, age_s in ((".making-old", LEFT_OVER_S + 60), (".making-new", 5.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half.png").write_bytes(b"x")
        now = (tmp_path / name).stat().st_mtime
        os.utime(tmp_path / name, (now - age_s, now - age_s))
    with Shelf(tmp_path).aside():
        assert not (tmp_path / ".making-old").exists()
        assert (tmp_path / ".making-new").exists()
