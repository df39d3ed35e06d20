"""One scene: a description, style dials, actions, a mood; checked, and turned into wishes.

Plain frozen data; any thread.
Never holds more text than its limits, nor a control character.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from engines.emotion.values import EmotionOverride
from engines.motion.actions import ACTIONS, MAX_RUNNING
from engines.motion.style import STYLE_INDEX, STYLE_NAMES
from engines.motion.wishes import Act, Feel, Manner, Wish

MAX_DESCRIPTION = 600
"""Characters of a description."""
MAX_SCENE_TEXT = 4096
"""Characters of scene text that are read; of more, the first."""
MAX_SCENE_ACTIONS = MAX_RUNNING
"""More could not run at once."""


def clean_text(text: str, limit: int) -> str:
    """One line of at most `limit` characters, without control, format or lone surrogate characters.

    A cut falls between words where it can.
    """
    plain = "".join(
        " " if char.isspace() else char
        # Control, format (bidi overrides, zero width), surrogates, private use, unassigned.
        for char in text[: 4 * limit + 64]
        if char.isspace() or not unicodedata.category(char).startswith("C")
    )
    plain = " ".join(plain.split())
    if len(plain) <= limit:
        return plain
    cut = plain[:limit]
    return (cut[: cut.rfind(" ")] if " " in cut[limit // 2 :] else cut).rstrip()


@dataclass(frozen=True, slots=True)
class Scene:
    """Who is seen and how they act.

    Raises ValueError on text too long or unclean, an unknown dial or action, a value out of range.
    """

    description: str = ""
    """Attributes and actions in English, at most MAX_DESCRIPTION characters, one line."""
    dials: Mapping[str, float] = field(default_factory=dict)
    """Of STYLE_NAMES, 0..1; one that is missing is usual (0.5)."""
    actions: tuple[str, ...] = ()
    """Of ACTIONS, done once, in this order; at most MAX_SCENE_ACTIONS."""
    mood: EmotionOverride | None = None
    """A feeling to show whatever is heard; None leaves it to voice and words."""

    def __post_init__(self) -> None:
        if self.description != clean_text(self.description, MAX_DESCRIPTION):
            raise ValueError("scene description: wanted one clean line; see clean_text")
        for name, value in self.dials.items():
            if name not in STYLE_INDEX:
                known = ", ".join(STYLE_NAMES)
                raise ValueError(f"scene dial {name[:40]!r}: wanted one of {known}")
            if not math.isfinite(value) or not 0.0 <= value <= 1.0:
                raise ValueError(f"scene dial {name}: got {value!r}, wanted 0..1")
        if len(self.actions) > MAX_SCENE_ACTIONS:
            raise ValueError(f"{len(self.actions)} scene actions, wanted <= {MAX_SCENE_ACTIONS}")
        for name in self.actions:
            if name not in ACTIONS:
                raise ValueError(f"scene action {name[:40]!r}: wanted one of {', '.join(ACTIONS)}")
        object.__setattr__(self, "dials", MappingProxyType(dict(self.dials)))


def wishes(scene: Scene, temperature: float = 1.0) -> list[Wish]:
    """What a session is told when the scene begins: manner, then mood if any, then actions.

    `temperature` as in Manner: a Manner replaces the one before it whole. A scene that says nothing
    of manner (no dials) leaves the manner that is.
    """
    out: list[Wish] = []
    if scene.dials:
        out.append(Manner(dict(scene.dials), temperature))
    if scene.mood is not None:
        out.append(Feel(scene.mood))
    out.extend(Act(name) for name in scene.actions)
    return out
