"""What providers do wrong, in words that a page can show; and time limits on what they send.

Pure but for waiting; runs on the event loop.
Never lets a provider's own exception or text through.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import TypeVar

T = TypeVar("T")
MAX_RETRY_S = 3600.0
NAMES = {
    "llm": "the language model",
    "asr": "the transcriber",
    "tts": "the voice",
    "realtime": "the realtime model",
}
"""Part -> how it is called to people."""


class Fault(Exception):
    """A provider failed: what, for the page; `retry_s` where it said when to come again."""

    def __init__(self, code: str, message: str, hint: str = "", retry_s: float | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_s = retry_s

    def event(self) -> dict[str, object]:
        """As the page is told."""
        told: dict[str, object] = {
            "type": "warning",
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }
        if self.retry_s is not None:
            told["retry_s"] = round(self.retry_s, 1)
        return told


def late(part: str, limit_s: float) -> Fault:
    """Nothing came in time."""
    return Fault(
        f"{part}_timeout",
        f"{NAMES[part]} sent nothing for {limit_s:g} s",
        "see that it runs and is reachable, or raise assistant.timeout_s",
    )


def broken(part: str, why: str) -> Fault:
    """It answered what cannot be used."""
    return Fault(f"{part}_broken", f"{NAMES[part]} {why}", "its own log says more")


def refused(part: str, status: int, retry_after: str | None = None) -> Fault:
    """It answered an HTTP status that is no success."""
    name = NAMES[part]
    if status in (401, 403):
        hint = "see the environment variable that assistant.key_env names"
        return Fault(f"{part}_unauthorized", f"{name} did not take the key ({status})", hint)
    if status == 404:
        hint = "see the address and the name of the model in the assistant settings"
        return Fault(f"{part}_unknown", f"{name} was not found (404)", hint)
    if status == 429:
        retry_s = seconds_of(retry_after)
        wait = "" if retry_s is None else f"; it asks to wait {retry_s:g} s"
        return Fault(f"{part}_busy", f"{name} has had too many questions{wait}", "", retry_s)
    return Fault(f"{part}_broken", f"{name} answered {status}", "its own log says more")


def seconds_of(header: str | None) -> float | None:
    """A Retry-After of seconds; None for anything else (RFC 9110 allows a date: not worth it)."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return min(seconds, MAX_RETRY_S) if math.isfinite(seconds) and seconds >= 0 else None


def retry_after(headers: Mapping[str, str]) -> str | None:
    """The header, whatever its case."""
    return next((value for name, value in headers.items() if name.lower() == "retry-after"), None)


async def timed(source: AsyncIterator[T], limit_s: float, part: str) -> AsyncGenerator[T, None]:
    """The items of `source`. Raises Fault when one takes longer than `limit_s`.

    The source is closed where it can be, also when this iterator is.
    """
    try:
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    item = await anext(source)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise late(part, limit_s) from error
            yield item
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
