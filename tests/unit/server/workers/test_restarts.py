"""How often a process that ended is started again."""

from __future__ import annotations

from server.workers.restarts import DELAYS_S, WITHIN_S, Restarts


def test_the_first_start_is_at_once_and_what_dies_again_and_again_is_given_up() -> None:
    restarts = Restarts()
    assert [restarts.died(float(at)) for at in range(6)] == [*DELAYS_S, None]
    assert restarts.died(7.0) is None


def test_one_that_ran_for_a_while_is_started_at_once_for_ever() -> None:
    restarts = Restarts()
    assert {restarts.died(at * (WITHIN_S + 1)) for at in range(50)} == {0.0}
