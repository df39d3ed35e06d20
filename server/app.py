"""The application: routes, errors, limits, and the start and stop of everything behind them.

Runs on the event loop.
Never imports the engine's libraries itself: the backend is given.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from engines.avatars.intake import MAX_BYTES
from engines.scene.both import load_reader
from server.bodies import schemas_of
from server.codec_pool import CodecPool
from server.director import Director
from server.disclosure import mark_style
from server.doors.answers import token_of
from server.doors.keeper import DoorKeeper
from server.drawing import nets_of
from server.errors import install_error_handlers
from server.gallery import Gallery
from server.manager import ALONE, SessionManager, Shared
from server.metrics import Metrics, program_version
from server.middleware import BodyLimit, Larger, SafeHeaders
from server.onboarding.service import Maker
from server.onboarding.shelves import shelf_of
from server.routes import avatars, face, health, sessions, smallwebrtc, stage, whep, whip
from server.scene_writer import SceneWriter
from server.schemas import Description, SessionRequest, Trickle
from server.services import Backend, Services
from server.settings import SceneSettings, Settings
from server.stage_wishes import StageChange
from server.static import mount_page

log = logging.getLogger(__name__)
PHOTOS = re.compile(r"POST /v1/avatars(/check)?|PUT /v1/sessions/[^/]+/stage/image")
"""Requests that carry one."""
FORM_BYTES = 256 * 1024
"""Room for the texts beside a photo."""
ABOUT = (
    "A face from one portrait that speaks with your voice. Errors are "
    '`{"error": {"code", "message", "hint"}}`. A session: `POST /v1/sessions`, its offer, then '
    "trickled candidates; `DELETE` ends it."
)


def create_app(
    settings: Settings,
    backend: Backend,
    *,
    on_fatal: Callable[[str], None] = lambda reason: None,
    page: bool = True,
    shared: Shared = ALONE,
) -> FastAPI:
    """The app around `backend`. `on_fatal` is told when the engine has stopped for good.

    `shared`: what this process must know of others on the same engine.
    """
    # The API page must work without a network, so its script comes from a package, not from a CDN.
    app = FastAPIOffline(
        title="SynchroRaMa Live",
        version=program_version(),
        description=ABOUT,
        lifespan=_lifespan(settings, backend, on_fatal, shared),
        redoc_url=None,
    )
    install_error_handlers(app)
    for routes in (sessions, stage, face, avatars, whip, whep, smallwebrtc, health):
        app.include_router(routes.router)
    _document_bodies(app)
    if page:
        mount_page(app)
    _add_middleware(app, settings)
    return app


def _lifespan(
    settings: Settings,
    backend: Backend,
    on_fatal: Callable[[str], None],
    shared: Shared,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(CodecPool(settings.engine.codec_threads))
            metrics = Metrics()
            gallery = Gallery(backend.store, settings.avatars.default)
            stack.callback(gallery.close)
            manager = SessionManager(
                settings.session,
                settings.rtc,
                machine=backend.machine,
                metrics=metrics,
                on_fatal=on_fatal,
                stats_interval_s=settings.media.stats_interval_s,
                shared=shared,
            )
            stack.push_async_callback(backend.aclose)
            factory = await backend.start(gallery, metrics, pool, manager.engine_fault)
            director = await gallery.run(_director, settings.scene)
            stack.push_async_callback(director.close)
            manager.start(factory, director)
            stack.push_async_callback(manager.aclose, settings.server.shutdown_timeout_s)
            maker = Maker(
                gallery,
                shelf_of(settings.avatars),
                settings.avatars.upload_timeout_s,
                mark=mark_style(settings.disclosure),
                load_nets=partial(nets_of, settings.render),
            )
            stack.callback(maker.close)
            await maker.sweep()
            doors, token = DoorKeeper(shared.prefix), token_of(settings.doors)
            app.state.services = Services(
                settings, backend, gallery, manager, metrics, maker, doors, token
            )
            log.info("ready", extra={"sessions_max": manager.cap})
            yield
            log.info("stopping")

    return lifespan


def _director(settings: SceneSettings) -> Director:
    """On the loader thread: the sentence encoder is read from disk."""
    reader = load_reader()
    return Director(reader, SceneWriter(settings, reader))


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """The last added runs first: headers around CORS around the body limit."""
    photos = Larger(
        requests=PHOTOS,
        limit=MAX_BYTES + FORM_BYTES,
        timeout_s=settings.avatars.upload_timeout_s,
        setting="a photo of 32 MiB is the largest",
    )
    app.add_middleware(BodyLimit, limit=settings.server.max_body_bytes, larger=photos)
    if settings.server.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.server.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
            allow_headers=["Content-Type", "If-Match", "Authorization", "ETag"],
            expose_headers=[
                *("Location", "Link", "ETag", "Retry-After", "Accept-Post", "Accept-Patch"),
                # Eyevinn's WHIP client learns here whether it may trickle.
                *("Allow", "Access-Control-Allow-Methods"),
            ],
        )
    app.add_middleware(SafeHeaders)


def _document_bodies(app: FastAPI) -> None:
    """Routes that read their own bodies refer to models FastAPI does not see: add them."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = original()
            known = schema.setdefault("components", {}).setdefault("schemas", {})
            bodies = (SessionRequest, Description, Trickle, StageChange, face.TellingBody)
            known.update(schemas_of(*bodies, *smallwebrtc.BODIES))
        return original()

    app.openapi = openapi  # type: ignore[method-assign]
