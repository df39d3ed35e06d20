"""A bad network without any rights: an HTTP front for a server whose media goes through a relay.

A process of its own (`python -m server.bench.lossy --target URL --delay-ms 50 ...`), one loop.
Never changes what a packet holds.

Requests are passed on, but for three: candidates are taken out of an offer, later ones are
swallowed, and those of an answer are turned to the relay. So both sides know only the relay.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

from server.bench.link import Conditions, Link
from server.settings_load import env_name

LOCAL = "127.0.0.1"
_CANDIDATE = re.compile(r"^a=candidate:(\S+ 1 udp \d+) (\S+) (\d+) typ host.*$", re.I | re.M)
_ANY_CANDIDATE = re.compile(r"^a=(?:candidate:.*|end-of-candidates)\r?\n", re.M)
HOP_HEADERS = frozenset({"host", "origin", "content-length", "connection", "accept-encoding"})
NOT_RETURNED = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})
RELAYS = 64
"""Sessions a run may have; each holds two sockets until the process ends."""


class Side(asyncio.DatagramProtocol):
    """One socket of a relay: what it gets goes out at the other, when the link lets it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.other: Side | None = None
        self.peer: tuple[str, int] | None = None
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        """Its socket is there."""
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        """From the side's own peer, whose address is learned from it."""
        self.peer = address
        loop = asyncio.get_running_loop()
        at_s = self._link.leaves(loop.time(), len(data))
        if at_s is not None and self.other is not None:
            loop.call_at(at_s, self.other.send, data)

    def send(self, data: bytes) -> None:
        """To the side's peer, once it is known."""
        if self.peer is not None and self.transport is not None:
            self.transport.sendto(data, self.peer)


class Relay:
    """Between one client and one server port."""

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self.up, self.down = Link(conditions, 2 * seed), Link(conditions, 2 * seed + 1)
        self._client, self._server = Side(self.up), Side(self.down)
        self._client.other, self._server.other = self._server, self._client

    async def open(self, server: tuple[str, int]) -> int:
        """The port that the client is to use."""
        loop = asyncio.get_running_loop()
        self._server.peer = server
        await loop.create_datagram_endpoint(lambda: self._server, local_addr=(LOCAL, 0))
        made, _ = await loop.create_datagram_endpoint(lambda: self._client, local_addr=(LOCAL, 0))
        return int(made.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Idempotent."""
        for side in (self._client, self._server):
            if side.transport is not None:
                side.transport.close()


def without_candidates(sdp: str) -> str:
    """An offer that names no address: the server learns the relay's from its packets."""
    return _ANY_CANDIDATE.sub("", sdp)


def server_address(sdp: str) -> tuple[str, int]:
    """The first host candidate (UDP, IPv4) of an answer. Raises ValueError without one."""
    for found in _CANDIDATE.finditer(sdp):
        if ":" not in found[2]:
            return found[2], int(found[3])
    raise ValueError("the answer names no UDP host candidate")


def turned(sdp: str, port: int) -> str:
    """An answer whose only candidate is the relay."""
    kept = _CANDIDATE.search(sdp)
    if kept is None:
        raise ValueError("the answer names no UDP host candidate")
    line = f"a=candidate:{kept[1]} {LOCAL} {port} typ host\r\na=end-of-candidates\r\n"
    bare = _ANY_CANDIDATE.sub("", sdp)
    # Into the first media section: the others are bundled with it.
    first = bare.index("m=")
    end = bare.find("m=", first + 2)
    end = len(bare) if end < 0 else end
    return bare[:end] + line + bare[end:]


class Front:
    """Passes requests on."""

    def __init__(
        self, target: str, conditions: Conditions, http: httpx.AsyncClient | None = None
    ) -> None:
        self._conditions = conditions
        self._http = http or httpx.AsyncClient(base_url=target, timeout=30)
        self.relays: list[Relay] = []

    async def aclose(self) -> None:
        """Close every socket."""
        for relay in self.relays:
            relay.close()
        await self._http.aclose()

    async def answer(self, request: Request) -> Response:
        """What the server answers, its media turned to a relay."""
        path, body = request.url.path, await request.body()
        offers = request.method == "POST" and path.endswith("/offer")
        if request.method == "PATCH" and re.fullmatch(r"/v1/sessions/[^/]+(/offer)?", path):
            return Response(status_code=204)
        if offers:
            asked = json.loads(body)
            body = json.dumps({**asked, "sdp": without_candidates(asked["sdp"])}).encode()
        headers = {k: v for k, v in request.headers.items() if k not in HOP_HEADERS}
        url = f"{path}?{request.url.query}" if request.url.query else path
        reply = await self._http.request(request.method, url, content=body, headers=headers)
        content = reply.content
        if offers and reply.is_success:
            content = await self._turn(reply.json())
        kept = {k: v for k, v in reply.headers.items() if k not in NOT_RETURNED}
        return Response(content, reply.status_code, kept)

    async def _turn(self, answer: dict[str, Any]) -> bytes:
        if len(self.relays) >= RELAYS:
            self.relays.pop(0).close()
        relay = Relay(self._conditions, len(self.relays))
        self.relays.append(relay)
        port = await relay.open(server_address(answer["sdp"]))
        return json.dumps({**answer, "sdp": turned(answer["sdp"], port)}).encode()

    def counts(self) -> dict[str, int]:
        """Packets of all relays."""
        links = [link for relay in self.relays for link in (relay.up, relay.down)]
        return {
            "seen": sum(link.seen for link in links),
            "dropped": sum(link.dropped for link in links),
        }


def lossy_app(front: Front) -> FastAPI:
    """The front as an application, which closes it at its end; /__link__ tells of the links."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await front.aclose()

    api = FastAPI(lifespan=lifespan)

    @api.get("/__link__")
    async def link() -> dict[str, int]:
        return front.counts()

    @api.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def passed(request: Request) -> Response:
        return await front.answer(request)

    return api


def main() -> None:
    """Serve on the port in SYNCHRORAMA_SERVER_PORT until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True)
    for name in ("delay-ms", "jitter-ms", "loss", "kbit"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    args = parser.parse_args()
    given = Conditions(args.delay_ms, args.jitter_ms, args.loss, args.kbit)
    port = int(os.environ[env_name("server.port")])
    uvicorn.run(lossy_app(Front(args.target, given)), host=LOCAL, port=port, log_level="warning")


if __name__ == "__main__":
    main()
