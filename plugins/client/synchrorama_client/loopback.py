"""Lets a peer on this machine use 127.0.0.1, which the ICE library leaves out.

Process-wide by name, but in force only inside `including_loopback`, for that task alone.
Never offers loopback to a server that is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from aioice import ice

_LOOPBACK = "127.0.0.1"
_wanted: ContextVar[bool] = ContextVar("synchrorama_loopback", default=False)


@contextmanager
def including_loopback(wanted: bool) -> Iterator[None]:
    """Candidates gathered inside, by this task, include 127.0.0.1 when `wanted`."""
    if wanted:
        _install()
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


def _install() -> None:
    original = ice.get_host_addresses
    if getattr(original, "includes_loopback", False):
        return

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        found = list(original(use_ipv4, use_ipv6))
        if _wanted.get() and _LOOPBACK not in found:
            found.append(_LOOPBACK)
        return found

    get_host_addresses.includes_loopback = True  # type: ignore[attr-defined]
    ice.get_host_addresses = get_host_addresses
