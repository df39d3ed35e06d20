"""The engine process, run inside the test: warm, served, stopped, failed; avatars that change."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from engines.pipeline import Motion
from server.settings import Settings
from server.warm_engine import WarmEngine
from server.workers.engine_process import EngineProcess, FreshGallery
from server.workers.lifeline import Alive, Count, Counted, Failed, Ready, Stop, lifeline
from server.workers.link import Link
from server.workers.remote import RemoteFaces
from tests.support.faces_world import Faults, opened
from tests.support.fake_backend import FakeInfo, FakeStore
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeRenderer


@asynccontextmanager
async def process(
    path: Path, load: Callable[[], Motion] = FakeMotionModel
) -> AsyncIterator[tuple[Link, asyncio.Task[int]]]:
    warm = WarmEngine(Settings(), load_motion=load, renderer_factory=FakeRenderer)
    ours, theirs = socket.socketpair()
    link = await lifeline(ours)
    running = asyncio.create_task(EngineProcess(Settings(), path, warm, FakeStore()).run(theirs))
    yield link, running
    link.cut()
    await running


async def said(link: Link, kind: type) -> Any:
    async with asyncio.timeout(60):
        async for message in link.messages():
            if isinstance(message, kind):
                return message
    raise AssertionError("it ended without")


async def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    async with process(path) as (link, running):
        ready = await said(link, Ready)
        assert ready.costs.efforts == ("way 0",)
        assert isinstance(await said(link, Alive), Alive)
        faces = RemoteFaces(path, on_fault=lambda *_: None)
        await faces.start(20)
        seen = await opened(faces, "one")
        link.send(Count())
        assert "avatar_engine_use " in (await said(link, Counted)).text
        seen.face.close()
        await faces.aclose()
        link.send(Stop())
        assert await running == 0


async def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    async with process(tmp_path / "engine.sock") as (link, running):
        await said(link, Ready)
        link.cut()
        assert await running == 0


async def test_why_it_cannot_start_is_told(tmp_path: Path) -> None:
    def broken() -> Motion:
        raise RuntimeError("weights/motion.onnx: wrong hash; reinstall")

    async with process(tmp_path / "engine.sock", broken) as (link, running):
        failed = await said(link, Failed)
        assert failed.reason == "RuntimeError: weights/motion.onnx: wrong hash; reinstall"
        assert await running == 1


async def test_an_engine_that_dies_is_told_to_all_and_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    made: list[EngineProcess] = []
    warm = WarmEngine(Settings(), load_motion=FakeMotionModel, renderer_factory=FakeRenderer)
    ours, theirs = socket.socketpair()
    link = await lifeline(ours)
    made.append(EngineProcess(Settings(), path, warm, FakeStore()))
    running = asyncio.create_task(made[0].run(theirs))
    await said(link, Ready)
    faults = Faults()
    faces = RemoteFaces(path, on_fault=faults.hear)
    await faces.start(20)
    made[0]._on_fault("one", ValueError("x"))
    made[0]._on_fault(None, MemoryError("full"))
    assert (await said(link, Failed)).reason == "the engine stopped: MemoryError"
    assert await running == 1
    sessions = [session for session, _ in faults.told]
    assert None in sessions
    await faces.aclose()
    link.cut()


class FolderStore(FakeStore):
    """Avatars that lie somewhere."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def info(self, name: str) -> FakeInfo:
        return replace(super().info(name), folder=self.folder / name)


async def test_an_avatar_that_another_process_replaced_is_loaded_again(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / "ada").mkdir()
    gallery = FreshGallery(store, None)
    first = await gallery.load("ada")
    assert await gallery.load("ada") is first
    os.utime(tmp_path / "ada", ns=(1, 1))
    second = await gallery.load("ada")
    assert second is not first
    # One whose folder cannot be looked at is as it was.
    assert await gallery.load("ben") is await gallery.load("ben")
    assert store.loads == ["ada", "ada", "ben"]
    gallery.close()
