"""Photos are worked on one at a time, off the loop, and never for long."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from engines.avatars import onboard
from engines.avatars.bundle import AvatarInfo
from engines.avatars.consent import EXAMPLE
from engines.avatars.onboard import STEPS, Step
from engines.avatars.shelf import Shelf
from engines.face.finder import BadFace, Landmarks
from engines.render.mark import MarkStyle
from engines.values import U8
from server.errors import ApiError
from server.gallery import Gallery
from server.onboarding.service import MAX_WAITING, NICENESS, QUEUED, Claim, Maker, yielding
from tests.support.fake_backend import FakeStore
from tests.unit.engines.avatars.people import OneFace, photo


def form(image: bytes | None = None, **texts: str) -> tuple[str, bytes]:
    files = {"image": ("a.jpg", photo() if image is None else image)}
    request = httpx.Request("POST", "http://x", files=files, data=texts)
    return request.headers["content-type"], request.read()


class MouthCovered(BadFace):
    """A kind of fault that this package need not know."""


class Slow(OneFace):
    """Waits in the thread until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.threads: list[str] = []

    def landmarks(self, image: U8) -> Landmarks:
        self.threads.append(threading.current_thread().name)
        assert self.go.wait(60)
        return super().landmarks(image)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[..., Maker]]:
    galleries: list[Gallery] = []
    makers: list[Maker] = []

    def build(finder: OneFace, timeout_s: float = 300) -> Maker:
        galleries.append(Gallery(FakeStore(), None))
        makers.append(Maker(galleries[-1], Shelf(tmp_path / "mine"), timeout_s, lambda: finder))
        return makers[-1]

    yield build
    for maker in makers:
        maker.close()
    for gallery in galleries:
        gallery.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("photos")]


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
        ({"consent_statement": EXAMPLE, "face": "-1"}, "bad_form"),
        ({"consent_statement": EXAMPLE, "face": "\u0664"}, "bad_form"),
        ({"consent_statement": EXAMPLE, "face": "7"}, "no_such_face"),
    ],
)
async def test_what_is_wrong_is_said(
    make: Callable[..., Maker], texts: dict[str, str], code: str
) -> None:
    maker = make(OneFace())
    with pytest.raises(ApiError) as caught:
        await maker.create(*form(None, **texts))
    assert caught.value.code == code and caught.value.hint
    # The hint says what to do, not once more what the message says.
    assert EXAMPLE not in caught.value.hint
    assert 400 <= caught.value.status < 500
    assert not maker.shelf.folder.exists()


async def test_a_photo_is_looked_at_on_a_thread_of_its_own_and_not_kept(
    make: Callable[..., Maker],
) -> None:
    finder = Slow()
    finder.go.set()
    maker = make(finder)
    seen = await maker.check(*form())
    assert seen.problem is None and finder.threads[0].startswith("photos")
    assert not maker.shelf.folder.exists()


async def test_steps_are_told_on_the_loop(make: Callable[..., Maker]) -> None:
    finder = Slow()
    maker = make(finder)
    here = threading.current_thread()
    told: list[Step] = []

    def on_step(step: Step) -> None:
        assert threading.current_thread() is here
        told.append(step)

    first = asyncio.create_task(maker.check(*form()))
    await asyncio.sleep(0)
    second = asyncio.create_task(maker.create(*form(consent_statement=EXAMPLE), on_step))
    await asyncio.sleep(0)
    assert told == [QUEUED]
    finder.go.set()
    await asyncio.gather(first, second)
    assert told == [QUEUED, *STEPS]


async def test_who_leaves_ends_the_work_and_nothing_is_kept(make: Callable[..., Maker]) -> None:
    finder = Slow()
    maker = make(finder)
    making = asyncio.create_task(maker.create(*form(consent_statement=EXAMPLE)))
    await asyncio.sleep(0)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    finder.go.set()
    await maker.sweep()
    assert not maker.shelf.folder.exists()


async def test_who_leaves_as_it_is_kept_leaves_nothing(
    make: Callable[..., Maker], monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = make(OneFace(), timeout_s=0.3)
    put, entered, go = Shelf.put, threading.Event(), threading.Event()

    def slow_put(self: Shelf, made: Path, *, replace: bool = False) -> AvatarInfo:
        entered.set()
        assert go.wait(60)
        return put(self, made, replace=replace)

    monkeypatch.setattr(Shelf, "put", slow_put)
    making = asyncio.create_task(maker.create(*form(consent_statement=EXAMPLE)))
    with pytest.raises(ApiError) as caught:
        await making
    assert caught.value.code == "too_slow"
    go.set()
    await maker.sweep()
    assert maker.shelf.names() == []


def test_only_one_may_claim() -> None:
    claim = Claim()
    before = claim.taken
    assert [before, claim.take(), claim.taken, claim.take()] == [False, True, True, False]


@pytest.mark.parametrize("error", [MouthCovered("the mouth is covered; take the hand away")])
async def test_faults_of_faces_are_told_by_their_kind(
    make: Callable[..., Maker], error: Exception
) -> None:
    maker = make(OneFace(error))
    seen = await maker.check(*form())
    assert seen.problem is not None and seen.problem.code == "mouth_covered"
    with pytest.raises(ApiError) as caught:
        await maker.create(*form(consent_statement=EXAMPLE))
    told = caught.value
    assert (told.status, told.code, told.hint) == (422, "mouth_covered", "take the hand away")


async def test_leftovers_go_as_the_server_starts(make: Callable[..., Maker]) -> None:
    maker = make(OneFace())
    left = maker.shelf.folder / ".making-x"
    left.mkdir(parents=True)
    os.utime(left, (1, 1))
    await maker.sweep()
    assert not left.exists()


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
    # The thread is free again only when the abandoned work has ended.
    await maker.sweep()
    assert maker.shelf.names() == []


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own there")
def test_only_the_thread_of_photos_yields_to_live_sessions() -> None:
    mine = os.getpriority(os.PRIO_PROCESS, 0)

    def look() -> int:
        yielding()
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(look).result() == max(NICENESS, mine)
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine


async def test_the_film_carries_the_mark_it_was_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[MarkStyle | None] = []

    def film(avatar: object, mark: MarkStyle | None) -> dict[str, bytes]:
        drawn.append(mark)
        return {}

    monkeypatch.setattr(onboard, "preview_file", film)
    gallery = Gallery(FakeStore(), None)
    maker = Maker(gallery, Shelf(tmp_path), 30, OneFace, mark=None)
    await maker.create(*form(title="Zoe", consent_statement=EXAMPLE))
    maker.close()
    gallery.close()
    assert drawn == [None]
