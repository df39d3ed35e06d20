"""How long a silence ends a turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.turns.pauses import (
    HIGH_S,
    LEAST_S,
    LOW_S,
    MOST_S,
    SHORTEST_S,
    USUAL_S,
    Pauses,
    Sounding,
    sounding,
)

SOUNDINGS: tuple[Sounding, ...] = ("finished", "unknown", "open")


@given(st.lists(st.floats(0, 60, allow_nan=False), max_size=60))
def test_the_wait_keeps_its_limits_whatever_was_heard(heard: list[float]) -> None:
    pauses = Pauses()
    for pause_s in heard:
        pauses.heard(pause_s)
    assert LOW_S <= pauses.learned_s <= HIGH_S
    waits = [pauses.wait_s(how) for how in SOUNDINGS]
    assert waits == sorted(waits)
    assert waits[0] >= LEAST_S
    assert waits[-1] <= MOST_S


def test_a_slow_visitor_is_waited_for_and_a_quick_one_is_not() -> None:
    slow, quick = Pauses(), Pauses()
    for _ in range(10):
        slow.heard(1.0)
        quick.heard(0.25)
    assert slow.wait_s() > 1.0 > USUAL_S > quick.wait_s()
    assert quick.wait_s() < 0.55


def test_closures_of_consonants_teach_nothing() -> None:
    pauses = Pauses()
    for _ in range(50):
        pauses.heard(SHORTEST_S - 0.01)
    assert pauses.learned_s == USUAL_S


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("What time is it?", "finished"),
        ("I would like a coffee.", "finished"),
        ("I would like a coffee and", "open"),
        ("I would like a coffee and.", "open"),
        ("Well, because", "open"),
        ("First of all,", "open"),
        ("So ...", "open"),
        ("Ich möchte das, weil", "open"),
        ("yes please", "unknown"),
        ("Where is it from?", "finished"),
        ("", "unknown"),
        ("...", "unknown"),
        ("\u4f60\u597d\u3002", "finished"),
    ],
)
def test_words_sound_finished_by_their_end(text: str, wanted: str) -> None:
    assert sounding(text) == wanted
