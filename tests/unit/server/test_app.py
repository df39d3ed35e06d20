"""The start and stop of everything behind the app."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from fastapi import FastAPI

from engines.render.mark import MarkStyle
from server import app as app_module
from server.app import create_app
from server.codec_pool import CodecPool
from server.gallery import Gallery
from server.metrics import Metrics
from server.onboarding.service import Maker
from server.services import Fault
from server.session_states import Ending
from server.sessions import MediaFactory, SessionPlan
from server.settings import AvatarSettings, Settings
from server.settings_disclosure import DisclosureSettings
from server.settings_section import SettingsError
from tests.support.fake_backend import FakeBackend, FakeStore
from tests.support.live_server import GOOD_OFFER

PLAN = SessionPlan("", "ada", "mirror", 256, 1)


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


async def test_what_is_started_is_stopped_in_reverse() -> None:
    backend = FakeBackend()
    app = create_app(Settings(), backend, page=False)
    before = threads()
    async with app.router.lifespan_context(app):
        served = app.state.services
        assert backend.running
        session = served.manager.create(PLAN)
        await session.answer(GOOD_OFFER)
        await served.gallery.load("ada")
    assert session.ending is Ending.SHUTDOWN
    assert backend.made[0].closed == 1
    assert backend.stops == 1
    assert threads() == before
    assert not {"reaper", "stats"} & {task.get_name() for task in asyncio.all_tasks()}


class Failing(FakeBackend):
    """A backend whose models are missing."""

    async def start(
        self, gallery: Gallery, metrics: Metrics, pool: CodecPool, on_fault: Fault
    ) -> MediaFactory:
        """Raises as a missing file does."""
        raise FileNotFoundError("lips.onnx")


async def test_a_start_that_fails_leaves_nothing() -> None:
    backend = Failing()
    app = create_app(Settings(), backend, page=False)
    before = threads()
    with pytest.raises(FileNotFoundError):
        async with app.router.lifespan_context(app):
            raise AssertionError
    assert backend.stops == 1
    assert threads() == before


@pytest.mark.parametrize("names", [(), ("ada",)])
async def test_without_the_default_avatar_it_does_not_start(names: tuple[str, ...]) -> None:
    settings = Settings(avatars=AvatarSettings(default="ben"))
    app = create_app(settings, FakeBackend(store=FakeStore(names)), page=False)
    with pytest.raises(SettingsError):
        async with app.router.lifespan_context(app):
            raise AssertionError


async def test_an_engine_that_died_is_told_to_whoever_runs_the_app() -> None:
    fatal: list[str] = []
    told = asyncio.Event()

    def on_fatal(reason: str) -> None:
        fatal.append(reason)
        told.set()

    backend = FakeBackend()
    app = create_app(Settings(), backend, on_fatal=on_fatal, page=False)
    async with app.router.lifespan_context(app):
        assert backend.on_fault is not None
        backend.on_fault(None, RuntimeError("x"))
        async with asyncio.timeout(60):
            await told.wait()
    assert fatal == ["engine: RuntimeError"]


def test_every_route_is_described_with_its_errors() -> None:
    app: FastAPI = create_app(Settings(), FakeBackend(), page=False)
    paths = app.openapi()["paths"]
    assert {
        "/v1/sessions",
        "/v1/sessions/{session_id}",
        "/v1/sessions/{session_id}/offer",
        "/v1/sessions/{session_id}/stats",
        "/v1/sessions/{session_id}/close",
        "/v1/avatars",
        "/v1/avatars/{name}/portrait.jpg",
        "/v1/capabilities",
        "/healthz",
        "/readyz",
        "/metrics",
    } <= set(paths)
    assert "503" in paths["/v1/sessions"]["post"]["responses"]
    assert app.openapi() is app.openapi()


def test_the_page_is_there_by_default() -> None:
    app = create_app(Settings(), FakeBackend())
    assert any(getattr(route, "name", "") == "page" for route in app.routes)


@pytest.mark.parametrize("on", [True, False])
async def test_new_faces_are_filmed_with_the_settings_mark(
    monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    marks: list[MarkStyle | None] = []

    def build(*args: Any, **named: Any) -> Maker:
        marks.append(named["mark"])
        return Maker(*args, **named)

    monkeypatch.setattr(app_module, "Maker", build)
    settings = Settings(disclosure=DisclosureSettings(mark=on, text="Made by AI"))
    app = create_app(settings, FakeBackend(), page=False)
    async with app.router.lifespan_context(app):
        assert marks == [MarkStyle("Made by AI") if on else None]
