"""The skin from the lower lip to the chin: pressed together by a mouth, it never folds over itself.

Engine thread; pure arithmetic on a few points, no state.
Never moves a face at rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.values import F32

_Row = NDArray[np.intp]

_ROWS = (
    np.array([91, 181, 84, 17, 314, 405, 321]),
    np.array([43, 106, 182, 83, 18, 313, 406, 335, 273]),
    np.array([202, 204, 194, 201, 200, 421, 418, 424, 422]),
    np.array([210, 211, 32, 208, 199, 428, 262, 431, 430]),
)
"""The lip's lower edge and three rows down to the chin."""
_BENDS, _LEAST = 0.85, 0.45
"""Shares of the height between two rows at rest: below the first they give way ever less, and are
never nearer than the second."""
_UP = 0.4
"""Of what is missing below the lip: what the lip gives; the rest is pushed on to the chin."""
_FLAT = 0.15
"""Places with less than this share of a strip's usual height say nothing about skin."""


class Groove:
    """Parts rows of skin that would pass over each other.

    The rig's lips are thinner than many: thrust out, they would hide the skin below them behind a
    torn edge; and a dropped jaw would draw what is beside the mouth over the sides of the chin.
    """

    def __init__(self, rest: F32) -> None:
        """Of a face at rest f32[468,3], head axes."""
        self._strips = [_Strip(rest, _ROWS[0], _ROWS[1][1:-1], _UP)]
        for upper, lower in zip(_ROWS[1:], _ROWS[2:], strict=False):
            self._strips.append(_Strip(rest, upper, lower, 0.0))
        self._upper = np.concatenate([strip.upper for strip in self._strips])
        self._lower = np.concatenate([strip.lower for strip in self._strips])
        self._least = np.concatenate([strip.bends * strip.height for strip in self._strips])

    def keep(self, face: F32) -> None:
        """Change f32[468,3], head axes, in place."""
        height = face[:, 1]
        if (height.take(self._upper) - height.take(self._lower) >= self._least).all():
            return
        for strip in self._strips:
            strip.part(height)


class _Strip:
    """Skin between two rows of points; `up` of what is missing moves the upper one."""

    def __init__(self, rest: F32, upper: _Row, lower: _Row, up: float) -> None:
        self.upper, self.lower, self._up = upper, lower, up
        own = rest[upper, 1] - rest[lower, 1]
        known = own > max(_FLAT * float(np.median(own)), 1e-3)
        self.height = np.where(known, own, 1)
        # What says nothing about skin is never pressed together.
        self.bends = np.where(known, np.float32(_BENDS), np.float32(-np.inf))

    def part(self, height: F32) -> None:
        """Of the heights f32[468] of a face, in place."""
        high, low = height[self.upper], height[self.lower]
        share = (high - low) / self.height
        pressed = share < self.bends
        if not pressed.any():
            return
        room = _BENDS - _LEAST
        kept = _LEAST + room * np.exp(np.minimum(share - _BENDS, 0) / room)
        missing = pressed * (kept - share) * self.height
        height[self.upper] = high + self._up * missing
        height[self.lower] = low - (1 - self._up) * missing
