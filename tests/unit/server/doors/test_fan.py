"""One put, many mailboxes, each with its own losses."""

from __future__ import annotations

from engines.mailbox import Mailbox
from server.doors.fan import Fan


def test_all_receive_and_a_full_one_loses_only_its_own() -> None:
    fast: Mailbox[int] = Mailbox("fast", 8, "drop-oldest")
    slow: Mailbox[int] = Mailbox("slow", 2, "drop-oldest")
    fan = Fan(fast)
    fan.put(0)
    fan.add(slow)
    for item in range(1, 6):
        fan.put(item)
    assert list(fast.take_all()) == [0, 1, 2, 3, 4, 5]
    assert list(slow.take_all()) == [4, 5]
    assert (fast.stats().dropped, slow.stats().dropped) == (0, 3)


def test_who_left_gets_no_more_and_may_leave_twice() -> None:
    box: Mailbox[int] = Mailbox("box", 2, "drop-oldest")
    fan = Fan(box)
    fan.remove(box)
    fan.remove(box)
    fan.put(1)
    assert box.get() is None and len(fan) == 0
