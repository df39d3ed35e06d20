"""Loaded, measured, running; or measured before."""

from __future__ import annotations

import threading

import pytest

from server import warm_engine as module
from server.admission import STEP_MARGIN
from server.drawing import Costs, Drawing
from server.faces import LocalFaces
from server.gallery import Gallery
from server.settings import Settings
from server.warm_engine import WarmEngine, usable_cores
from tests.support.fake_backend import FakeStore
from tests.support.fake_clock import FakeClock
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeRenderer
from tests.support.shared_card import SharedCard, SharingFake


def nothing(session_id: str | None, error: BaseException) -> None:
    raise AssertionError(error)


def warm(costs: Costs | None = None) -> WarmEngine:
    return WarmEngine(
        Settings(), load_motion=FakeMotionModel, renderer_factory=FakeRenderer, costs=costs
    )


async def test_it_measures_and_runs_and_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    engine = warm()
    assert (engine.running, engine.lookahead, engine.turn_age_s) == (False, 0, 0.0)
    gallery = Gallery(FakeStore(), None)
    faces = await engine.start(gallery, nothing)
    assert isinstance(faces, LocalFaces) and engine.running and engine.lookahead == 1280
    assert engine.machine().step_512_s > 0 and engine.machine().cores == usable_cores()
    assert engine.costs is not None and engine.costs.efforts == ("way 0",)
    assert engine.machine().encode_512_s == engine.costs.encode_s > 0
    await engine.aclose()
    await engine.aclose()
    gallery.close()
    assert engine.turn_age_s == 0.0
    assert set(threading.enumerate()) <= before


async def test_what_was_measured_before_is_not_measured_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def measured(*_: object) -> Costs:
        raise AssertionError("measured again")

    monkeypatch.setattr(module, "measure", measured)
    costs = Costs((0.010, 0.012, 0.011), ("way 0",), (0.008,), encode_s=0.0025)
    engine = warm(costs)
    gallery = Gallery(FakeStore(), None)
    await engine.start(gallery, nothing)
    assert engine.machine().step_512_s == pytest.approx(STEP_MARGIN * 0.011)
    assert engine.machine().encode_512_s == 0.0025
    await engine.aclose()
    gallery.close()


async def test_where_a_card_draws_batches_are_measured_and_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    card = SharedCard(clock.advance, (0.002,), (0.004,))

    def build(avatar: object, size: int, stage: object) -> SharingFake:
        return SharingFake(card, size=size)

    engine = WarmEngine(Settings(), load_motion=FakeMotionModel, renderer_factory=build)
    drawing = Drawing("diffusion", build, "given", batch_clock=clock)
    monkeypatch.setattr(engine, "_load_drawing", lambda: drawing)
    gallery = Gallery(FakeStore(), None)
    faces = await engine.start(gallery, nothing)
    assert engine.costs is not None
    assert [size for size, _ in engine.costs.by_bucket] == [1, 2, 4, 8]
    assert faces._engine._batches is not None
    await engine.aclose()
    gallery.close()
