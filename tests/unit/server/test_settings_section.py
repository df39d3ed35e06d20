"""A section refuses what lies outside the limits declared beside its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from server.settings_section import Section, SettingsError, option


@dataclass(frozen=True)
class Oven(Section):
    SECTION: ClassVar[str] = "oven"
    degrees: float = option(180.0, "How hot.", low=50, high=250)
    mode: str = option("fan", "What moves the air.", choices=("fan", "none"))


def test_defaults_and_limits_are_taken() -> None:
    assert Oven() == Oven(180.0, "fan")
    assert Oven(50).degrees == 50 and Oven(250, "none").mode == "none"


@pytest.mark.parametrize("degrees", [49.9, 250.1, float("nan")])
def test_a_number_outside_the_limits_is_refused_by_its_key(degrees: float) -> None:
    with pytest.raises(SettingsError, match=r"oven\.degrees"):
        Oven(degrees)


def test_a_choice_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"oven\.mode.*'gas'.*fan, none"):
        Oven(180.0, "gas")
