"""What may be echo, from levels alone."""

from __future__ import annotations

import numpy as np
import pytest

from engines.turns.echo import (
    FIRST_DB,
    FLOOR_DB,
    LEAST_DB,
    MARGIN_DB,
    MAX_LAG,
    Echo,
    EchoState,
    level_db,
)
from engines.values import F32
from server.bench.echo import HOP, Room
from tests.support.echo_room import face_voice


def run(out: F32, heard: F32) -> EchoState:
    echo = Echo()
    state = echo.new_state()
    for at in range(0, len(out) - HOP + 1, HOP):
        echo.played(state, out[at : at + HOP])
        echo.heard(state, heard[at : at + HOP])
    return state


@pytest.mark.parametrize(("coupling_db", "delay_ms"), [(-3, 60), (-12, 240), (-20, 700)])
def test_delay_and_coupling_are_found(coupling_db: float, delay_ms: float) -> None:
    out = face_voice(20, seed=1)
    state = run(out, Room(coupling_db, delay_ms).microphone(out))
    assert state.lag is not None
    assert abs(state.lag * 20 - delay_ms) <= 60
    assert abs(state.coupling_db - coupling_db) < 4


def test_a_microphone_that_hears_nothing_of_it_asks_for_little() -> None:
    out = face_voice(20, seed=2)
    echo = Echo()
    state = run(out, Room(-100, 0, noise_db=-65).microphone(out))
    assert state.coupling_db < -25
    loud = np.full(HOP, 0.2, np.float32)
    echo.played(state, loud)
    assert echo.heard(state, loud) < level_db(loud) - 15


def test_before_anything_is_known_an_echo_is_assumed() -> None:
    echo, loud = Echo(), np.full(HOP, 0.1, np.float32)
    state = echo.new_state()
    echo.played(state, loud)
    assert echo.heard(state, loud) == pytest.approx(-20 + FIRST_DB + MARGIN_DB, abs=0.1)


def test_silence_of_the_face_asks_for_nothing_and_its_tail_fades() -> None:
    echo, quiet = Echo(), np.zeros(HOP, np.float32)
    state = echo.new_state()
    echo.played(state, np.full(HOP, 0.2, np.float32))
    levels = []
    for _ in range(MAX_LAG + 40):
        levels.append(echo.heard(state, quiet))
        echo.played(state, quiet)
    assert levels[0] > FLOOR_DB
    assert levels[-1] == FLOOR_DB
    assert not echo.active(state)


def test_a_slower_microphone_stays_in_step() -> None:
    out = face_voice(40, seed=3)
    heard = Room(-10, 200).microphone(out)
    echo = Echo()
    state = echo.new_state()
    hops = len(out) // HOP
    for index in range(hops):
        echo.played(state, out[index * HOP : (index + 1) * HOP])
        # One hop in 150 never comes: 0.7 % slow, a hundred times the worst of clocks.
        if index % 150 != 149:
            echo.heard(state, heard[index * HOP : (index + 1) * HOP])
    assert state.ahead < 20
    assert state.lag is not None


def test_nothing_that_is_heard_breaks_it() -> None:
    echo = Echo()
    state = echo.new_state()
    assert level_db(np.empty(0, np.float32)) == FLOOR_DB
    for value in (0.0, 1.0, 1e-20):
        hop = np.full(HOP, value, np.float32)
        for _ in range(300):
            echo.played(state, hop)
            assert np.isfinite(echo.heard(state, hop))
    assert state.coupling_db >= LEAST_DB
    # More heard than played: the microphone alone.
    for _ in range(1000):
        echo.heard(state, np.full(HOP, 0.1, np.float32))
    assert state.ahead == 0
