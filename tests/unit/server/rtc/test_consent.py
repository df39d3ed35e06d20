"""A peer that vanished is noticed after three unanswered checks of a second, not six of five."""

from __future__ import annotations

import asyncio
from typing import Any

import aioice.ice
import pytest
from aioice.candidate import Candidate

from server.rtc.consent import patches


class Silent:
    """A protocol whose requests are never answered."""

    def __init__(self) -> None:
        self.asked = 0
        self.local_candidate = candidate()

    async def request(self, *args: object, **options: object) -> None:
        self.asked += 1
        raise aioice.stun.TransactionTimeout

    async def close(self) -> None:
        pass


def candidate() -> Candidate:
    return Candidate.from_sdp("1 1 udp 1 127.0.0.1 9 typ host")


async def vanish(monkeypatch: pytest.MonkeyPatch) -> tuple[int, float]:
    """Checks made and virtual seconds waited until the connection gives the peer up."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    connection = aioice.ice.Connection(ice_controlling=False)
    connection.remote_username, connection.remote_password = "user", "p" * 22
    silent: Any = Silent()
    pair = aioice.ice.CandidatePair(silent, candidate())
    connection._nominated[1] = pair
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        await connection.query_consent()
    return silent.asked, sum(waited)


async def test_it_is_noticed_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    undo = [patch.apply() for patch in patches(1.0, 3)]
    asked, waited_s = await vanish(monkeypatch)
    for patch in undo:
        patch.apply()
    assert asked == 3
    assert waited_s < 4


async def test_without_it_half_a_minute_goes_by(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, waited_s = await vanish(monkeypatch)
    assert asked == 6
    assert waited_s > 20
