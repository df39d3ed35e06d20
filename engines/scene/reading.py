"""What a reader of scene text finds in it, and the interface of readers.

Plain frozen data; any thread.
Never says more than it was told: what the text leaves open is usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engines.motion.style import STYLE_NAMES

USUAL_DIAL = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """Style and feeling that a text describes."""

    dials: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STYLE_NAMES, 0.5))
    """Every one of STYLE_NAMES, 0..1, 0.5 usual."""
    feelings: Mapping[str, float] = field(default_factory=dict)
    """Label of EMOTIONS -> strength 0..1; a missing one is 0."""

    def told(self, least: float = 0.05) -> dict[str, float]:
        """The dials that are not usual, rounded to hundredths."""
        return {
            name: round(value, 2)
            for name, value in self.dials.items()
            if abs(value - USUAL_DIAL) >= least
        }


class Reader(Protocol):
    """Reads scene text."""

    def read(self, text: str) -> Reading:
        """Style and feeling of a text (any length; a bounded part is read)."""
        ...
