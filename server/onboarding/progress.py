"""The steps of making an avatar as server-sent events, and the end of work nobody waits for.

Runs on the event loop; steps come from the loader thread over the loop.
Never outlives its request: a client that leaves ends the work.

The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request

from engines.avatars.onboard import Step
from engines.mailbox import Mailbox
from server.errors import ApiError, error_body
from server.onboarding.replies import StepReply

T = TypeVar("T")
KIND = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second keeps nginx from holding events back."""
WAITING = 16
"""Steps that may wait for a slow reader: more than there are."""


def wants_events(request: Request) -> bool:
    """Whether the client asks for steps instead of the result alone."""
    accepted = request.headers.get("accept", "").lower().split(",")
    return any(each.split(";")[0].strip() == KIND for each in accepted)


class Steps:
    """A piece of work and what it tells of itself."""

    def __init__(self, work: Callable[[Callable[[Step], Any]], Awaitable[dict[str, Any]]]) -> None:
        """`work` is given where to put its steps; its result is the last event."""
        self._news = asyncio.Event()
        self._steps: Mailbox[Step] = Mailbox(
            "onboarding steps", WAITING, "drop-oldest", on_put=self._news.set
        )
        self._task = asyncio.ensure_future(work(self._steps.put))
        self._task.add_done_callback(lambda _: self._news.set())

    async def begun(self) -> None:
        """Until it has taken the first step. Raises ApiError for what is refused before it."""
        try:
            await self._news.wait()
            if self._task.done() and not len(self._steps):
                self._task.result()
        except BaseException:
            self._task.cancel()
            raise

    async def events(self) -> AsyncGenerator[bytes, None]:
        """`step` (StepReply) as they come, then `done` (the result) or `error` (with `status`)."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                ended = self._task.done()
                for step in self._steps.take_all():
                    told = StepReply(code=step.code, words=step.words, share=step.share)
                    yield event("step", told.model_dump())
                if ended:
                    break
            try:
                last = event("done", self._task.result())
            except ApiError as error:
                body = error_body(error.code, error.message, error.hint)
                last = event("error", {**body, "status": error.status})
            yield last
        finally:
            self._task.cancel()


def event(kind: str, data: dict[str, Any]) -> bytes:
    """One event; JSON has no line breaks of its own."""
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of `work`, which is cancelled when the client of `request` leaves.

    The body must have been read. Raises what `work` raises, and ApiError 499 when nobody waits.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ApiError(499, "client_gone", "nobody waits for this any more")
    finally:
        gone.cancel()
        working.cancel()
        await asyncio.gather(gone, working, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
