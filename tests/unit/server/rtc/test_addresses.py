"""Media binds where it is told, in the range it is told, and says the address it is told."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator

import aioice.ice
import pytest

from server.rtc.addresses import NoFreePort, advertise, patches
from server.rtc.patches import Patch

LOOPBACK = ("127.0.0.1",)


def applied(bind: tuple[str, ...], ports: tuple[int, int] | None = None) -> list[Patch]:
    return [patch.apply() for patch in patches(bind, ports)]


@pytest.fixture
def undo(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Patch]]:
    # Asks for monkeypatch so as to be undone before it: last in, first out.
    done: list[Patch] = []
    yield done
    for patch in reversed(done):
        patch.apply()


@pytest.fixture
async def connections() -> AsyncIterator[list[aioice.ice.Connection]]:
    made: list[aioice.ice.Connection] = []
    yield made
    for connection in made:
        await connection.close()


async def gathered(connections: list[aioice.ice.Connection]) -> list[tuple[str, int]]:
    connection = aioice.ice.Connection(ice_controlling=False)
    connections.append(connection)
    await connection.gather_candidates()
    return [(item.host, item.port) for item in connection.local_candidates]


def free_range(count: int) -> tuple[int, int]:
    """A run of UDP ports that are free just now."""
    for first in range(42000, 60000, count):
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                held[-1].bind(("127.0.0.1", port))
            return first, first + count - 1
        except OSError:
            continue
        finally:
            for item in held:
                item.close()
    raise AssertionError("no free ports")


async def test_loopback_is_a_candidate_when_asked(
    undo: list[Patch], connections: list[aioice.ice.Connection]
) -> None:
    undo += applied(LOOPBACK)
    assert {host for host, _ in await gathered(connections)} == {"127.0.0.1"}


def test_without_it_loopback_is_left_out() -> None:
    assert "127.0.0.1" not in aioice.ice.get_host_addresses(True, True)


def test_a_family_that_is_off_is_left_out(undo: list[Patch]) -> None:
    undo += applied(("127.0.0.1", "::1"))
    assert aioice.ice.get_host_addresses(True, False) == ["127.0.0.1"]
    assert aioice.ice.get_host_addresses(True, True) == ["127.0.0.1", "::1"]


def test_a_machine_without_network_serves_itself(
    monkeypatch: pytest.MonkeyPatch, undo: list[Patch]
) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    undo += applied(())
    assert aioice.ice.get_host_addresses(True, True) == ["127.0.0.1"]


async def test_ports_stay_in_their_range_until_it_is_full(
    undo: list[Patch], connections: list[aioice.ice.Connection]
) -> None:
    first, last = free_range(3)
    undo += applied(LOOPBACK, (first, last))
    ports = [(await gathered(connections))[0][1] for _ in range(3)]
    assert sorted(ports) == [first, first + 1, last]
    with pytest.raises(NoFreePort, match=f"{first} to {last}.*widen rtc.udp_ports"):
        await gathered(connections)
    await connections[0].close()
    assert (await gathered(connections))[0][1] == ports[0]


async def test_what_was_bound_before_the_range_was_full_is_given_back(
    undo: list[Patch], connections: list[aioice.ice.Connection]
) -> None:
    first, last = free_range(1)
    undo += applied(("127.0.0.1", "127.0.0.1"), (first, last))
    with pytest.raises(NoFreePort):
        await gathered(connections)
    await connections[0].close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", first))


async def test_a_silent_stun_server_costs_a_candidate_only(
    undo: list[Patch], connections: list[aioice.ice.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*args: object) -> None:
        raise aioice.stun.TransactionTimeout

    monkeypatch.setattr(aioice.ice, "server_reflexive_candidate", fail)
    undo += applied(LOOPBACK, free_range(2))
    connection = aioice.ice.Connection(ice_controlling=False, stun_server=("127.0.0.1", 9))
    connections.append(connection)
    await connection.gather_candidates()
    assert [item.type for item in connection.local_candidates] == ["host"]
    assert connection.stun_server == ("127.0.0.1", 9)


async def test_a_stun_servers_answer_is_a_candidate(
    undo: list[Patch], connections: list[aioice.ice.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(protocol: aioice.ice.StunProtocol, server: object) -> tuple[object, None]:
        return aioice.Candidate.from_sdp("1 1 udp 1 192.0.2.1 1 typ srflx"), None

    monkeypatch.setattr(aioice.ice, "server_reflexive_candidate", answer)
    undo += applied(LOOPBACK, free_range(2))
    connection = aioice.ice.Connection(ice_controlling=False, stun_server=("127.0.0.1", 9))
    connections.append(connection)
    await connection.gather_candidates()
    assert [item.type for item in connection.local_candidates] == ["host", "srflx"]


SDP = "\r\n".join(
    [
        "c=IN IP4 10.0.0.2",
        "c=IN IP4 0.0.0.0",
        "a=candidate:abc 1 udp 2130706431 10.0.0.2 40001 typ host",
        "a=candidate:abd 1 udp 2130706431 fd00::2 40002 typ host",
        "a=candidate:abe 1 udp 1694498815 192.0.2.7 40001 typ srflx raddr 10.0.0.2 rport 40001",
        "",
    ]
)


def test_the_advertised_address_replaces_ipv4_hosts() -> None:
    lines = advertise(SDP, "203.0.113.9").split("\r\n")
    assert lines[0] == "c=IN IP4 203.0.113.9"
    assert lines[1] == "c=IN IP4 0.0.0.0"
    assert lines[2] == "a=candidate:abc 1 udp 2130706431 203.0.113.9 40001 typ host"
    assert lines[3:] == SDP.split("\r\n")[3:]
    assert advertise(SDP, None) == SDP
