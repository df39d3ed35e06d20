"""What can go wrong between this client and a server, as a short hierarchy.

Plain values; raised on the caller's task.
Never hides what the server said: its code, its words and its hint are kept.
"""

from __future__ import annotations


class AvatarError(Exception):
    """Anything this client raises. `code` is for programs, `hint` says what to do next."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint


class Unreachable(AvatarError):
    """No server answers at the address, or it went away while it answered."""


class TimedOut(AvatarError, TimeoutError):
    """A wait came to its deadline."""


class Refused(AvatarError):
    """The server answered with an error of its own (docs/api.md)."""

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        status: int = 0,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, message, hint)
        self.status = status
        """Of HTTP; 0 where it was told on a websocket."""
        self.retry_after_s = retry_after_s
        """When a place may be free (503)."""


class SessionClosed(AvatarError):
    """The session has ended: nothing more can be said or seen in it."""


class ConnectionLost(AvatarError):
    """The speech socket is gone and could not be opened again in time."""


class SegmentOver(AvatarError):
    """The segment takes no more sound: it was ended, interrupted, or lost with its socket."""
