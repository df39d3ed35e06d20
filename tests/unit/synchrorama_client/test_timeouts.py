"""Deadlines and attempts."""

from __future__ import annotations

from synchrorama_client.timeouts import Retry, Timeouts


def test_waits_between_attempts_double_up_to_the_longest() -> None:
    waits = [Retry().wait_s(attempt) for attempt in range(8)]
    assert waits == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_every_wait_has_a_deadline() -> None:
    limits = Timeouts()
    each = (limits.request_s, limits.connect_s, limits.send_s, limits.event_s, limits.close_s)
    assert all(0 < limit <= 60 for limit in each)
