"""All sessions: places, look-up, watchdogs, faults, shutdown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from server.admission import Machine
from server.errors import ApiError
from server.manager import ALONE, REMEMBER_ENDED, EngineAway, SessionManager, Shared
from server.metrics import Metrics
from server.session_states import Ending, State
from server.sessions import Session, SessionPlan
from server.settings import RtcSettings, SessionSettings
from tests.support.fake_backend import FakeBackend, FakeMedia
from tests.support.fake_clock import FakeClock
from tests.support.live_server import GOOD_OFFER

PLAN = SessionPlan("", "ada", "mirror", 256, 1)
QUICK = Machine(4, 0.004)


class World:
    """A manager with fakes around it."""

    def __init__(
        self,
        session: SessionSettings,
        rtc: RtcSettings,
        machine: Machine = QUICK,
        shared: Shared = ALONE,
    ) -> None:
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.fatal: list[str] = []
        self.backend = FakeBackend()
        self.manager = SessionManager(
            session,
            rtc,
            machine=lambda: machine,
            metrics=self.metrics,
            on_fatal=self.fatal.append,
            stats_interval_s=1000,
            clock=self.clock,
            shared=shared,
        )

    async def live(self) -> tuple[Session, FakeMedia]:
        session = self.manager.create(PLAN)
        await session.answer(GOOD_OFFER)
        media = self.backend.made[-1]
        media.events.connected()
        return session, media

    def metric(self, line: str) -> bool:
        return line in self.metrics.text().decode()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(SessionSettings(max_sessions=3, max_duration_s=100), RtcSettings(mic_watchdog_s=5))
    made.manager.start(made.backend.build)
    yield made
    await made.manager.aclose(1.0)
    await made.manager.aclose(1.0)
    assert not {"reaper", "stats"} & {task.get_name() for task in asyncio.all_tasks()}


async def test_ids_cannot_be_guessed_and_are_given_here(world: World) -> None:
    ids = {world.manager.create(PLAN).plan.id for _ in range(3)}
    assert len(ids) == 3
    assert all(len(each) >= 22 for each in ids)


async def test_a_full_house_refuses_with_the_time_to_wait(world: World) -> None:
    for _ in range(3):
        world.manager.create(PLAN)
    with pytest.raises(ApiError) as caught:
        world.manager.create(PLAN)
    assert caught.value.status == 503
    # The first session without an offer ends in 15 s.
    assert caught.value.headers["Retry-After"] == "15"
    assert world.metric('avatar_admission_rejected_total{reason="sessions"} 1.0')
    assert world.metric("avatar_sessions_active 3.0")


async def test_a_slow_machine_tells_what_it_admits_and_promises_no_time() -> None:
    made = World(SessionSettings(size=512), RtcSettings(), Machine(2, 0.0184))
    made.manager.start(made.backend.build)
    assert made.manager.cap == 1
    made.manager.create(replace(PLAN, size=512))
    refused = made.manager.refusal(512)
    assert refused is not None and refused.status == 503
    assert not refused.headers
    assert refused.hint == "end one first, or ask for a smaller size"
    await made.manager.aclose(1.0)


async def test_a_place_is_free_again_when_its_session_has_closed(world: World) -> None:
    sessions = [world.manager.create(PLAN) for _ in range(3)]
    await world.manager.close(sessions[0].plan.id)
    assert world.manager.create(PLAN).state is State.CREATED
    assert world.metric('avatar_sessions_total{result="client"} 1.0')


async def test_unknown_is_404_ended_is_410_and_ending_again_is_fine(world: World) -> None:
    with pytest.raises(ApiError) as caught:
        world.manager.get("nobody")
    assert caught.value.status == 404
    with pytest.raises(ApiError):
        await world.manager.close("nobody")
    session = world.manager.create(PLAN)
    await world.manager.close(session.plan.id)
    await world.manager.close(session.plan.id)
    with pytest.raises(ApiError) as caught:
        world.manager.get(session.plan.id)
    assert caught.value.status == 410


async def test_only_so_many_ended_sessions_are_remembered(world: World) -> None:
    first = world.manager.create(PLAN)
    await world.manager.close(first.plan.id)
    for _ in range(REMEMBER_ENDED):
        await world.manager.close(world.manager.create(PLAN).plan.id)
    with pytest.raises(ApiError) as caught:
        world.manager.get(first.plan.id)
    assert caught.value.status == 404


async def test_the_reaper_closes_who_never_offered_connected_or_spoke(world: World) -> None:
    idle = world.manager.create(PLAN)
    half = world.manager.create(PLAN)
    await half.answer(GOOD_OFFER)
    mute, media = await world.live()
    assert world.manager.reap() == []
    world.clock.advance(5)
    media.silent_s = 5.0
    assert world.manager.reap() == [mute]
    assert mute.ending is Ending.MICROPHONE_LOST
    world.clock.advance(10)
    assert set(world.manager.reap()) == {idle, half}
    assert (idle.ending, half.ending) == (Ending.NEVER_OFFERED, Ending.NEVER_CONNECTED)
    await asyncio.gather(*(each.aclose(Ending.CLIENT) for each in (idle, half, mute)))
    assert world.manager.sessions() == []


async def test_a_session_ends_at_its_longest_duration(world: World) -> None:
    session, media = await world.live()
    media.silent_s = 0.0
    world.clock.advance(99)
    assert world.manager.reap() == []
    assert world.manager.left_s(session) == pytest.approx(1)
    world.clock.advance(1)
    assert world.manager.reap() == [session]
    assert session.ending is Ending.LIMIT


async def test_stats_are_sent_by_live_sessions_and_a_fault_in_one_spares_the_rest(
    world: World,
) -> None:
    waiting = world.manager.create(PLAN)
    _, good = await world.live()
    ill, bad = await world.live()
    bad.fail_on = "publish"
    await world.manager.publish()
    await world.manager.publish()
    assert good.published == 2
    assert ill.ending is Ending.FAULT
    assert waiting.ending is None


async def test_queue_ages_are_the_worst_of_all_sessions(world: World) -> None:
    assert world.manager.queue_ages() == {}
    await world.live()
    world.manager.create(PLAN)
    assert world.manager.queue_ages() == {"mic": 0.25}
    assert world.metric('avatar_queue_age_seconds{queue="mic"} 0.25')


async def test_an_engine_fault_of_one_session_comes_from_any_thread(world: World) -> None:
    good, _ = await world.live()
    ill, _ = await world.live()
    thread = threading.Thread(
        target=world.manager.engine_fault, args=(ill.plan.id, ValueError("x"))
    )
    thread.start()
    async with asyncio.timeout(60):
        await ill.ended.wait()
    thread.join()
    assert ill.reason == "the server failed on this session (engine: ValueError)"
    assert good.ending is None
    assert world.fatal == []
    world.manager.engine_fault("nobody", ValueError("x"))


async def test_an_engine_that_died_ends_every_session_and_the_process(world: World) -> None:
    sessions = [(await world.live())[0] for _ in range(2)]
    world.manager.engine_fault(None, MemoryError("x"))
    async with asyncio.timeout(60):
        await asyncio.gather(*(session.ended.wait() for session in sessions))
    assert world.fatal == ["engine: MemoryError"]
    assert all(session.ending is Ending.FAULT for session in sessions)
    with pytest.raises(ApiError) as caught:
        world.manager.create(PLAN)
    assert (caught.value.status, caught.value.code) == (503, "stopping")


async def test_shutdown_closes_all_refuses_more_and_keeps_its_deadline(world: World) -> None:
    _, stuck = await world.live()
    easy, _ = await world.live()
    stuck.hang_on_close = asyncio.Event()
    async with asyncio.timeout(60):
        await world.manager.aclose(0.05)
    assert easy.state is State.CLOSED
    with pytest.raises(ApiError) as caught:
        world.manager.create(PLAN)
    assert caught.value.code == "stopping"


def test_a_fault_outside_the_life_of_the_loop_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World(SessionSettings(), RtcSettings())
    world.manager.engine_fault(None, ValueError("early"))
    assert "engine fault" in caplog.text
    assert world.fatal == []


async def test_places_are_counted_over_all_processes_on_the_engine() -> None:
    elsewhere: list[int] = [256]
    changes: list[int] = []
    shared = Shared("w2.", lambda: elsewhere, lambda: changes.append(1))
    world = World(SessionSettings(max_sessions=3), RtcSettings(), shared=shared)
    world.manager.start(world.backend.build)
    session = world.manager.create(PLAN)
    assert session.plan.id.startswith("w2.") and world.manager.active == 2 and len(changes) == 1
    elsewhere.append(256)
    with pytest.raises(ApiError) as caught:
        world.manager.create(PLAN)
    assert caught.value.message == "3 of 3 places are taken"
    await world.manager.close(session.plan.id)
    assert world.manager.active == 2 and len(changes) == 2
    await world.manager.aclose(1.0)


async def test_an_engine_that_is_away_ends_its_sessions_and_not_the_server() -> None:
    there = [True]
    world = World(SessionSettings(), RtcSettings(), shared=Shared(ready=lambda: there[0]))
    world.manager.start(world.backend.build)
    session, media = await world.live()
    there[0] = False
    world.manager.engine_fault(None, EngineAway("the engine has gone"))
    async with asyncio.timeout(20):
        await session.ended.wait()
    assert session.reason == "the server failed on this session (the engine has gone)"
    assert media.told[-1]["code"] == "fault" and not world.fatal
    with pytest.raises(ApiError) as caught:
        world.manager.create(PLAN)
    assert caught.value.headers == {"Retry-After": "5"} and "started" in caught.value.message
    there[0] = True
    world.manager.create(PLAN)
    await world.manager.aclose(1.0)


async def test_a_trusted_cap_lets_in_what_was_not_measured_to_fit() -> None:
    settings = SessionSettings(max_sessions=5, admission="cap")
    world = World(settings, RtcSettings(), Machine(1, 0.5))
    world.manager.start(world.backend.build)
    assert world.manager.cap == 5
    for _ in range(5):
        world.manager.create(PLAN)
    with pytest.raises(ApiError):
        world.manager.create(PLAN)
    await world.manager.aclose(1.0)
