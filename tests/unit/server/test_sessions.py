"""One session: its one offer, its media, its one end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from server.errors import ApiError
from server.rtc.offer_limits import BadOffer
from server.session_states import Ending, State
from server.sessions import MediaEvents, Session, SessionPlan
from server.stage_wishes import StageChange
from server.staging import Staging
from tests.support.fake_backend import FakeMedia
from tests.support.fake_clock import FakeClock
from tests.support.live_server import GOOD_OFFER

PLAN = SessionPlan("id-of-the-session", "ada", "mirror", 256, 1)


class Home:
    """Makes sessions and remembers what they made."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.made: list[FakeMedia] = []
        self.closed: list[Session] = []
        self.fail_on = ""
        self.hang_on_close: asyncio.Event | None = None
        self.hang_on_build: asyncio.Event | None = None

    async def build(self, plan: SessionPlan, events: MediaEvents) -> FakeMedia:
        if self.hang_on_build is not None:
            await self.hang_on_build.wait()
        if self.fail_on == "build":
            raise RuntimeError("no engine")
        media = FakeMedia(plan, events)
        media.fail_on = self.fail_on
        media.hang_on_close = self.hang_on_close
        self.made.append(media)
        return media

    def session(self, close_timeout_s: float = 5.0) -> Session:
        return Session(
            PLAN,
            self.build,
            close_timeout_s=close_timeout_s,
            on_closed=self.closed.append,
            clock=self.clock,
        )


def state_of(session: Session) -> str:
    return session.state.value


async def test_from_offer_to_hang_up() -> None:
    home = Home()
    session = home.session()
    assert state_of(session) == "created"
    assert "answer" in await session.answer(GOOD_OFFER)
    assert (state_of(session), session.ufrag) == ("connecting", "abcd")
    home.clock.advance(1)
    home.made[0].events.connected()
    assert state_of(session) == "live"
    home.clock.advance(2)
    waited = session.waited()
    assert (waited.in_state_s, waited.life_s) == (2, 3)
    await session.aclose(Ending.CLIENT)
    assert state_of(session) == "closed"
    assert (home.made[0].closed, home.closed) == (1, [session])
    assert session.reason == "the client hung up"


async def test_closing_again_or_at_once_closes_one_time_for_the_first_reason() -> None:
    home = Home()
    session = home.session()
    await session.answer(GOOD_OFFER)
    await asyncio.gather(
        session.aclose(Ending.LOST, "first"),
        session.aclose(Ending.CLIENT),
        session.aclose(Ending.FAULT),
    )
    await session.aclose(Ending.SHUTDOWN)
    assert session.reason == "the connection was lost (first)"
    assert home.made[0].closed == 1
    assert len(home.closed) == 1


async def test_a_session_without_an_offer_closes_too() -> None:
    home = Home()
    session = home.session()
    await session.aclose(Ending.NEVER_OFFERED)
    assert session.state is State.CLOSED
    with pytest.raises(ApiError) as caught:
        await session.answer(GOOD_OFFER)
    assert caught.value.status == 410


async def test_a_bad_offer_ends_the_session() -> None:
    home = Home()
    session = home.session()
    with pytest.raises(BadOffer):
        await session.answer("garbage")
    await session.aclose(Ending.CLIENT)
    assert session.ending is Ending.BAD_OFFER
    assert "v=0" in session.reason
    assert home.made[0].closed == 1


@pytest.mark.parametrize("fail_on", ["build", "answer"])
async def test_a_fault_in_building_ends_the_session_as_a_fault(fail_on: str) -> None:
    home = Home()
    home.fail_on = fail_on
    session = home.session()
    with pytest.raises(RuntimeError):
        await session.answer(GOOD_OFFER)
    await session.aclose(Ending.CLIENT)
    assert session.ending is Ending.FAULT
    assert [media.closed for media in home.made] == ([] if fail_on == "build" else [1])


async def test_an_avatar_that_cannot_be_loaded_gives_its_place_back() -> None:
    async def build(plan: SessionPlan, events: MediaEvents) -> FakeMedia:
        raise ApiError(500, "damaged_avatar", "this avatar cannot be loaded")

    closed: list[Session] = []
    session = Session(PLAN, build, close_timeout_s=5, on_closed=closed.append)
    with pytest.raises(ApiError, match="cannot be loaded"):
        await session.answer(GOOD_OFFER)
    await session.aclose(Ending.CLIENT)
    assert (session.ending, closed) == (Ending.FAULT, [session])


async def test_an_answer_cut_off_by_the_end_is_no_bad_offer() -> None:
    home = Home()

    async def build(plan: SessionPlan, events: MediaEvents) -> FakeMedia:
        media = await home.build(plan, events)

        async def answer(sdp: str) -> str:
            await session.aclose(Ending.SHUTDOWN)
            raise BadOffer("offer", "one for a session that is closing", "a new session")

        media.answer = answer  # type: ignore[method-assign]
        return media

    session = Session(PLAN, build, close_timeout_s=5, on_closed=home.closed.append)
    with pytest.raises(ApiError) as caught:
        await session.answer(GOOD_OFFER)
    assert (caught.value.status, session.ending) == (410, Ending.SHUTDOWN)


