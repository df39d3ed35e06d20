"""What viewers are told."""

from __future__ import annotations

import pytest

from engines.render.mark import MarkStyle
from server.disclosure import disclosure_of, mark_style
from server.settings import Settings
from server.settings_disclosure import DisclosureSettings
from server.settings_load import load_settings
from server.settings_section import SettingsError


def test_by_default_there_is_a_mark_and_it_is_told() -> None:
    assert mark_style(DisclosureSettings()) == MarkStyle()
    told = disclosure_of(DisclosureSettings(), None).model_dump()
    assert told["synthetic"] is True and told["notice"]
    assert told["mark"] == {
        "text": "AI-generated", "corner": "bottom-left", "size": 0.032, "opacity": 1.0,
    }  # fmt: skip
    assert told["consent"] is None


def test_the_owner_may_place_it_and_switch_it_off() -> None:
    style = mark_style(DisclosureSettings(text="AI", corner="top-right", size=0.05, opacity=0.7))
    assert style == MarkStyle("AI", "top-right", 0.05, 0.7)
    off = DisclosureSettings(mark=False)
    assert mark_style(off) is None
    assert disclosure_of(off, None).mark is None


def test_of_a_consent_only_its_time_is_told() -> None:
    told = disclosure_of(DisclosureSettings(), "2026-01-02T03:04:05Z").model_dump()
    assert told["consent"] == {"given": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("disclosure.text", "", "disclosure.text"),
        ("disclosure.text", "x" * 33, "32"),
        ("disclosure.text", "a\nb", "printable"),
        ("disclosure.corner", "middle", "top-left"),
        ("disclosure.size", "0.5", "0.02"),
        ("disclosure.opacity", "0", "0.4"),
        ("disclosure.mark", "maybe", "true or false"),
    ],
)
def test_a_mark_that_could_not_be_read_stops_the_start(key: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings({key: value})


def test_settings_reach_it_from_the_environment() -> None:
    env = {"SYNCHRORAMA_DISCLOSURE_CORNER": "top-left", "SYNCHRORAMA_DISCLOSURE_MARK": "off"}
    loaded: Settings = load_settings({}, env)
    assert (loaded.disclosure.corner, loaded.disclosure.mark) == ("top-left", False)
