from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from server.bench.link import Conditions
from server.bench.lossy import Front, Relay, lossy_app, server_address, turned, without_candidates

ANSWER = (
    "v=0\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "a=candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host\r\n"
    "a=candidate:2 1 udp 2130706430 fe80::1 5001 typ host\r\na=end-of-candidates\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host\r\n"
)


def test_no_address_but_the_relays_is_left() -> None:
    assert "candidate" not in without_candidates(ANSWER)
    assert server_address(ANSWER) == ("127.0.0.1", 5000)
    after = turned(ANSWER, 7777)
    assert after.count("a=candidate:") == 1 and "127.0.0.1 7777 typ host" in after
    assert after.index("7777") < after.index("m=video") and "fe80" not in after
    for bad in ("v=0\r\n", ANSWER.replace("127.0.0.1", "fe80::2")):
        with pytest.raises(ValueError, match="candidate"):
            server_address(bad)


class Box(asyncio.DatagramProtocol):
    """Keeps what comes; answers with `reply`."""

    def __init__(self, reply: bytes | None = None) -> None:
        self.reply = reply
        self.came: asyncio.Queue[bytes] = asyncio.Queue(16)  # mailbox
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.came.put_nowait(data)
        if self.reply is not None:
            self.transport.sendto(self.reply, address)


async def bound(box: Box) -> int:
    loop = asyncio.get_running_loop()
    made, _ = await loop.create_datagram_endpoint(lambda: box, local_addr=("127.0.0.1", 0))
    return int(made.get_extra_info("sockname")[1])


async def test_packets_go_through_both_ways_and_are_counted() -> None:
    server, client = Box(b"back"), Box()
    relay = Relay(Conditions(delay_ms=1), 0)
    port = await relay.open(("127.0.0.1", await bound(server)))
    await bound(client)
    client.transport.sendto(b"there", ("127.0.0.1", port))
    async with asyncio.timeout(20):
        assert await server.came.get() == b"there"
        assert await client.came.get() == b"back"
    assert (relay.up.seen, relay.down.seen) == (1, 1)
    relay.close()
    relay.close()
    server.transport.close()
    client.transport.close()


def product() -> tuple[FastAPI, list[tuple[str, str, str]]]:
    """A server that notes what it is asked, as a (method, path, body)."""
    seen: list[tuple[str, str, str]] = []
    api = FastAPI()

    @api.api_route("/{path:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def any_request(request: Request) -> Response:
        seen.append((request.method, request.url.path, (await request.body()).decode()))
        assert "origin" not in request.headers
        if request.url.path.endswith("/offer"):
            return Response(json.dumps({"type": "answer", "sdp": ANSWER}), 201)
        return Response("x", 404, {"X-Said": "no"})

    return api, seen


async def test_requests_are_passed_on_and_only_signalling_is_changed() -> None:
    api, seen = product()
    inside = httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://server")
    front = Front("http://server", Conditions(), inside)
    front_app = lossy_app(front)
    transport = httpx.ASGITransport(front_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://front") as http:
        plain = await http.get("/v1/thing?a=1", headers={"Origin": "http://front"})
        assert (plain.status_code, plain.text, plain.headers["x-said"]) == (404, "x", "no")
        body = {"type": "offer", "sdp": ANSWER}
        answer = await http.post("/v1/sessions/one/offer", json=body)
        assert (await http.patch("/v1/sessions/one", json={"candidates": []})).status_code == 204
        assert (await http.patch("/v1/sessions/one/stage", json={})).status_code == 404
    assert "candidate" not in json.loads(seen[1][2])["sdp"]
    assert answer.status_code == 201 and "5000" not in answer.json()["sdp"]
    assert [path for _, path, _ in seen] == [
        "/v1/thing",
        "/v1/sessions/one/offer",
        "/v1/sessions/one/stage",
    ]
    assert len(front.relays) == 1 and front.counts() == {"seen": 0, "dropped": 0}
    await front.aclose()
