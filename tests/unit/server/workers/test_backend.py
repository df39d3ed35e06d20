"""The machinery of a media process around an engine elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.codec_pool import CodecPool
from server.gallery import Gallery
from server.metrics import Metrics
from server.settings import RtcSettings, ServerSettings, Settings
from server.workers import backend as module
from server.workers.backend import RemoteBackend
from tests.support.faces_world import engine_room
from tests.support.fake_backend import FakeStore

SETTINGS = Settings(
    server=ServerSettings(workers=3), rtc=RtcSettings(bind_addresses=("127.0.0.1",))
)


def nothing(session_id: str | None, error: BaseException) -> None:
    raise AssertionError(error)


async def test_it_is_what_the_engine_says_it_is(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    backend = RemoteBackend(SETTINGS, [path], FakeStore())
    assert (backend.running, backend.lookahead, backend.renderer) == (False, 0, "motion-frame")
    assert backend.machine().processes == 3
    gallery = Gallery(backend.store, None)
    metrics = Metrics()
    async with engine_room(path), CodecPool(1) as pool:
        await backend.start(gallery, metrics, pool, nothing)
        assert backend.running and backend.lookahead == 1280
        machine = backend.machine()
        assert (machine.cores, machine.step_512_s, machine.processes) == (2, 0.004, 3)
        # Told by the engine's process: twice it would be summed.
        assert "avatar_engine_use" not in metrics.text().decode()
        await backend.aclose()
        await backend.aclose()
    gallery.close()
    assert not backend.running


async def test_without_an_engine_it_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WARM_S", 0)
    backend = RemoteBackend(SETTINGS, [tmp_path / "engine.sock"], FakeStore())
    gallery = Gallery(backend.store, None)
    async with CodecPool(1) as pool:
        with pytest.raises(TimeoutError):
            await backend.start(gallery, Metrics(), pool, nothing)
    await backend.aclose()
    gallery.close()
