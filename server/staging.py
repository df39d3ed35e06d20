"""One session's stage: what is wished for, and bringing it on, one change at a time.

Runs on the event loop; building what is shown happens elsewhere.
Never lets wishes queue up: the newest counts, however many came before it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from pydantic import ValidationError

from engines.render.stage import Image, Stage
from server.errors import ApiError, invalid_body
from server.stage_wishes import StageChange, applied, reply_of

log = logging.getLogger(__name__)
REST_S = 0.1
"""Between two changes: whoever drags a slider, or means harm, gets at most ten a second."""


class Staging:
    """The stage of one session. Closed with it."""

    def __init__(
        self,
        stage: Stage,
        show: Callable[[Stage], Awaitable[None]],
        tell: Callable[[Mapping[str, object]], None],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`show` brings a stage before the viewer, `tell` sends an event to the page."""
        self._wanted = self._shown = stage
        self._own: Image | None = None
        self._show = show
        self._tell = tell
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._fault: Exception | None = None
        self._closed = False

    @property
    def stage(self) -> Stage:
        """What is wished for; shown already, or about to be."""
        return self._wanted

    def change(self, change: StageChange) -> None:
        """Wish for a change. Raises ApiError 409 for a picture that was never sent."""
        self._want(applied(change, self._wanted, self._own))

    def give(self, own: Image) -> None:
        """Take the session's own picture, in place of an older one, and put it behind."""
        self._own = own
        self._want(Stage(own, self._wanted.framing, self._wanted.mirrored))

    def hear(self, message: Mapping[str, object]) -> None:
        """A change that came as a message; what is wrong with it is told as an event."""
        fields = {name: value for name, value in message.items() if name != "type"}
        try:
            self.change(StageChange.model_validate(fields))
        except ValidationError as error:
            self._tell({"type": "warning", **invalid_body(error.errors())["error"]})
        except ApiError as error:
            self._warn(error)

    async def settled(self) -> Stage:
        """The stage, once it is shown. Raises ApiError when it could not be."""
        if self._task is not None:
            await asyncio.wait({self._task})
        if self._fault is not None:
            raise self._fault
        return self._wanted

    def close(self) -> None:
        """Stop, and let go of the session's own picture. Idempotent."""
        self._closed = True
        self._own = None
        if self._task is not None:
            self._task.cancel()

    def _want(self, stage: Stage) -> None:
        if self._closed:
            return
        self._wanted = stage
        if self._task is None or self._task.done():
            self._fault = None
            self._task = asyncio.create_task(self._bring(), name="stage")

    async def _bring(self) -> None:
        while self._wanted != self._shown:
            stage = self._wanted
            try:
                await self._show(stage)
            except Exception as error:  # whatever kept it from being built; the old one stays
                self._give_up(error)
                return
            self._shown = stage
            self._tell({"type": "stage", **reply_of(stage).model_dump()})
            if self._wanted != stage:
                await self._sleep(REST_S)

    def _give_up(self, error: Exception) -> None:
        self._wanted = self._shown
        if isinstance(error, ApiError):
            self._fault = error
            return
        log.exception("a stage could not be built")
        failed = ApiError(
            500, "stage_failed", "the stage could not be changed", "the server's log says why"
        )
        self._fault = failed
        self._warn(failed)

    def _warn(self, error: ApiError) -> None:
        self._tell(
            {"type": "warning", "code": error.code, "message": error.message, "hint": error.hint}
        )
