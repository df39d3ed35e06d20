"""Where media binds: addresses, UDP port range, loopback; and what the answer advertises.

The replaced functions run on the event loop while an answer is made.
Never falls back to another port or address than the settings allow.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import aioice.ice
from aioice.candidate import Candidate, candidate_foundation, candidate_priority

from server.rtc.patches import Patch

LOOPBACK = "127.0.0.1"
_CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ \w+ \d+ )(\S+)( \d+ typ host.*)$")
_CONNECTION = re.compile(r"^(c=IN IP4 )(\S+)$")


class NoFreePort(OSError):
    """Every UDP port of the configured range is taken, or no address could be bound."""


def patches(bind: Sequence[str], ports: tuple[int, int] | None) -> list[Patch]:
    """`bind` empty: every address of the host; `ports` None: any the system gives."""
    found = [Patch("aioice", aioice.ice, "get_host_addresses", _addresses(tuple(bind)))]
    if ports is not None:
        gather = _gather(ports, aioice.ice.Connection.get_component_candidates)
        found.append(Patch("aioice", aioice.ice.Connection, "get_component_candidates", gather))
    return found


def _addresses(bind: tuple[str, ...]) -> Callable[[bool, bool], list[str]]:
    original = aioice.ice.get_host_addresses

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        if not bind:
            # aioice leaves loopback out; a machine without any network still has itself to serve.
            return original(use_ipv4, use_ipv6) or [LOOPBACK]
        wanted = {4: use_ipv4, 6: use_ipv6}
        return [item for item in bind if wanted[ipaddress.ip_address(item).version]]

    return get_host_addresses


def _gather(ports: tuple[int, int], original: Any) -> Any:
    async def get_component_candidates(
        self: Any, component: int, addresses: list[str], timeout: int = 5
    ) -> list[Candidate]:
        protocols = []
        for address in addresses:
            protocols.append(await _bind(self, component, address, ports))
            # At once: where the next address has no free port, closing must find this socket.
            self._protocols.append(protocols[-1])
        found: list[Candidate] = [protocol.local_candidate for protocol in protocols]
        if self.stun_server:
            asks = [
                asyncio.wait_for(
                    aioice.ice.server_reflexive_candidate(protocol, self.stun_server), timeout
                )
                for protocol in protocols
            ]
            answers = await asyncio.gather(*asks, return_exceptions=True)
            # A STUN server that is silent costs a candidate, as in aioice; it is no fault.
            found += [item[0] for item in answers if not isinstance(item, BaseException)]
        # With no addresses left, the original does the TURN server only.
        stun_server, self.stun_server = self.stun_server, None
        try:
            return found + list(await original(self, component, [], timeout))
        finally:
            self.stun_server = stun_server

    return get_component_candidates


async def _bind(connection: Any, component: int, address: str, ports: tuple[int, int]) -> Any:
    """A StunProtocol bound to a free port of the range. Raises NoFreePort."""
    first, last = ports
    count = last - first + 1
    start = random.randrange(count)
    loop = asyncio.get_running_loop()
    for offset in range(count):
        port = first + (start + offset) % count
        try:
            _, protocol = await loop.create_datagram_endpoint(
                lambda: aioice.ice.StunProtocol(connection), local_addr=(address, port)
            )
        except OSError:
            continue  # taken, or not an address of this host: the error below tells
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", address),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=address,
            port=port,
            type="host",
        )
        return protocol
    raise NoFreePort(
        f"no UDP port from {first} to {last} can be bound on {address}: widen rtc.udp_ports "
        "(one port for each session) or correct rtc.bind_addresses"
    )


def advertise(sdp: str, address: str | None) -> str:
    """The answer with its IPv4 host candidates and connection lines at `address` (1:1 NAT)."""
    if address is None:
        return sdp
    lines = [_readdress(line, address) for line in sdp.split("\r\n")]
    return "\r\n".join(lines)


def _readdress(line: str, address: str) -> str:
    if (found := _CANDIDATE.match(line)) and ":" not in found[2]:
        return f"{found[1]}{address}{found[3]}"
    if (found := _CONNECTION.match(line)) and found[2] != "0.0.0.0":
        return f"{found[1]}{address}"
    return line
