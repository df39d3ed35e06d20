"""The named threads on which pictures are converted and media is encoded.

Owned by the event loop, which it serves as default executor, since aiortc encodes there.
Never runs inference: two 60 ms jobs on it would hold a 2 ms encode up for a quarter second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class CodecPool:
    """`async with CodecPool(threads) as pool`: meanwhile the running loop's default executor."""

    def __init__(self, threads: int = 2) -> None:
        """Raises ValueError when `threads` is not positive."""
        self.threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="codec")

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `function` on a codec thread. When cancelled the work still ends there."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: function(*args, **kwargs))

    async def __aenter__(self) -> CodecPool:
        asyncio.get_running_loop().set_default_executor(self._executor)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The loop gets a fresh one (no thread until used): what closes later may still look up a
        # name. Encodes in flight take milliseconds; waiting for them leaves no thread behind.
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1, thread_name_prefix="default"))
        self._executor.shutdown(wait=True, cancel_futures=True)
