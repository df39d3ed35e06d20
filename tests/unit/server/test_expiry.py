"""The watchdogs as one rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.expiry import Limits, Waited, expired, left_s
from server.session_states import Ending, State
from server.settings import RtcSettings, SessionSettings

LIMITS = Limits(offer_s=15, connect_s=10, mic_s=5, life_s=100)


@pytest.mark.parametrize(
    ("waited", "ending"),
    [
        (Waited(State.CREATED, 14.9, 14.9, None), None),
        (Waited(State.CREATED, 15, 15, None), Ending.NEVER_OFFERED),
        (Waited(State.CONNECTING, 9.9, 30, 30), None),
        (Waited(State.CONNECTING, 10, 30, 30), Ending.NEVER_CONNECTED),
        (Waited(State.LIVE, 50, 60, 4.9), None),
        (Waited(State.LIVE, 50, 60, 5), Ending.MICROPHONE_LOST),
        # Live for two seconds: a microphone that has not sent yet is not lost.
        (Waited(State.LIVE, 2, 60, 60), None),
        # Push mode expects no microphone.
        (Waited(State.LIVE, 50, 60, None), None),
        (Waited(State.LIVE, 50, 100, 0), Ending.LIMIT),
        (Waited(State.CREATED, 15, 100, None), Ending.LIMIT),
        (Waited(State.CLOSING, 500, 500, 500), None),
        (Waited(State.CLOSED, 500, 500, 500), None),
    ],
)
def test_who_has_waited_too_long(waited: Waited, ending: Ending | None) -> None:
    assert expired(waited, LIMITS) is ending


def test_without_a_limit_a_session_may_live_for_ever() -> None:
    limits = Limits.of(SessionSettings(), RtcSettings())
    assert expired(Waited(State.LIVE, 1e9, 1e9, 0), limits) is None
    assert left_s(Waited(State.LIVE, 1e9, 1e9, 0), limits) is None


TIMES = st.floats(0, 1000)


@given(st.sampled_from(State), TIMES, TIMES, st.one_of(st.none(), TIMES), TIMES)
def test_what_is_over_stays_over(
    state: State, in_state: float, life: float, silent: float | None, more: float
) -> None:
    waited = Waited(state, in_state, max(life, in_state), silent)
    later = Waited(
        state,
        waited.in_state_s + more,
        waited.life_s + more,
        None if silent is None else silent + more,
    )
    if expired(waited, LIMITS) is not None:
        assert expired(later, LIMITS) is not None


@given(st.sampled_from([State.CREATED, State.CONNECTING]), TIMES, TIMES)
def test_the_time_left_is_never_negative_and_is_what_it_says(
    state: State, in_state: float, life: float
) -> None:
    waited = Waited(state, in_state, max(life, in_state), None)
    left = left_s(waited, LIMITS)
    assert left is not None
    assert left >= 0
    later = Waited(state, waited.in_state_s + left + 0.001, waited.life_s + left + 0.001, None)
    assert expired(later, LIMITS) is not None


def test_a_session_that_everybody_has_left_ends_after_a_while() -> None:
    def left(empty_s: float | None, state: State = State.LIVE) -> Ending | None:
        return expired(Waited(state, 50.0, 50.0, None, empty_s), LIMITS)

    assert left(None) is None
    assert left(LIMITS.offer_s - 0.1) is None
    assert left(LIMITS.offer_s) is Ending.LEFT
    assert left(LIMITS.offer_s, State.CLOSING) is None
