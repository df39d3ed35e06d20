"""Two ends of a LiveKit room without a server: data streams, RPC and published tracks.

Only what crosses the network is made up; sources, tracks, the runner and the streams' readers in
the framework are real.
Never delivers anything to anybody but the one it is for.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from livekit import rtc
from livekit.rtc.event_emitter import EventEmitter


class Reader:
    """An incoming byte stream."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.info = SimpleNamespace(attributes=attributes, stream_id="stream")
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue()

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.chunks.get()
        if chunk is None:
            raise StopAsyncIteration
        return chunk


class Writer:
    """An outgoing byte stream; `lose_trailer` is a network that loses its end."""

    def __init__(self, reader: Reader, lose_trailer: bool) -> None:
        self._reader = reader
        self._lose_trailer = lose_trailer

    async def write(self, data: bytes) -> None:
        self._reader.chunks.put_nowait(data)

    async def aclose(self) -> None:
        if not self._lose_trailer:
            self._reader.chunks.put_nowait(None)


class Publication:
    """A published track, subscribed at once."""

    def __init__(self, kind: int) -> None:
        self.kind = kind
        self.sid = f"TR_{kind}"

    async def wait_for_subscription(self) -> None:
        return None


class Participant:
    """Seen from its own room and from the other."""

    def __init__(self, room: FakeRoom, identity: str, attributes: dict[str, str]) -> None:
        self._room = room
        self.identity = identity
        self.attributes = attributes
        self.kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        self.state = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
        self.track_publications: dict[str, Publication] = {}
        self._rpc_handlers: dict[str, Callable[[rtc.RpcInvocationData], Any]] = {}

    def register_rpc_method(self, name: str, handler: Callable[..., Any]) -> None:
        self._rpc_handlers[name] = handler

    async def perform_rpc(self, *, destination_identity: str, method: str, payload: str) -> str:
        other = self._room.other(destination_identity)
        handler = other.local_participant._rpc_handlers.get(method)
        if handler is None:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD, "no such method")
        self._room.rpcs.append((method, payload))
        answer = handler(rtc.RpcInvocationData("1", self.identity, payload, 10.0))
        return str(await answer if inspect.isawaitable(answer) else answer)

    async def stream_bytes(
        self,
        name: str,
        *,
        topic: str,
        destination_identities: list[str],
        attributes: dict[str, str],
    ) -> Writer:
        reader = Reader(attributes)
        self._room.other(destination_identities[0]).handlers[topic](reader, self.identity)
        return Writer(reader, self._room.lose_trailers)

    async def publish_track(self, track: Any, options: Any) -> Publication:
        publication = Publication(track.kind)
        self.track_publications[publication.sid] = publication
        for other in self._room.others():
            other.emit("track_published", publication, self)
        return publication


class FakeRoom(EventEmitter[Any]):
    """One end; all made with one `network` are in one room."""

    def __init__(
        self, network: list[FakeRoom], identity: str, attributes: dict[str, str] | None = None
    ) -> None:
        super().__init__()
        self._network = network
        self.name = "room"
        self.connected = False
        self.lose_trailers = False
        self.rpcs: list[tuple[str, str]] = []
        self.handlers: dict[str, Callable[[Reader, str], None]] = {}
        self.local_participant = Participant(self, identity, attributes or {})
        self.joined_with: tuple[str, str] | None = None

    def others(self) -> list[FakeRoom]:
        return [room for room in self._network if room is not self]

    def other(self, identity: str) -> FakeRoom:
        for room in self.others():
            if room.local_participant.identity == identity:
                return room
        raise rtc.RpcError(rtc.RpcError.ErrorCode.RECIPIENT_NOT_FOUND, "nobody of that name")

    @property
    def remote_participants(self) -> dict[str, Participant]:
        return {room.local_participant.identity: room.local_participant for room in self.others()}

    def isconnected(self) -> bool:
        return self.connected

    async def connect(self, url: str, token: str) -> None:
        self.joined_with = (url, token)
        self.connected = True
        self._network.append(self)
        self.emit("connection_state_changed", rtc.ConnectionState.CONN_CONNECTED)
        for other in self.others():
            other.emit("participant_connected", self.local_participant)
            other.emit("participant_active", self.local_participant)

    async def disconnect(self) -> None:
        if self.connected:
            self.connected = False
            self._network.remove(self)
            self.emit("disconnected", "asked to")

    def register_byte_stream_handler(self, topic: str, handler: Callable[..., None]) -> None:
        self.handlers[topic] = handler
