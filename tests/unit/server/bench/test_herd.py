"""Peers as processes: what they say is read, what they do not say is an error, none is left."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from dataclasses import asdict

import psutil
import pytest

from server.bench.caller import Figures
from server.bench.herd import Herd, Member, herd
from server.bench.needs import BenchError

FOUND = Figures(1.0, True, 25, 25, [40.0] * 24, [0.0], 50, 0, 20.0, "full", 3.0)
PROGRAM = """
import json, sys
print(json.dumps({"state": "live"}), flush=True)
for line in sys.stdin:
    word = line.strip()
    if word == "die":
        break
    other = '{"jaw": 0.1}' if word == "watch" else '{"marked": true}'
    print(sys.argv[1] if word == "report" else other, flush=True)
"""


async def member(program: str = PROGRAM, answer: str = json.dumps(asdict(FOUND))) -> Member:
    words = (sys.executable, "-c", program, answer)
    made = Member(await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE))
    return made


async def test_a_member_is_asked_and_ends_with_its_input() -> None:
    one = await member()
    await one.begin()
    assert one.live and not one.refused
    await one.mark()
    assert await one.report() == FOUND
    await one.aclose()
    await one.aclose()
    assert not psutil.pid_exists(one.pid)
    with pytest.raises(BenchError, match="ended"):
        await one.ask("mark")


async def test_an_error_or_no_word_is_said() -> None:
    one = await member(answer='{"error": "404"}')
    await one.begin()
    with pytest.raises(BenchError, match="404"):
        await one.report()
    await one.aclose()
    mute = await member("pass")
    with pytest.raises(BenchError, match="without a word"):
        await mute.begin()
    await mute.aclose()


async def test_all_are_measured_at_once_and_none_is_left() -> None:
    async with herd("http://127.0.0.1:9", {"size": 256}) as peers:
        for _ in range(2):
            peers.members.append(await member())
            await peers.members[-1].begin()
        refused = Member(peers.members[0]._process)
        refused.first = {"state": "refused", "status": 503}
        assert refused.refused and not refused.live
        assert await peers.measure(0) == [FOUND, FOUND]
        assert await peers.watch() == [0.1, 0.1]
        peers.members[1].kill()
    assert not any(psutil.pid_exists(each.pid) for each in peers.members)


async def test_a_peer_without_a_server_says_that_it_failed() -> None:
    async with herd("http://127.0.0.1:9", {}) as peers:
        one = await Herd.add(peers, silent=True)
        assert one.first["state"] == "failed" and peers.live == []
