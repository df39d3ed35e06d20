"""Photos are worked on one at a time, off the loop, and never for long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from engines.avatars.consent import EXAMPLE
from engines.avatars.shelf import Shelf
from engines.face.finder import Landmarks
from engines.values import U8
from server.errors import ApiError
from server.gallery import Gallery
from server.onboarding.service import MAX_WAITING, Maker
from tests.support.fake_backend import FakeStore
from tests.unit.engines.avatars.people import OneFace, photo


def form(image: bytes | None = None, **texts: str) -> tuple[str, bytes]:
    files = {"image": ("a.jpg", photo() if image is None else image)}
    request = httpx.Request("POST", "http://x", files=files, data=texts)
    return request.headers["content-type"], request.read()


class Slow(OneFace):
    """Waits in the thread until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.threads: list[str] = []

    def landmarks(self, image: U8) -> Landmarks:
        self.threads.append(threading.current_thread().name)
        assert self.go.wait(10)
        return super().landmarks(image)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[..., Maker]]:
    galleries: list[Gallery] = []

    def build(finder: OneFace, timeout_s: float = 30) -> Maker:
        galleries.append(Gallery(FakeStore(), None))
        return Maker(galleries[-1], Shelf(tmp_path / "mine"), timeout_s, lambda: finder)

    yield build
    for gallery in galleries:
        gallery.close()


async def test_made_under_a_name_from_its_title_and_removed(make: Callable[..., Maker]) -> None:
    maker = make(OneFace())
    for wanted in ("zoe-b", "zoe-b-2"):
        info = await maker.create(*form(title="Zoë B", consent_statement=EXAMPLE))
        assert info.name == wanted.replace("zoe-b", "zo-b")
    await maker.remove("zo-b")
    assert maker.shelf.names() == ["zo-b-2"]
    with pytest.raises(ApiError) as caught:
        await maker.remove("zo-b")
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({}, "bad_consent"),
        ({"consent_statement": EXAMPLE, "name": "../x"}, "bad_name"),
        ({"consent_statement": EXAMPLE, "title": "x" * 99}, "bad_title"),
        ({"consent_statement": EXAMPLE, "nam": "x"}, "bad_form"),
    ],
)
async def test_what_is_wrong_is_said(
    make: Callable[..., Maker], texts: dict[str, str], code: str
) -> None:
    maker = make(OneFace())
    with pytest.raises(ApiError) as caught:
        await maker.create(*form(None, **texts))
    assert caught.value.code == code and caught.value.hint
    assert 400 <= caught.value.status < 500
    assert not maker.shelf.folder.exists()


async def test_a_photo_is_looked_at_on_the_loader_and_not_kept(make: Callable[..., Maker]) -> None:
    finder = Slow()
    finder.go.set()
    maker = make(finder)
    seen = await maker.check(*form())
    assert seen.problem is None and finder.threads[0].startswith("loader")
    assert not maker.shelf.folder.exists()


async def test_only_so_many_wait(make: Callable[..., Maker]) -> None:
    finder = Slow()
    maker = make(finder)
    asked = [asyncio.create_task(maker.check(*form())) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ApiError) as caught:
        await maker.check(*form())
    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "5")
    finder.go.set()
    await asyncio.gather(*asked)
    await maker.check(*form())


async def test_what_takes_too_long_is_given_up_and_leaves_nothing(
    make: Callable[..., Maker],
) -> None:
    finder = Slow()
    maker = make(finder, timeout_s=0.05)
    with pytest.raises(ApiError) as caught:
        await maker.create(*form(consent_statement=EXAMPLE))
    assert caught.value.code == "too_slow"
    finder.go.set()
    # The loader is free again only when the abandoned work has ended.
    await maker._gallery.run(lambda: None)
    assert maker.shelf.names() == []
