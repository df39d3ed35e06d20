"""A bounded hand-over between two tasks of one loop: drops the oldest, and counts what it drops.

Used on the event loop only.
Never grows beyond its limit, whoever does not read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Iterate it with `async for`; ends after `close` once it is empty."""

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit}")
        self.limit = limit
        self.dropped = 0
        self.closed = False
        self._items: deque[T] = deque(maxlen=limit)
        self._there = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Add an item; the oldest goes when it is full. After `close` it is ignored."""
        if self.closed:
            return
        if len(self._items) == self.limit:
            self.dropped += 1
        self._items.append(item)
        self._there.set()

    def clear(self) -> None:
        """Forget what waits; it does not count as dropped."""
        self._items.clear()

    def close(self) -> None:
        """No more items. Idempotent."""
        self.closed = True
        self._there.set()

    async def get(self) -> T:
        """The oldest item. Raises StopAsyncIteration when it is closed and empty."""
        while not self._items:
            if self.closed:
                raise StopAsyncIteration
            self._there.clear()
            await self._there.wait()
        return self._items.popleft()

    def __aiter__(self) -> Inbox[T]:
        return self

    async def __anext__(self) -> T:
        return await self.get()
