"""The real backend around a cheap motion model and renderer."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from server.backend import (
    EngineBackend,
    percentile,
    usable_cores,
)
from server.codec_pool import CodecPool
from server.gallery import Gallery
from server.metrics import Metrics
from server.warm_engine import STUCK_S
from tests.support.fake_motion import FakeFault, FakeMotionModel
from tests.support.real_backend import real_backend


def nothing(session_id: str | None, error: BaseException) -> None:
    raise AssertionError(error)


def state_of(backend: EngineBackend) -> tuple[bool, int]:
    return backend.running, backend.lookahead


async def test_it_starts_warm_and_stops_clean() -> None:
    before = set(threading.enumerate())
    backend = real_backend()
    assert state_of(backend) == (False, 0)
    gallery = Gallery(backend.store, None)
    async with CodecPool(1) as pool:
        await backend.start(gallery, Metrics(), pool, nothing)
        assert state_of(backend) == (True, 1280)
        machine = backend.machine()
        assert machine.cores == usable_cores()
        assert 0 < machine.step_512_s < 1
        assert backend.renderer == "motion-frame"
        await backend.aclose()
        await backend.aclose()
    gallery.close()
    assert not state_of(backend)[0]
    assert set(threading.enumerate()) <= before


async def test_a_model_that_fails_when_warmed_stops_the_start() -> None:
    backend = real_backend(load_motion=lambda: FakeMotionModel(fail_at=0))
    gallery = Gallery(backend.store, None)
    async with CodecPool(1) as pool:
        with pytest.raises(FakeFault):
            await backend.start(gallery, Metrics(), pool, nothing)
        await backend.aclose()
    gallery.close()
    assert not backend.running


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.95) == 1.0
    assert percentile([float(i) for i in range(100)], 0.95) == 95.0
    with pytest.raises(ValueError, match="no frame"):
        percentile([], 0.5)


@pytest.mark.parametrize(("age_s", "running"), [(0.9, True), (STUCK_S, False)])
def test_an_engine_that_hangs_in_a_step_is_not_ready(age_s: float, running: bool) -> None:
    backend = real_backend()
    hung: Any = SimpleNamespace(running=True, stats=lambda: SimpleNamespace(turn_age_s=age_s))
    backend._engine._engine = hung
    assert backend.running is running
