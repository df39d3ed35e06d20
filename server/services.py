"""What the routes need, made once for each app and handed over in one frozen value.

Runs on the event loop.
Never starts or stops anything: `server.app` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request
from starlette.requests import HTTPConnection

from server.admission import Machine
from server.codec_pool import CodecPool
from server.doors.keeper import DoorKeeper
from server.drawing import Kind
from server.gallery import Gallery, Store
from server.manager import SessionManager
from server.metrics import Metrics
from server.onboarding.service import Maker
from server.sessions import MediaFactory
from server.settings import Settings
from server.voices.choice import Chosen

Fault = Callable[[str | None, BaseException], None]


class Backend(Protocol):
    """The avatar's machinery behind the server: the real one is `server.backend`."""

    @property
    def store(self) -> Store:
        """Where avatars lie."""

    @property
    def lookahead(self) -> int:
        """Samples at 16 kHz that a picture waits for beyond its own time."""

    @property
    def renderer(self) -> Kind:
        """Who draws the pictures."""

    @property
    def speech(self) -> Chosen:
        """Who speaks texts, and why."""

    @property
    def assistant_missing(self) -> tuple[tuple[str, str], ...]:
        """(part, what to set) of what an assistant does not have here."""

    @property
    def running(self) -> bool:
        """Whether the engine is warm and its thread alive."""

    def machine(self) -> Machine:
        """What was measured on this machine, up to now."""

    async def start(
        self, gallery: Gallery, metrics: Metrics, pool: CodecPool, on_fault: Fault
    ) -> MediaFactory:
        """Load the models, warm them, start the engine; what builds the media of sessions.

        Raises what is wrong with models or avatars.
        """

    async def aclose(self) -> None:
        """Stop the engine. Idempotent."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a route may use."""

    settings: Settings
    backend: Backend
    gallery: Gallery
    manager: SessionManager
    metrics: Metrics
    maker: Maker
    doors: DoorKeeper
    token: str | None = None
    """What standing doors ask for (`doors.token_env`)."""


def services_of(connection: HTTPConnection) -> Services:
    """The services of the app that a request or websocket belongs to."""
    found: Services = connection.app.state.services
    return found


async def services(request: Request) -> Services:
    """The same, as a FastAPI dependency; a plain function would go through the thread pool, and
    requests would overtake each other there.
    """
    return services_of(request)
