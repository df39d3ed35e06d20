"""The table of a session's life."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.metrics import RESULTS
from server.session_states import TRANSITIONS, BadTransition, Ending, State, step


@pytest.mark.parametrize(("now", "then"), list(itertools.product(State, State)))
def test_a_step_is_taken_exactly_when_the_table_has_it(now: State, then: State) -> None:
    if then in TRANSITIONS[now]:
        assert step(now, then) is then
    else:
        with pytest.raises(BadTransition, match=f"from {now.value} to {then.value}"):
            step(now, then)


@given(st.lists(st.sampled_from(State), max_size=30))
def test_whatever_is_asked_a_session_never_comes_back(asked: list[State]) -> None:
    order = list(State)
    now = State.CREATED
    for then in asked:
        try:
            following = step(now, then)
        except BadTransition:
            continue
        assert order.index(following) > order.index(now)
        now = following


def test_every_state_leads_to_closed_through_closing() -> None:
    for state in (State.CREATED, State.CONNECTING, State.LIVE):
        assert State.CLOSING in TRANSITIONS[state]
        assert State.CLOSED not in TRANSITIONS[state]
    assert not TRANSITIONS[State.CLOSED]


def test_every_ending_has_a_bounded_label_and_words() -> None:
    assert {ending.result for ending in Ending} <= set(RESULTS)
    assert all(ending.text for ending in Ending)
