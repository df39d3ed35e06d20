"""Drops datagrams that no peer of ours can have sent, before aioice and aiortc see them.

The replaced method runs on the event loop, once for each datagram.
Never looks into what a known peer sends: SRTP and DTLS check that themselves.
"""

from __future__ import annotations

import struct
from typing import Any

from aioice.ice import Connection, StunProtocol

from server.rtc.patches import Patch, require_attribute

STUN_MAX = 3
"""First octet of STUN; 20 and above are DTLS and SRTP (RFC 7983)."""


def patches() -> list[Patch]:
    """Without it one empty datagram from anybody ends a call, and malformed STUN fills the log."""
    original = StunProtocol.datagram_received
    for name in ("_nominated", "_remote_candidates"):
        require_attribute("aioice", Connection.__init__, name)

    def datagram_received(self: Any, data: bytes, addr: tuple[Any, ...]) -> None:
        if not data or (data[0] > STUN_MAX and not _known(self.receiver, (addr[0], addr[1]))):
            return
        if data[0] > STUN_MAX:
            # As aioice does, once it has failed to read it as STUN.
            if self.local_candidate is not None:
                self.receiver.data_received(data, self.local_candidate.component)
            return
        try:
            original(self, data, addr)
        except struct.error:
            # aioice lets this through from an attribute cut short; it is no message of a peer.
            return

    return [Patch("aioice", StunProtocol, "datagram_received", datagram_received)]


def _known(connection: Any, addr: tuple[str, int]) -> bool:
    """Whether `addr` was signalled, or has sent an authenticated check."""
    if any(pair.remote_addr == addr for pair in connection._nominated.values()):
        return True
    return any(
        (getattr(item, "_network_host", item.host), item.port) == addr
        for item in connection._remote_candidates
    )
