"""Smooth followers: how a value gets to where it should be without a jump.

Pure; used by the engine thread.
Never draws a random number and never overshoots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engines.values import FRAME_RATE_HZ

FRAME_S = 1.0 / FRAME_RATE_HZ


@dataclass(slots=True)
class Spring:
    """A critically damped spring: value and speed are continuous, acceleration is not."""

    value: float = 0.0
    speed: float = 0.0

    def follow(self, target: float, omega: float) -> float:
        """Move one frame toward `target`; half the way takes about 1.7 / `omega` seconds.

        The exact solution of x'' = -2 w x' - w^2 (x - target) over 40 ms: stable at any `omega`.
        """
        off = self.value - target
        decay = math.exp(-omega * FRAME_S)
        pull = self.speed + omega * off
        self.value = target + (off + pull * FRAME_S) * decay
        self.speed = (self.speed - omega * pull * FRAME_S) * decay
        return self.value


def soft_limit(value: float, limit: float) -> float:
    """`value` while small, never beyond ±`limit`, without a corner."""
    return limit * math.tanh(value / limit)


def smoothstep(t: float) -> float:
    """0 at 0, 1 at 1, flat at both ends."""
    t = min(1.0, max(0.0, t))
    return t * t * (3.0 - 2.0 * t)
