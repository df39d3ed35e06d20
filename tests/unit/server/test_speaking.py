"""Speech is noticed within 40 ms, its end after 300 ms, a click not at all."""

from __future__ import annotations

import numpy as np

from server.speaking import SpeakingState

LOUD = np.full(320, 0.1, np.float32)
QUIET = np.zeros(320, np.float32)


def test_it_begins_ends_and_tells_each_once() -> None:
    state = SpeakingState()
    assert [state.step(LOUD) for _ in range(4)] == [False, True, False, False]
    assert state.speaking
    assert [state.step(QUIET) for _ in range(16)] == [False] * 14 + [True, False]
    assert not state.speaking


def test_a_click_and_a_short_pause_are_neither() -> None:
    state = SpeakingState()
    assert not state.step(LOUD)
    assert not state.step(QUIET)
    state.step(LOUD)
    state.step(LOUD)
    assert not any(state.step(QUIET) for _ in range(10))
    assert not state.step(LOUD)
    assert state.speaking
