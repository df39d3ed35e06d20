"""However a call ends, or never begins, nothing is left of it."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time

import psutil
import pytest

from server.codec_pool import CodecPool
from server.rtc.install import install
from server.rtc.offer_limits import MAX_CANDIDATES, BadOffer
from server.settings import RtcSettings
from tests.integration.loopback import Client, Server, connect

HOST = "candidate:1 1 udp 2122260223 127.0.0.1 5000 typ host"


class Leftovers:
    """Tasks, threads and sockets beyond those there when it was made."""

    def __init__(self) -> None:
        self._tasks = asyncio.all_tasks()
        self._threads = set(threading.enumerate())
        self._sockets = self.sockets()

    def sockets(self) -> int:
        return len(psutil.Process(os.getpid()).net_connections("udp"))

    async def check(self) -> None:
        """Fail unless all are gone; what is ending already may still do so.

        aioice looks at its list of checks each 20 ms, and only then sees that it was closed.
        """
        tasks = asyncio.all_tasks() - self._tasks
        if tasks:
            await asyncio.wait(tasks, timeout=1)
        for _ in range(50):
            if not self.now():
                return
            await asyncio.sleep(0)
        pytest.fail(f"left behind: {self.now()}")

    def now(self) -> list[object]:
        tasks = [task for task in asyncio.all_tasks() - self._tasks if not task.done()]
        threads = [
            thread
            for thread in set(threading.enumerate()) - self._threads
            if not thread.name.startswith("codec")
        ]
        sockets = self.sockets() - self._sockets
        return [*tasks, *threads, *([f"{sockets} sockets"] if sockets > 0 else [])]


async def test_twenty_calls_leave_nothing(pool: CodecPool) -> None:
    left = Leftovers()
    for number in range(20):
        call = await connect(pool)
        await call.client.video.at_least(1)
        if number % 2:
            await call.client.aclose()
            async with asyncio.timeout(60):
                assert await call.server.closed == "hung up"
        await call.aclose()
    await left.check()


async def test_a_client_that_vanished_is_noticed_in_seconds(pool: CodecPool) -> None:
    left = Leftovers()
    call = await connect(pool)
    await call.run(5)
    call.client.vanish()
    begin = time.monotonic()
    async with asyncio.timeout(60):
        reason = await call.server.closed
    assert reason in ("connection lost", "hung up")
    # Some 4 s; aiortc left alone takes 30.
    assert time.monotonic() - begin < 20
    await call.aclose()
    await left.check()


async def test_closing_in_the_middle_of_everything_is_clean(pool: CodecPool) -> None:
    left = Leftovers()
    server, client = Server(pool), Client()
    answering = asyncio.create_task(server.peer.answer(await client.offer()))
    await asyncio.sleep(0)
    await server.aclose()
    await server.aclose()
    await asyncio.gather(answering, return_exceptions=True)
    await client.aclose()
    await left.check()


async def test_a_peer_that_never_connects_is_closed_whole(pool: CodecPool) -> None:
    left = Leftovers()
    server, client = Server(pool), Client()
    await server.peer.answer(await client.offer())
    await client.aclose()
    await server.aclose()
    assert server.peer.state == "closed"
    await left.check()


async def refused(pool: CodecPool, offer: str) -> str:
    server = Server(pool)
    begin = time.thread_time()
    with pytest.raises(BadOffer) as error:
        await server.peer.answer(offer)
    assert time.thread_time() - begin < 2
    await server.aclose()
    return str(error.value)


async def test_garbage_is_refused_and_leaves_nothing(pool: CodecPool) -> None:
    client = Client()
    good = await client.offer()
    await client.aclose()
    left = Leftovers()
    assert "v=0" in await refused(pool, "garbage")
    assert "candidates" in await refused(pool, good + f"a={HOST}\r\n" * 500)
    # Past our checks, on aiortc's own:
    for bad in (
        good.replace("opus/48000/2", "nonesuch/1/1")
        .replace("PCMU/8000", "x/1")
        .replace("PCMA/8000", "y/1")
        .replace("G722/8000", "z/1"),
        good.replace("a=rtpmap:96 opus/48000/2", "a=rtpmap:96 opus"),
        good.replace("a=mid:1", "a=mid:0"),
        good.replace("a=setup:actpass", "a=setup:passive", 1).replace("c=IN IP4", "c=IN IP9"),
        good.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 7 8"),
    ):
        assert bad != good
        server = Server(pool)
        try:
            await server.peer.answer(bad)
        except BadOffer as error:
            assert str(error)
        await server.aclose()
    await left.check()


async def test_a_second_offer_is_refused_and_harms_nothing(pool: CodecPool) -> None:
    call = await connect(pool)
    try:
        with pytest.raises(BadOffer, match="one offer for each session"):
            await call.server.peer.answer(call.client.pc.localDescription.sdp)
        await call.run(5)
    finally:
        await call.aclose()


async def test_candidates_are_checked_and_counted(pool: CodecPool) -> None:
    server, client = Server(pool), Client()
    try:
        with pytest.raises(BadOffer, match="the offer first"):
            await server.peer.add_candidate(HOST, "0", 0)
        offer = await client.offer()
        bare = [line for line in offer.split("\r\n") if "candidate" not in line]
        await server.peer.answer("\r\n".join(bare))
        await server.peer.add_candidate("", "0", 0)
        await server.peer.add_candidate(HOST.replace("127.0.0.1", "a-b.local"), "0", 0)
        for bad in ("x", HOST + "\n", HOST.replace("udp", "sctp")):
            with pytest.raises(BadOffer):
                await server.peer.add_candidate(bad, "0", 0)
        with pytest.raises(BadOffer, match="no m-line"):
            await server.peer.add_candidate(HOST, None, None)
        with pytest.raises(BadOffer, match=f"at most {MAX_CANDIDATES}"):
            for port in range(6000, 6000 + MAX_CANDIDATES + 1):
                await server.peer.add_candidate(HOST.replace("5000", str(port)), "0", 0)
    finally:
        await client.aclose()
        await server.aclose()


async def test_more_media_than_ours_is_declined(pool: CodecPool) -> None:
    left = Leftovers()
    client = Client()
    client.pc.addTransceiver("audio", direction="sendrecv")
    server = Server(pool)
    answer = await server.peer.answer(await client.offer())
    kinds = [section.split("\r\n") for section in answer.split("m=")[1:]]
    directions = [
        next(line for line in lines if line[2:] in ("sendrecv", "sendonly", "inactive", "recvonly"))
        for lines in kinds
        if not lines[0].startswith("application")
    ]
    assert directions == ["a=sendrecv", "a=sendonly", "a=inactive"]
    await client.aclose()
    await server.aclose()
    await left.check()


async def test_the_port_range_and_the_advertised_address_hold(pool: CodecPool) -> None:
    settings = RtcSettings(
        bind_addresses=("127.0.0.1",), udp_ports=(47100, 47160), advertise_address="203.0.113.5"
    )
    install(settings)
    server, client = Server(pool, settings=settings), Client()
    try:
        answer = await server.peer.answer(await client.offer())
        lines = [line.split() for line in answer.split("\r\n") if line.startswith("a=candidate")]
        assert {line[4] for line in lines} == {"203.0.113.5"}
        assert all(47100 <= int(line[5]) <= 47160 for line in lines)
    finally:
        await client.aclose()
        await server.aclose()


async def test_strangers_datagrams_do_not_end_a_call(pool: CodecPool) -> None:
    call = await connect(pool)
    try:
        pair = call.client.pc.getSenders()[0].transport.transport._connection._nominated[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for data in (b"", b"\0", b"\x16" + bytes(60), b"\x80" * 100, bytes(20)):
                stranger.sendto(data, pair.remote_addr)
        await call.run(25)
        assert call.server.peer.state == "connected"
    finally:
        await call.aclose()


async def test_a_fault_in_the_microphone_path_ends_the_call_with_a_reason(
    pool: CodecPool, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(pool)

    def fail(frame: object) -> None:
        raise RuntimeError("broken")

    server.peer._on_mic = fail
    call = await connect(pool, server=server)
    try:
        async with asyncio.timeout(60):
            assert "fault: RuntimeError" in await server.closed
        assert "microphone reader stopped" in caplog.text
    finally:
        await call.aclose()
