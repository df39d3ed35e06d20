"""Wishes: what may be asked, and what is refused by name."""

from __future__ import annotations

import math

import pytest

from engines.motion.wishes import MAX_TEXT, Act, Listen, Manner, Say, temperature_of


def test_words_are_cut_to_the_last() -> None:
    assert Say("a" * 20_000 + "end").text.endswith("end")
    assert len(Say("a" * 20_000).text) == MAX_TEXT


def test_actions_by_name() -> None:
    assert Act("nod").name == "nod"
    with pytest.raises(ValueError, match="wanted one of nod"):
        Act("explode")


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, True, "0.5"])
def test_dials_in_range_only(value: float) -> None:
    with pytest.raises(ValueError, match="energy"):
        Manner({"energy": value})
    with pytest.raises(ValueError, match="energy"):
        Listen(True, value)


def test_unknown_dials_and_heat() -> None:
    with pytest.raises(ValueError, match="wanted one of energy"):
        Manner({"speed": 0.5})
    with pytest.raises(ValueError, match="temperature"):
        Manner({}, 2.0)
    assert Manner({"smile": 1.0}, 0.5).temperature == 0.5


def test_the_temperature_of_a_beginning() -> None:
    assert temperature_of(()) == 1.0
    assert temperature_of((Manner({}, 0.4), Say("a"), Manner({}, 0.2))) == 0.2
