"""Counting, refusing and closing the doors of one session; peers are real but never connect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from server.codec_pool import CodecPool
from server.doors.fan import Fan
from server.doors.hall import Hall, House
from server.errors import ApiError
from server.ingest import MicReader
from server.playout import Sound, Still
from server.rtc.offer_limits import BadOffer
from server.settings import RtcSettings
from server.timeline import MicTimeline
from tests.support.live_server import GOOD_OFFER

SPEAKS = GOOD_OFFER.replace("a=sendrecv", "a=sendonly")
WATCHES = GOOD_OFFER.replace("a=sendrecv", "a=recvonly")
LOOPBACK = RtcSettings(bind_addresses=("127.0.0.1",))


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def house() -> House:
    sounds: Fan[Sound] = Fan()
    pictures: Fan[Still] = Fan()
    connected: list[str] = []
    return House(
        rtc=LOOPBACK,
        size=256,
        pool=CodecPool(1),
        viewers=2,
        sounds=sounds,
        pictures=pictures,
        mic=MicReader(MicTimeline()),
        page_speaks=lambda: False,
        on_connected=lambda: connected.append("there"),
    )


@pytest.fixture
async def hall(house: House) -> AsyncIterator[Hall]:
    made = Hall(house, Clock())
    yield made
    await made.aclose()


async def refusal(hall: Hall, kind: str, sdp: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await hall.open(kind, sdp)  # type: ignore[arg-type]
    return caught.value


async def test_a_viewer_answers_sendonly_and_a_speaker_recvonly(hall: Hall) -> None:
    _, watching = await hall.open("whep", WATCHES)
    assert "a=sendonly" in watching
    _, speaking = await hall.open("whip", SPEAKS)
    assert "a=recvonly" in speaking
    assert hall.stats() == {"viewers": 1, "whip": True, "viewer_frames_dropped": 0}


async def test_more_viewers_than_the_setting_are_told_when_to_come_again(hall: Hall) -> None:
    first, _ = await hall.open("whep", WATCHES)
    await hall.open("whep", WATCHES)
    full = await refusal(hall, "whep", WATCHES)
    assert (full.status, full.headers["Retry-After"]) == (503, "10")
    await hall.close(first)
    await hall.open("whep", WATCHES)


async def test_one_microphone_at_a_time(hall: Hall, house: House) -> None:
    first, _ = await hall.open("whip", SPEAKS)
    assert (await refusal(hall, "whip", SPEAKS)).code == "microphone_taken"
    await hall.close(first)
    await hall.open("whip", SPEAKS)
    page = Hall(replace(house, page_speaks=lambda: True))
    assert (await refusal(page, "whip", SPEAKS)).code == "microphone_taken"
    pushed = Hall(replace(house, mic=None))
    assert (await refusal(pushed, "whip", SPEAKS)).code == "wrong_voice"


@pytest.mark.parametrize("sdp", ["", "v=0\r\n", WATCHES.replace("a=mid:0\r\n", "")])
async def test_of_a_bad_offer_nothing_is_left(hall: Hall, sdp: str) -> None:
    with pytest.raises(BadOffer):
        await hall.open("whep", sdp)
    assert hall.viewers == 0


async def test_a_door_that_never_connects_ends_with_its_deadline(house: House) -> None:
    hall = Hall(replace(house, rtc=replace(LOOPBACK, connect_timeout_s=1)))
    door, _ = await hall.open("whep", WATCHES)
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    door.on_end = ended.set_result
    assert door.deadline is not None
    # As when its time has come.
    door.deadline._run()
    assert await ended == "could not connect"
    await hall.aclose()
    assert hall.viewers == 0


async def test_emptiness_counts_from_the_last_one_who_left(house: House) -> None:
    clock = Clock()
    hall = Hall(house, clock)
    seen = [hall.empty_s]
    door, _ = await hall.open("whep", WATCHES)
    seen.append(hall.empty_s)
    await hall.close(door)
    clock.now_s += 7
    seen.append(hall.empty_s)
    # A page has called: its own peer says when the session ends.
    hall.paged = True
    assert [*seen, hall.empty_s] == [None, None, 7, None]


async def test_connected_viewers_are_on_the_fans_and_gone_when_closed(
    hall: Hall, house: House
) -> None:
    door, _ = await hall.open("whep", WATCHES)
    assert len(house.sounds) == 0
    hall._connected(door)
    assert (len(house.sounds), len(house.pictures)) == (1, 1)
    await hall.close(door)
    await hall.close(door)
    assert (len(house.sounds), len(house.pictures)) == (0, 0)
    # A connection that comes too late changes nothing.
    hall._connected(door)
    assert len(house.sounds) == 0


async def test_a_connected_microphone_is_expected_to_speak(hall: Hall) -> None:
    door, _ = await hall.open("whip", SPEAKS)
    since = [hall.microphone_since_s]
    hall._connected(door)
    since.append(hall.microphone_since_s)
    await hall.close(door)
    assert [*since, hall.microphone_since_s] == [None, 100.0, None]


async def test_a_closed_hall_opens_nothing(hall: Hall) -> None:
    await hall.open("whep", WATCHES)
    await hall.aclose()
    assert hall.viewers == 0
    assert (await refusal(hall, "whep", WATCHES)).status == 410
