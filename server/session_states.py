"""The states of a session and which may follow which.

Pure; runs wherever it is called, with a lock of nobody.
Never acts: `server.sessions` does, and asks here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class State(Enum):
    """Where a session is in its life."""

    CREATED = "created"
    """Admitted; waits for an offer."""
    CONNECTING = "connecting"
    """An offer is being answered, or the peer is not connected yet."""
    LIVE = "live"
    """Media flows."""
    CLOSING = "closing"
    """Its parts are being stopped, in reverse order."""
    CLOSED = "closed"
    """Nothing is left of it but its reason."""


TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.CREATED: frozenset({State.CONNECTING, State.CLOSING}),
        State.CONNECTING: frozenset({State.LIVE, State.CLOSING}),
        State.LIVE: frozenset({State.CLOSING}),
        State.CLOSING: frozenset({State.CLOSED}),
        State.CLOSED: frozenset(),
    }
)
"""What may follow each state; anything else is a fault of the program."""


class Ending(Enum):
    """Why a session ended: the label of `avatar_sessions_total` and what the client is told."""

    CLIENT = ("client", "the client hung up")
    LOST = ("lost", "the connection was lost")
    MICROPHONE_LOST = ("lost", "microphone lost: no sound came from it")
    NEVER_OFFERED = ("never_connected", "no offer came in time")
    NEVER_CONNECTED = ("never_connected", "the connection was not made in time")
    LEFT = ("client", "everybody has left")
    LIMIT = ("limit", "the session reached its longest duration")
    BAD_OFFER = ("bad_offer", "the offer could not be answered")
    FAULT = ("fault", "the server failed on this session")
    SHUTDOWN = ("shutdown", "the server is stopping")

    @property
    def code(self) -> str:
        """Stable name for clients: `client`, `lost`, `microphone_lost`, ..."""
        return self.name.lower()

    @property
    def result(self) -> str:
        """The metric's label."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The reason in words."""
        return self.value[1]


class BadTransition(Exception):
    """A session was asked to take a step its table does not have."""


def step(now: State, then: State) -> State:
    """The next state. Raises BadTransition when the table does not allow it."""
    if then not in TRANSITIONS[now]:
        raise BadTransition(f"a session may not go from {now.value} to {then.value}")
    return then


def ending_of(reason: str) -> tuple[Ending, str]:
    """How a session ends whose peer closed for `reason`, and what more there is to say."""
    if reason == "hung up":
        return Ending.CLIENT, ""
    if reason == "could not connect":
        return Ending.NEVER_CONNECTED, "no network path was found"
    if reason.startswith("fault"):
        return Ending.FAULT, reason
    return Ending.LOST, ""
