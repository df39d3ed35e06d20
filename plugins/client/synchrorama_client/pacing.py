"""How much speech waits at the server, reckoned between the times it says so.

Pure; `now_s` is given.
Never lets more than a limit be sent ahead: what the server has no room for it refuses.
"""

from __future__ import annotations


class Pacing:
    """Speech drains in real time, so what was told and sent since tells when there is room."""

    def __init__(self, ahead_s: float) -> None:
        if ahead_s <= 0:
            raise ValueError(f"ahead_s must be positive, got {ahead_s}")
        self.ahead_s = ahead_s
        self._waiting_s = 0.0
        self._at_s = 0.0

    def waiting_s(self, now_s: float) -> float:
        """Speech that waits, in seconds, at the least."""
        return max(0.0, self._waiting_s - max(0.0, now_s - self._at_s))

    def sent(self, length_s: float, now_s: float) -> None:
        """So much was sent."""
        self._waiting_s, self._at_s = self.waiting_s(now_s) + length_s, now_s

    def told(self, waiting_s: float, now_s: float) -> None:
        """The server says how much waits: less than reckoned means it has not read all of it."""
        self._waiting_s, self._at_s = max(waiting_s, self.waiting_s(now_s)), now_s

    def forgotten(self) -> None:
        """Nothing waits any more: it was interrupted."""
        self._waiting_s = 0.0

    def wait_s(self, length_s: float, now_s: float) -> float:
        """How long to wait before so much more is sent; 0 for none.

        One piece longer than the limit goes out when nothing waits.
        """
        return max(0.0, self.waiting_s(now_s) - max(0.0, self.ahead_s - length_s))
