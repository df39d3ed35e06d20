"""Style: names and the usual."""

from __future__ import annotations

from engines.motion.style import STYLE_INDEX, STYLE_NAMES, STYLE_SIZE, USUAL


def test_the_usual_is_the_middle_and_cannot_be_written() -> None:
    assert USUAL.shape == (STYLE_SIZE,) == (len(STYLE_NAMES),)
    assert (USUAL == 0.5).all() and not USUAL.flags.writeable
    assert [STYLE_NAMES[STYLE_INDEX[name]] for name in STYLE_NAMES] == list(STYLE_NAMES)
