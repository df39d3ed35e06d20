"""A server: what it can do, its avatars, and sessions on it.

Used on the event loop.
Never leaves a session behind: `aclose` ends those that are open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from synchrorama_client.rest import Rest
from synchrorama_client.session import Session
from synchrorama_client.timeouts import Timeouts


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server can do; `raw` holds what is not named here."""

    version: str
    fps: int
    sizes: tuple[int, ...]
    sample_rates_hz: tuple[int, ...]
    """That speech may have."""
    playout_delay_ms: int
    max_sessions: int
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Avatar:
    """One face."""

    name: str
    title: str
    raw: Mapping[str, Any]


class Server:
    """`async with Server("http://127.0.0.1:8000") as server: ...`."""

    def __init__(
        self,
        url: str,
        *,
        timeouts: Timeouts | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`headers` go with every request: for a proxy that asks for a token, say."""
        self._timeouts = timeouts or Timeouts()
        self._rest = Rest(url, self._timeouts.request_s, headers)
        self._sessions: list[Session] = []

    async def __aenter__(self) -> Server:
        """Itself; nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what is open."""
        await self.aclose()

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return self._rest.url

    async def capabilities(self) -> Capabilities:
        """What it can do."""
        raw: dict[str, Any] = await self._rest.call("GET", "/v1/capabilities")
        return Capabilities(
            version=str(raw["version"]),
            fps=int(raw["fps"]),
            sizes=tuple(raw["sizes"]),
            sample_rates_hz=tuple(raw["push_sample_rates_hz"]),
            playout_delay_ms=int(raw["playout_delay_ms"]),
            max_sessions=int(raw["max_sessions"]),
            raw=raw,
        )

    async def avatars(self) -> list[Avatar]:
        """Its faces."""
        raw = (await self._rest.call("GET", "/v1/avatars"))["avatars"]
        return [Avatar(str(each["name"]), str(each["title"]), each) for each in raw]

    async def create_session(
        self, *, voice: Literal["push", "mirror"] = "push", **wishes: object
    ) -> Session:
        """Take a place.

        Wishes: `avatar`, `size`, `seed`, `renderer`, `stage`, `emotion`, `manner`, `scene`
        (docs/api.md); None is left out. Raises Refused, with `status` 503 and `retry_after_s`
        where it is full.
        """
        asked = {name: wish for name, wish in wishes.items() if wish is not None}
        info = await self._rest.call("POST", "/v1/sessions", {"voice": voice, **asked})
        session = Session(self._rest, info, self._timeouts)
        self._sessions = [each for each in self._sessions if not each.closed]
        self._sessions.append(session)
        return session

    async def aclose(self) -> None:
        """End the sessions that are open, and the connections. Idempotent."""
        sessions, self._sessions = self._sessions, []
        await asyncio.gather(*(session.aclose() for session in sessions))
        await self._rest.aclose()
