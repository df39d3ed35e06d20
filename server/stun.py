"""Asks a STUN or TURN server for a sign of life (RFC 8489 Binding over UDP).

Used by the doctor, on its thread; waits at most the given time.
Never authenticates and never allocates: any well-formed answer counts.
"""

from __future__ import annotations

import secrets
import socket
import struct

MAGIC = 0x2112A442
DEFAULT_PORT = 3478
BINDING_REQUEST = 0x0001


def parse_url(url: str) -> tuple[str, int]:
    """Host and port of a stun: or turn: URL (RFC 7064, 7065). Raises ValueError."""
    scheme, _, rest = url.partition(":")
    if scheme not in ("stun", "stuns", "turn", "turns") or not rest:
        raise ValueError(f"not a STUN or TURN URL: {url!r}")
    place = rest.split("?")[0]
    default = DEFAULT_PORT if scheme in ("stun", "turn") else 5349
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, int(port.removeprefix(":") or default)
    host, _, port = place.partition(":")
    return host, int(port or default)


def request() -> tuple[bytes, bytes]:
    """A Binding request and its transaction id."""
    transaction = secrets.token_bytes(12)
    return struct.pack("!HHI", BINDING_REQUEST, 0, MAGIC) + transaction, transaction


def is_answer(data: bytes, transaction: bytes) -> bool:
    """Whether `data` is a STUN message (success or error) to our request."""
    if len(data) < 20:
        return False
    kind, _, magic = struct.unpack("!HHI", data[:8])
    # Class bits: 0x0100 success, 0x0110 error (RFC 8489 §5).
    return magic == MAGIC and data[8:20] == transaction and kind & 0x0100 != 0


def ask(url: str, timeout_s: float = 1.0) -> bool:
    """Whether the server of `url` answers within `timeout_s`; over TLS or TCP: listens."""
    try:
        host, port = parse_url(url)
        if url.startswith(("stuns:", "turns:")) or "transport=tcp" in url:
            socket.create_connection((host, port), timeout_s).close()
            return True
        return _ask_udp(host, port, timeout_s)
    except (OSError, ValueError):
        return False


def _ask_udp(host: str, port: int, timeout_s: float) -> bool:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    message, transaction = request()
    with socket.socket(family, kind) as sock:
        sock.settimeout(timeout_s)
        sock.sendto(message, address)
        data, _ = sock.recvfrom(2048)
    return is_answer(data, transaction)
