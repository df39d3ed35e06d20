"""A replacement is checked, made and undone; a name that is gone is told."""

from __future__ import annotations

import pytest

from server.rtc.patches import IncompatibleLibrary, Patch, require_attribute


class Foreign:
    value = 1

    def __init__(self) -> None:
        self.held = 2

    @property
    def seen(self) -> int:
        return self.held


def test_a_patch_is_made_and_undone() -> None:
    undo = Patch("aiortc", Foreign, "value", 5).apply()
    assert Foreign.value == 5
    undo.apply()
    assert Foreign.value == 1


def test_a_property_is_restored_as_one() -> None:
    undo = Patch("aiortc", Foreign, "seen", 7).apply()
    assert Foreign().seen == 7
    undo.apply()
    assert isinstance(vars(Foreign)["seen"], property)


def test_a_name_that_is_gone_is_told() -> None:
    with pytest.raises(IncompatibleLibrary, match=r"aiortc \S+ has no Foreign.gone; tested with"):
        Patch("aiortc", Foreign, "gone", 1).apply()
    with pytest.raises(IncompatibleLibrary, match="__init__: lost"):
        require_attribute("aiortc", Foreign.__init__, "lost")
    require_attribute("aiortc", Foreign.__init__, "held")
