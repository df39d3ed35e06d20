"""A reading says only what differs from the usual."""

from __future__ import annotations

from engines.motion.style import STYLE_NAMES
from engines.scene.reading import Reading


def test_only_what_is_told_is_told() -> None:
    assert set(Reading().dials) == set(STYLE_NAMES)
    assert Reading().told() == {}
    assert Reading({"smile": 0.8765, "gaze": 0.52}).told() == {"smile": 0.88}
