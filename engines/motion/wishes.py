"""What a session may be told while it runs: words, feelings, actions, manner, the other side.

Plain frozen data; made on the event loop, obeyed on the engine thread.
Never holds more than it was checked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engines.emotion.values import EmotionOverride
from engines.motion.actions import ACTIONS
from engines.motion.style import STYLE_INDEX, STYLE_NAMES

MAX_TEXT = 4096
"""Characters of a `Say` that are read; of more, the last."""
MAX_TEMPERATURE = 1.5


@dataclass(frozen=True, slots=True)
class Say:
    """Words that are being spoken now: what they feel like is shown."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text[-MAX_TEXT:])


@dataclass(frozen=True, slots=True)
class Feel:
    """Show this emotion, whatever is heard; None: what is heard again."""

    wanted: EmotionOverride | None


@dataclass(frozen=True, slots=True)
class Act:
    """Do something once. Raises ValueError for an unknown action."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in ACTIONS:
            known = ", ".join(ACTIONS)
            raise ValueError(f"action {self.name[:40]!r}: wanted one of {known}")


@dataclass(frozen=True, slots=True)
class Manner:
    """How the character moves: dials of STYLE_NAMES (0..1, 0.5 usual) and temperature.

    Raises ValueError for an unknown dial or a value out of range.
    """

    dials: dict[str, float] = field(default_factory=dict)
    temperature: float = 1.0

    def __post_init__(self) -> None:
        for name, value in self.dials.items():
            if name not in STYLE_INDEX:
                known = ", ".join(STYLE_NAMES)
                raise ValueError(f"style {name[:40]!r}: wanted one of {known}")
            _check(f"style {name}", value, 1.0)
        _check("temperature", self.temperature, MAX_TEMPERATURE)


@dataclass(frozen=True, slots=True)
class Listen:
    """What the other side does: whether it speaks, and how loudly, 0..1."""

    speaking: bool
    energy: float

    def __post_init__(self) -> None:
        _check("energy", self.energy, 1.0)


Wish: TypeAlias = Say | Feel | Act | Manner | Listen


def temperature_of(wishes: Sequence[Wish]) -> float:
    """The temperature of a session that begins with these wishes."""
    told = [wish.temperature for wish in wishes if isinstance(wish, Manner)]
    return told[-1] if told else Manner().temperature


def _check(name: str, value: float, high: float) -> None:
    # bool is an int in Python; JSON's true is no number.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0.0 <= value <= high:
        raise ValueError(f"{name}: got {value!r}, wanted 0..{high:g}")
