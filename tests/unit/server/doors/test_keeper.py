"""Keys and channels; whole requests are in tests/unit/server/routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.app import create_app
from server.doors.keeper import DoorKeeper
from server.errors import ApiError
from server.routes.sessions import make_session
from server.schemas import SessionRequest
from server.services import Services
from server.session_states import Ending
from server.sessions import Session
from server.settings import SessionSettings, Settings
from tests.support.fake_backend import FakeBackend
from tests.support.live_server import GOOD_OFFER

SPEAKS = GOOD_OFFER.replace("a=sendrecv", "a=sendonly")
WATCHES = GOOD_OFFER.replace("a=sendrecv", "a=recvonly")


@pytest.fixture
async def served() -> AsyncIterator[Services]:
    settings = Settings(session=SessionSettings(max_sessions=4))
    app = create_app(settings, FakeBackend(), page=False)
    async with app.router.lifespan_context(app):
        yield app.state.services


async def made(served: Services) -> Session:
    return await make_session(served, SessionRequest.model_validate({}))


@pytest.mark.parametrize("name", ["", "a b", "a/b", "w0.x", "x" * 65, "ä", ".."])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ApiError) as caught:
        DoorKeeper().check_free(name)
    assert caught.value.status == 422


async def test_a_channel_is_taken_while_its_session_lives(served: Services) -> None:
    doors, session = served.doors, await made(served)
    doors.check_free("studio")
    doors.name(session, "studio")
    assert doors.on("studio") is session
    with pytest.raises(ApiError) as taken:
        doors.check_free("studio")
    assert taken.value.status == 409
    await session.aclose(Ending.CLIENT)
    doors.check_free("studio")
    with pytest.raises(ApiError) as nothing:
        doors.on("studio")
    assert (nothing.value.status, nothing.value.headers["Retry-After"]) == (404, "5")


async def test_what_ended_is_swept_from_the_channels(served: Services) -> None:
    for _ in range(20):
        session = await made(served)
        served.doors.channel_of(session)
        await session.aclose(Ending.CLIENT)
    assert len(served.doors._channels) <= 1


async def test_a_watch_name_is_not_the_session_and_stays(served: Services) -> None:
    session = await made(served)
    name = served.doors.channel_of(session)
    assert name == served.doors.channel_of(session)
    assert session.plan.id not in name and "." in name
    assert served.doors.on(name) is session


async def test_an_owner_takes_its_session_along_and_a_guest_does_not(served: Services) -> None:
    mine, other = await made(served), await made(served)
    owner, _ = await served.doors.enter(mine, "whip", SPEAKS, owner=True)
    guest, _ = await served.doors.enter(other, "whip", SPEAKS)
    await served.doors.leave(owner.key)
    await served.doors.leave(guest.key)
    assert mine.ending is Ending.CLIENT
    assert other.ending is None
    with pytest.raises(ApiError) as gone:
        await served.doors.leave(guest.key)
    assert gone.value.status == 404
    assert len(served.doors) == 0


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("hung up", Ending.CLIENT),
        ("connection lost", Ending.LOST),
        ("could not connect", Ending.NEVER_CONNECTED),
    ],
)
async def test_an_owner_that_ends_by_itself_tells_how(
    served: Services, reason: str, ending: Ending
) -> None:
    session = await made(served)
    entry, _ = await served.doors.enter(session, "whip", SPEAKS, owner=True)
    entry.hall._end(entry.door, reason)
    assert session.ending is ending
    assert len(served.doors) == 0


async def test_a_refused_owner_leaves_no_session(served: Services) -> None:
    session = await made(served)
    with pytest.raises(ApiError):
        await served.doors.enter(session, "whip", WATCHES, owner=True)
    assert session.ending is Ending.BAD_OFFER


async def test_a_refused_guest_leaves_the_session_alone(served: Services) -> None:
    session = await made(served)
    with pytest.raises(ApiError):
        await served.doors.enter(session, "whep", SPEAKS)
    assert session.ending is None


async def test_doors_of_ended_sessions_are_unknown(served: Services) -> None:
    session = await made(served)
    entry, _ = await served.doors.enter(session, "whep", WATCHES)
    assert served.doors.get(entry.key, "whep") is entry
    with pytest.raises(ApiError):
        served.doors.get(entry.key, "whip")
    await session.aclose(Ending.CLIENT)
    with pytest.raises(ApiError):
        served.doors.get(entry.key)
    assert len(served.doors) == 0


def test_keys_name_their_process() -> None:
    keeper: Any = DoorKeeper("w3.")
    assert keeper._prefix == "w3."
