"""The deadlines of every wait, and how a lost speech socket is opened again.

Plain values.
Never unlimited: what should wait long says how long.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    request_s: float = 15.0
    """One HTTP request: a first session may load an avatar."""
    connect_s: float = 20.0
    """From the offer to a connected peer; and for the speech socket to open."""
    send_s: float = 10.0
    """For one message to leave: a server that does not read."""
    event_s: float = 20.0
    """For an acknowledgement, beyond the time the speech before it takes."""
    close_s: float = 5.0
    """For each part to end."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A speech socket that was lost, and not closed by the server, is opened again."""

    attempts: int = 6
    first_s: float = 0.1
    """Wait before the second attempt; it doubles with each."""
    longest_s: float = 2.0

    def wait_s(self, attempt: int) -> float:
        """Before `attempt` (0 is the first): 0, then 0.1, 0.2, 0.4 ... 2."""
        if attempt == 0:
            return 0.0
        return min(self.longest_s, self.first_s * 2.0 ** (attempt - 1))
