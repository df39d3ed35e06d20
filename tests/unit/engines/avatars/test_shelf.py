"""A user's folder: whole or not at all, within its limits, nothing outside it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.avatars.bundle import DamagedAvatar, save
from engines.avatars.consent import FILE, BadConsent
from engines.avatars.shelf import (
    NAME,
    Limits,
    Shelf,
    ShelfError,
    check_name,
    check_title,
    name_from,
)
from engines.avatars.store import default_store
from tests.support.sample_avatar import sample
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


def old(folder: Path, age_s: float) -> Path:
    folder.mkdir()
    (folder / "half.png").write_bytes(b"x")
    now = folder.stat().st_mtime
    os.utime(folder, (now - age_s, now - age_s))
    return folder


def test_leftovers_of_a_broken_run_are_swept_and_running_ones_are_not(tmp_path: Path) -> None:
    killed, removed = old(tmp_path / ".making-a", 9.0), old(tmp_path / ".removed-b", 9.0)
    kept = old(tmp_path / "zoe", 9.0)
    with Shelf(tmp_path).aside() as running:
        assert not killed.exists() and not removed.exists() and kept.exists()
        now = running.stat().st_mtime
        os.utime(running, (now - 60, now - 60))
        Shelf(tmp_path).sweep()
        assert running.exists()


def test_a_sweep_where_nothing_is_and_past_links(tmp_path: Path) -> None:
    Shelf(tmp_path / "none").sweep()
    other = old(tmp_path / "other", 9.0)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / ".making-link").symlink_to(other)
    (shelf / ".making-file").write_bytes(b"")
    Shelf(shelf).sweep()
    assert (other / "half.png").exists() and (shelf / ".making-file").exists()


TRICKS = [
    "", ".", "..", "../zoe", "a/b", "a\\b", "/etc/passwd", "zoe\0", "\0", "zoe\n", "zo\u0435",
    "z\uff4fe", "zo\u00e9", "ZOE", "-zoe", "zoe ", "zoe.zip", "%2e%2e", "con", "lpt1",
    "\u202eeoz", "z" * 41, "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", TRICKS, ids=ascii)
def test_names_that_are_tricks_reach_nothing(tmp_path: Path, name: str) -> None:
    shelf = Shelf(tmp_path / "mine")
    (tmp_path / "zoe").mkdir()
    with refused("bad_name"):
        shelf.check_free(name)
    for look in (shelf.info, shelf.consent, shelf.remove):
        with pytest.raises(ShelfError) as caught:
            look(name)
        assert str(caught.value).isascii()
    assert name_from(name) not in TRICKS
    assert [path.name for path in tmp_path.iterdir()] == ["zoe"]


POINTS = [0, 1_000, 20_000, 60_000, 150_000]
"""Bytes a file may grow to: the first file of an avatar breaks, or a later and larger one."""


@pytest.mark.parametrize("limit", POINTS)
def test_a_disk_that_fills_up_in_mid_write_leaves_nothing(tmp_path: Path, limit: int) -> None:
    put_by_hand(tmp_path, "ada")
    before = {path.name: path.read_bytes() for path in (tmp_path / "ada").iterdir()}
    shelf = Shelf(tmp_path)
    with refused("disk_full"), shelf.aside() as aside:
        with files_end_at(limit):
            save(replace(sample(), name="zoe"), aside / "zoe")
    assert [path.name for path in tmp_path.iterdir()] == ["ada"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "ada").iterdir()} == before


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """The kernel refuses to let any file grow past `size` bytes (setrlimit(2))."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("call", ["os.mkdir", "os.rename"])
def test_a_disk_without_room_for_a_folder_or_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    shelf = Shelf(tmp_path)
    with refused("disk_full"), shelf.aside() as aside:
        save_by_hand(aside, "zoe")
        with monkeypatch.context() as patched:
            patched.setattr(call, full)
            if call == "os.mkdir":
                (aside / "other").mkdir()
            shelf.put(aside / "zoe")
    assert list(tmp_path.iterdir()) == []
