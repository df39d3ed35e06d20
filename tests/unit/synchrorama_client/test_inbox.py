"""The bounded hand-over."""

from __future__ import annotations

import asyncio

import pytest

from synchrorama_client.inbox import Inbox


async def test_items_come_in_order_and_the_end_comes_after_them() -> None:
    inbox: Inbox[int] = Inbox(3)
    for item in (1, 2):
        inbox.put(item)
    inbox.close()
    inbox.put(9)
    assert [item async for item in inbox] == [1, 2]


async def test_the_oldest_goes_when_nobody_reads() -> None:
    inbox: Inbox[int] = Inbox(3)
    for item in range(5):
        inbox.put(item)
    assert (len(inbox), inbox.dropped, await inbox.get()) == (3, 2, 2)
    inbox.clear()
    assert (len(inbox), inbox.dropped) == (0, 2)


async def test_a_reader_that_waits_is_woken() -> None:
    inbox: Inbox[str] = Inbox(1)
    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put("here")
    assert await waiting == "here"
    ending = asyncio.create_task(anext(inbox, "ended"))
    await asyncio.sleep(0)
    inbox.close()
    assert await ending == "ended"


def test_a_limit_is_wanted() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Inbox(0)
