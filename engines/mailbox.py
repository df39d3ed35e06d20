"""The only queue in the program: bounded, with a named drop policy, a counter and an age.

Safe between any threads; never waits unless `get_wait` is asked to.
Never grows: a full mailbox drops by its policy or refuses.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")
Policy: TypeAlias = Literal["drop-oldest", "drop-newest", "refuse"]


class MailboxFull(Exception):
    """A mailbox with the policy `refuse` has no room: the sender must be told."""


@dataclass(frozen=True, slots=True)
class MailboxStats:
    """Counters since the mailbox was made, and its state now."""

    put: int
    dropped: int
    size: int
    age_s: float
    """Waiting time of the oldest item, 0 when empty."""


class Mailbox(Generic[T]):
    """A bounded hand-off between two owners.

    `on_put` is called (outside the lock) after each accepted item, so that a consumer on another
    thread or loop can be woken; it must be quick and must not raise.
    """

    def __init__(
        self,
        name: str,
        size: int,
        policy: Policy,
        *,
        on_put: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError when `size` is not positive."""
        if size < 1:
            raise ValueError(f"mailbox {name}: size must be at least 1, got {size}")
        self.name = name
        self.size = size
        self.policy: Policy = policy
        self._on_put = on_put
        self._clock = clock
        # maxlen is the last line of defence; `put` applies the policy first.
        self._items: deque[tuple[float, T]] = deque(maxlen=size)
        self._ready = threading.Condition()
        self._put = 0
        self._dropped = 0

    def put(self, item: T) -> bool:
        """Hand over `item`; return whether it was kept.

        Raises MailboxFull when there is no room and the policy is `refuse`.
        """
        with self._ready:
            if len(self._items) == self.size:
                if self.policy == "refuse":
                    raise MailboxFull(f"mailbox {self.name} is full: {self.size} items wait")
                self._dropped += 1
                if self.policy == "drop-newest":
                    return False
                self._items.popleft()
            self._items.append((self._clock(), item))
            self._put += 1
            self._ready.notify()
        if self._on_put is not None:
            self._on_put()
        return True

    def get(self) -> T | None:
        """Take the oldest item, or None when there is none."""
        with self._ready:
            return self._items.popleft()[1] if self._items else None

    def get_wait(self, timeout_s: float) -> T | None:
        """Take the oldest item, waiting at most `timeout_s`. Never call on an event loop."""
        with self._ready:
            if not self._items:
                self._ready.wait(timeout_s)
            return self._items.popleft()[1] if self._items else None

    def take_all(self) -> list[T]:
        """Take everything that waits, oldest first."""
        return [item for _, item in self.take_timed()]

    def take_timed(self) -> list[tuple[float, T]]:
        """Take everything that waits with the time it was put (on this mailbox's clock)."""
        with self._ready:
            items = list(self._items)
            self._items.clear()
            return items

    def __len__(self) -> int:
        with self._ready:
            return len(self._items)

    def stats(self) -> MailboxStats:
        """Counters and the age of the oldest item."""
        with self._ready:
            age_s = self._clock() - self._items[0][0] if self._items else 0.0
            return MailboxStats(self._put, self._dropped, len(self._items), age_s)