async def test_ended_while_its_media_are_built_they_are_closed() -> None:
    home = Home()
    home.hang_on_build = asyncio.Event()
    session = home.session()
    answer = asyncio.create_task(session.answer(GOOD_OFFER))
    await asyncio.sleep(0)
    await session.aclose(Ending.CLIENT)
    home.hang_on_build.set()
    with pytest.raises(ApiError):
        await answer
    assert home.made[0].closed == 1
    assert session.media is None


async def test_a_part_that_hangs_is_left_after_its_deadline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    home = Home()
    home.hang_on_close = asyncio.Event()
    session = home.session(close_timeout_s=0.01)
    await session.answer(GOOD_OFFER)
    await session.aclose(Ending.CLIENT)
    assert session.state is State.CLOSED
    assert "did not stop in time" in caplog.text


async def test_a_part_that_fails_to_stop_does_not_keep_the_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    home = Home()
    home.fail_on = "aclose"
    session = home.session()
    await session.answer(GOOD_OFFER)
    await session.aclose(Ending.CLIENT)
    assert session.state is State.CLOSED
    assert "failed to stop" in caplog.text
    assert "stuck socket" in caplog.text


async def test_waiting_for_media_ends_with_media_with_time_or_with_the_session() -> None:
    home = Home()
    session = home.session()
    with pytest.raises(TimeoutError):
        await session.wait_media(0.001)
    waiting = asyncio.create_task(session.wait_media(5))
    await asyncio.sleep(0)
    await session.answer(GOOD_OFFER)
    assert await waiting is home.made[0]

    other = home.session()
    waiting = asyncio.create_task(other.wait_media(5))
    await asyncio.sleep(0)
    await other.aclose(Ending.CLIENT)
    with pytest.raises(ApiError):
        await waiting


async def test_the_page_is_told_why_and_each_line_names_the_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    home = Home()
    session = home.session()
    with caplog.at_level(logging.INFO):
        await session.answer(GOOD_OFFER)
        home.made[0].events.ended(Ending.LOST, "")
        await session.aclose(Ending.CLIENT)
    closed = {"type": "closed", "code": "lost", "reason": "the connection was lost"}
    assert home.made[0].told == [closed]
    assert "session is closed" in caplog.text
    assert PLAN.id not in caplog.text


async def test_connected_after_the_end_changes_nothing() -> None:
    home = Home()
    session = home.session()
    await session.answer(GOOD_OFFER)
    await session.aclose(Ending.CLIENT)
    home.made[0].events.connected()
    assert session.state is State.CLOSED


def green(staging: Staging) -> None:
    wish = {"background": {"kind": "colour", "colour": "#00b140"}}
    staging.change(StageChange.model_validate(wish))


async def test_a_stage_wished_for_before_the_offer_is_what_is_built() -> None:
    home = Home()
    session = home.session()
    stage = await session.restage(green)
    await session.answer(GOOD_OFFER)
    assert home.made[0].plan.stage == stage == session.staging.stage
    assert home.made[0].shown == []
    await session.aclose(Ending.CLIENT)


async def test_a_stage_is_changed_live_by_call_and_by_message() -> None:
    home = Home()
    session = home.session()
    await session.answer(GOOD_OFFER)
    stage = await session.restage(green)
    assert home.made[0].shown == [stage]
    home.made[0].events.heard({"type": "stage", "mirrored": True})
    home.made[0].events.heard({"type": "sing"})
    home.made[0].events.heard({"type": ["sing"]})
    assert [told["code"] for told in home.made[0].told[-2:]] == ["unknown_message"] * 2
    settled = await session.staging.settled()
    assert settled.mirrored and home.made[0].shown[-1] == settled
    await session.aclose(Ending.CLIENT)
    with pytest.raises(ApiError) as caught:
        await session.restage(green)
    assert caught.value.status == 410


async def test_a_session_that_ends_answers_a_change_that_waits() -> None:
    home = Home()
    session = home.session()
    await session.answer(GOOD_OFFER)
    home.made[0].hang_on_show = asyncio.Event()
    changing = asyncio.create_task(session.restage(green))
    await home.made[0].show_begun.wait()
    await session.aclose(Ending.LOST)
    with pytest.raises(ApiError) as caught:
        await changing
    assert caught.value.status == 410


async def test_a_door_builds_the_media_once_and_a_page_comes_too_late() -> None:
    home = Home()
    session = home.session()
    first = await session.enter()
    assert await session.enter() is first
    assert (state_of(session), len(home.made)) == ("connecting", 1)
    with pytest.raises(ApiError) as late:
        await session.answer(GOOD_OFFER)
    assert late.value.code == "already_offered"
    home.made[0].events.connected()
    assert state_of(session) == "live"
    await session.aclose(Ending.CLIENT)
    with pytest.raises(ApiError) as ended:
        await session.enter()
    assert ended.value.status == 410


async def test_a_door_that_finds_no_engine_ends_the_session() -> None:
    home = Home()
    home.fail_on = "build"
    session = home.session()
    with pytest.raises(RuntimeError):
        await session.enter()
    assert session.ending is Ending.FAULT
    await session.aclose(Ending.CLIENT)
