"""How often a process that ended is started again.

Pure; used by the parent process.
Never gives up on one that runs for a minute, and never starts one that dies at once for ever.
"""

from __future__ import annotations

from collections import deque

DELAYS_S = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Before each new start within `WITHIN_S`: the first at once. After as many deaths, no more."""
WITHIN_S = 60.0


class Restarts:
    """Of one process."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque(maxlen=len(DELAYS_S) + 1)

    def died(self, now_s: float) -> float | None:
        """It ended: seconds to wait before the next start, or None to give up."""
        self._deaths.append(now_s)
        recent = sum(1 for at_s in self._deaths if now_s - at_s < WITHIN_S)
        return DELAYS_S[recent - 1] if recent <= len(DELAYS_S) else None
