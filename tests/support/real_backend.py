"""The real engine thread and real peers, with a cheap motion model and renderer.

Used by integration tests.
Never loads weights or avatars from disk.
"""

from __future__ import annotations

from collections.abc import Callable

from engines.pipeline import Motion
from server.backend import EngineBackend
from server.settings import RtcSettings, SessionSettings, Settings
from tests.support.fake_backend import FakeStore
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeRenderer

LOOPBACK = Settings(
    session=SessionSettings(max_sessions=4, size=256),
    rtc=RtcSettings(bind_addresses=("127.0.0.1",)),
)


def real_backend(
    settings: Settings = LOOPBACK,
    load_motion: Callable[[], Motion] = FakeMotionModel,
) -> EngineBackend:
    """Everything of the server but weights and pictures."""
    return EngineBackend(
        settings,
        store=FakeStore(),
        load_motion=load_motion,
        renderer_factory=FakeRenderer,
    )
