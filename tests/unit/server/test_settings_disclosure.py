"""The mark as it is set is one that can be drawn."""

from __future__ import annotations

import pytest

from engines.render.mark import MarkStyle
from server.settings import Settings
from server.settings_disclosure import DisclosureSettings
from server.settings_section import SettingsError


def test_it_is_on_and_looks_as_the_marks_own_defaults() -> None:
    found = Settings().disclosure
    assert found == DisclosureSettings() and found.mark
    assert MarkStyle(found.text, found.corner, found.size, found.opacity) == MarkStyle()


@pytest.mark.parametrize("wrong", [{"corner": "middle"}, {"size": 0.5}, {"opacity": 0.1}])
def test_what_could_not_be_seen_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=f"disclosure.{next(iter(wrong))}"):
        DisclosureSettings(**wrong)  # type: ignore[arg-type]
