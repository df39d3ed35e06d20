"""Avatars by name, loaded once, off the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from engines.avatars.bundle import DamagedAvatar
from server.errors import ApiError
from server.gallery import KEEP, Gallery, default_avatar, encode_portrait
from server.settings_section import SettingsError
from tests.support.fake_backend import FakeInfo, FakeStore


@pytest.fixture
async def make() -> AsyncIterator[Callable[[FakeStore], Gallery]]:
    made: list[Gallery] = []

    def build(store: FakeStore) -> Gallery:
        made.append(Gallery(store, None))
        return made[-1]

    yield build
    for gallery in made:
        gallery.close()
        gallery.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("loader")]


async def test_an_avatar_is_loaded_once_for_all(make: Callable[[FakeStore], Gallery]) -> None:
    store = FakeStore()
    gallery = make(store)
    first, second = await asyncio.gather(gallery.load("ada"), gallery.load("ada"))
    assert first is second
    assert store.loads == ["ada"]
    assert gallery.default == "ada"


@pytest.mark.parametrize("name", ["nobody", "../ada", "", "ada/../ada"])
async def test_a_name_that_is_not_known_is_404_and_never_reaches_the_disk(
    make: Callable[[FakeStore], Gallery], name: str
) -> None:
    store = FakeStore()
    gallery = make(store)
    for asked in (gallery.load(name), gallery.portrait(name)):
        with pytest.raises(ApiError) as caught:
            await asked
        assert (caught.value.status, caught.value.code) == (404, "unknown_avatar")
        assert caught.value.message == f"no avatar is named {name!r}"
    assert store.loads == []


async def test_a_damaged_avatar_hides_no_other_one(
    make: Callable[[FakeStore], Gallery], caplog: pytest.LogCaptureFixture
) -> None:
    class HalfRead(FakeStore):
        def info(self, name: str) -> FakeInfo:
            if name == "ada":
                raise DamagedAvatar("avatar ada: bad manifest")
            return super().info(name)

    assert [info.name for info in make(HalfRead()).infos()] == ["ben"]
    assert "avatar ada: bad manifest" in caplog.text


async def test_a_damaged_avatar_is_500_and_tried_again(
    make: Callable[[FakeStore], Gallery], caplog: pytest.LogCaptureFixture
) -> None:
    store = FakeStore(damaged="ben")
    gallery = make(store)
    for _ in range(2):
        with pytest.raises(ApiError) as caught:
            await gallery.load("ben")
        assert caught.value.code == "damaged_avatar"
        assert "hash" not in caught.value.message
    assert store.loads == ["ben", "ben"]
    assert "wrong hash" in caplog.text


async def test_only_so_many_are_kept(make: Callable[[FakeStore], Gallery]) -> None:
    store = FakeStore(tuple(f"a{i}" for i in range(KEEP + 1)))
    gallery = make(store)
    for name in store.names():
        await gallery.load(name)
    await gallery.load("a1")
    assert store.loads.count("a1") == 1
    await gallery.load("a0")
    assert store.loads.count("a0") == 2


async def test_a_portrait_is_a_jpeg_made_once(make: Callable[[FakeStore], Gallery]) -> None:
    gallery = make(FakeStore())
    data = await gallery.portrait("ada")
    assert data.startswith(b"\xff\xd8")
    assert await gallery.portrait("ada") is data


async def test_work_runs_on_the_loader(make: Callable[[FakeStore], Gallery]) -> None:
    name = await make(FakeStore()).run(lambda: threading.current_thread().name)
    assert name.startswith("loader")


def test_what_cannot_be_a_default_is_said() -> None:
    assert default_avatar(FakeStore(), "ben") == "ben"
    with pytest.raises(SettingsError, match="wanted one of ada, ben"):
        default_avatar(FakeStore(), "cid")
    with pytest.raises(SettingsError, match="there is no avatar"):
        default_avatar(FakeStore(()), None)


def test_a_picture_that_is_none_cannot_be_encoded() -> None:
    with pytest.raises((ValueError, Exception)):
        encode_portrait(np.zeros((0, 0, 3), np.uint8))


async def test_what_is_forgotten_is_read_again(make: Callable[[FakeStore], Gallery]) -> None:
    store = FakeStore()
    gallery = make(store)
    await gallery.portrait("ada")
    gallery.forget("ada")
    gallery.forget("nobody")
    await gallery.portrait("ada")
    assert store.loads == ["ada", "ada"]


async def test_where_the_files_of_one_are(make: Callable[[FakeStore], Gallery]) -> None:
    class Damaged(FakeStore):
        def info(self, name: str) -> FakeInfo:
            raise DamagedAvatar("avatar ada: bad manifest")

    assert make(FakeStore()).folder("ada") == FakeInfo("ada").folder
    for store, name, status in ((FakeStore(), "../ada", 404), (Damaged(), "ada", 500)):
        with pytest.raises(ApiError) as caught:
            make(store).folder(name)
        assert caught.value.status == status
