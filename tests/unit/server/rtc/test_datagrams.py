"""What strangers send to a media port changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aioice import stun
from aioice.candidate import Candidate
from aioice.ice import CandidatePair, Connection, StunProtocol

from server.rtc.datagrams import patches

PEER, STRANGER = ("127.0.0.1", 5000), ("127.0.0.1", 6000)
SRTP = bytes([128, 96]) + bytes(20)


@pytest.fixture
def patched() -> Iterator[None]:
    undo = [patch.apply() for patch in patches()]
    yield
    for patch in undo:
        patch.apply()


class Receiver(Connection):
    """A connection that notes what reaches it."""

    def __init__(self) -> None:
        super().__init__(ice_controlling=False)
        self.data: list[bytes] = []
        self.requests = 0

    def data_received(self, data: bytes, component: int) -> None:
        self.data.append(data)

    def request_received(self, message: Any, addr: Any, protocol: Any) -> None:
        self.requests += 1


def made() -> tuple[Receiver, StunProtocol]:
    receiver = Receiver()
    protocol = StunProtocol(receiver)
    protocol.local_candidate = candidate(9)
    return receiver, protocol


def candidate(port: int) -> Candidate:
    found = Candidate.from_sdp(f"1 1 udp 1 127.0.0.1 {port} typ host")
    found._network_host = "127.0.0.1"
    return found


def request() -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["PRIORITY"] = 5
    message.attributes["ICE-CONTROLLED"] = 7
    message.add_message_integrity(b"x" * 22)
    return bytes(message)


def cut_short() -> bytes:
    """A message whose 8-octet attribute says that it has 4."""
    data = bytearray(stun.Message(stun.Method.BINDING, stun.Class.REQUEST).__bytes__()[:20])
    data += bytes([0x80, 0x29, 0, 4, 0, 0, 0, 0])
    data[2:4] = (8).to_bytes(2, "big")
    return bytes(data)


async def test_only_known_peers_data_passes(patched: None) -> None:
    receiver, protocol = made()
    receiver._remote_candidates.append(candidate(PEER[1]))
    protocol.datagram_received(SRTP, STRANGER)
    protocol.datagram_received(SRTP, PEER)
    assert receiver.data == [SRTP]
    receiver._remote_candidates.clear()
    receiver._nominated[1] = CandidatePair(protocol, candidate(7000))
    protocol.datagram_received(SRTP, ("127.0.0.1", 7000, 0, 0))
    assert receiver.data == [SRTP, SRTP]


async def test_nothing_and_malformed_stun_are_dropped(patched: None) -> None:
    receiver, protocol = made()
    receiver._remote_candidates.append(candidate(PEER[1]))
    for data in (b"", cut_short(), bytes(20), b"\0"):
        protocol.datagram_received(data, STRANGER)
    protocol.datagram_received(b"", PEER)
    assert b"" not in receiver.data
    protocol.datagram_received(request(), STRANGER)
    assert receiver.requests == 1


async def test_without_it_they_get_through() -> None:
    import struct

    receiver, protocol = made()
    protocol.datagram_received(b"", STRANGER)
    protocol.datagram_received(SRTP, STRANGER)
    assert receiver.data == [b"", SRTP]
    with pytest.raises(struct.error):
        protocol.datagram_received(cut_short(), STRANGER)
