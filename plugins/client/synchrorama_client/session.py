"""One session on a server: what it is told, its speech socket and its media.

Used on the event loop.
Never outlives its `aclose`: the speech, the media and the server's side end with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from synchrorama_client.errors import AvatarError, SessionClosed
from synchrorama_client.rest import Rest
from synchrorama_client.speech import Speech
from synchrorama_client.timeouts import Retry, Timeouts

if TYPE_CHECKING:
    from synchrorama_client.media import Media


class Session:
    """Made by `Server.create_session`; `async with` ends it."""

    def __init__(self, rest: Rest, info: Mapping[str, Any], timeouts: Timeouts) -> None:
        self.id = str(info["id"])
        """Whoever knows it controls the session: keep it secret."""
        self.info = info
        """The server's answer: avatar, size, limits, ICE servers, stage, disclosure."""
        self.size = int(info["size"])
        self._rest = rest
        self._timeouts = timeouts
        self._speech: Speech | None = None
        self._media: Media | None = None
        self._closing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Session:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        await self.aclose()

    @property
    def path(self) -> str:
        """Of its resource."""
        return f"/v1/sessions/{self.id}"

    async def state(self) -> str:
        """`created`, `connecting`, `live` or `closing`; raises SessionClosed with the reason."""
        return str((await self._rest.call("GET", self.path))["state"])

    async def stats(self) -> dict[str, Any]:
        """Figures of every part."""
        found: dict[str, Any] = await self._rest.call("GET", f"{self.path}/stats")
        return found

    async def tell(self, message: Mapping[str, Any]) -> None:
        """A telling (docs/api.md): `{"type": "emotion", "label": "joy"}`, an action, a manner..."""
        await self._rest.call("POST", f"{self.path}/tell", dict(message))

    async def set_stage(self, stage: Mapping[str, Any]) -> dict[str, Any]:
        """Change what is around the person; the whole stage once it is shown."""
        found: dict[str, Any] = await self._rest.call("PATCH", f"{self.path}/stage", dict(stage))
        return found

    async def answer(self, sdp: str) -> str:
        """The server's answer to a WebRTC offer: for a peer of your own instead of `media`."""
        offer = {"sdp": sdp, "type": "offer"}
        return str((await self._rest.call("POST", f"{self.path}/offer", offer))["sdp"])

    def speech(self, *, retry: Retry | None = None, ahead_s: float = 20.0) -> Speech:
        """The speech socket, not yet connected; for `push` sessions. A second replaces the first.

        `ahead_s`: how much speech may wait at the server before `Segment.audio` waits.
        """
        self._speech = Speech(
            f"ws{self._rest.url.removeprefix('http')}{self.path}/audio",
            timeouts=self._timeouts,
            retry=retry,
            headers=self._rest.headers,
            ahead_s=ahead_s,
        )
        return self._speech

    async def media(self) -> Media:
        """Connect by WebRTC and receive sound and picture (extra `media`: aiortc).

        Raises TimedOut, Refused, or ImportError that names the extra.
        """
        try:
            from synchrorama_client.media import Media
        except ModuleNotFoundError as error:
            remedy = "pip install 'synchrorama-client[media]'"
            raise ImportError(f"media needs aiortc: {remedy}") from error
        self._media = Media(self, self._timeouts)
        await self._media.connect()
        return self._media

    @property
    def closed(self) -> bool:
        """Whether `aclose` was called."""
        return self._closing is not None

    @property
    def host_url(self) -> str:
        """Of its server."""
        return self._rest.url

    async def aclose(self) -> None:
        """End it here and on the server. Idempotent, and not undone by a cancelled wait."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="synchrorama-close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._speech is not None:
            await self._speech.aclose()
        try:
            await self._rest.call("DELETE", self.path)
        except SessionClosed:
            pass  # it had ended already
        except AvatarError:
            # A server that is gone has ended it, and one that is busy will when the peer is gone.
            pass
        if self._media is not None:
            await self._media.aclose()
