"""One stream of sounds or pictures to many mailboxes: the page's track and every viewer's.

Runs on the event loop, inside the player's tick.
Never waits and never copies: each mailbox drops its own oldest, so a slow viewer harms nobody.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from engines.mailbox import Mailbox

T = TypeVar("T")


class Fan(Generic[T]):
    """Put once, received by every mailbox that is on it."""

    def __init__(self, *mailboxes: Mailbox[T]) -> None:
        self._mailboxes = list(mailboxes)

    def __len__(self) -> int:
        return len(self._mailboxes)

    def put(self, item: T) -> None:
        """Give `item` to all; they must drop, not refuse."""
        for mailbox in self._mailboxes:
            mailbox.put(item)

    def add(self, mailbox: Mailbox[T]) -> None:
        """From the next item on."""
        self._mailboxes.append(mailbox)

    def remove(self, mailbox: Mailbox[T]) -> None:
        """No more; nothing when it is not there."""
        if mailbox in self._mailboxes:
            self._mailboxes.remove(mailbox)
