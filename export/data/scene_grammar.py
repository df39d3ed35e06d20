"""Sentences about a character's manner with the style they mean, made by a grammar.

Offline; pure but for the generator it is given.
Never makes a sentence from a word that is kept for validation, when asked not to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from engines.emotion.values import EMOTION_INDEX
from engines.motion.style import STYLE_INDEX, STYLE_SIZE
from engines.scene.lexicon import parse_effects
from engines.values import F32
from export.data import scene_words as words

KEPT = 5
"""Of so many words of a row, one is kept for validation."""
_SLOT = re.compile(r"\{(\w+)\}")
Told = tuple[str, str]
"""Words, and what they mean (see `parse_effects`)."""


@dataclass(frozen=True, slots=True)
class SceneExample:
    """A sentence, its dials f32[7] 0..1, and its feeling (index in EMOTIONS, 0 when none)."""

    text: str
    dials: F32
    feeling: int


def _rows(table: Sequence[tuple[str, str]], kept: bool) -> list[list[Told]]:
    return [
        [(word, effects) for i, word in enumerate(row.split("|")) if (i % KEPT == KEPT - 1) == kept]
        for row, effects in table
    ]


def _third_to_imperative(habit: str) -> str:
    first, _, rest = habit.partition(" ")
    plain = {
        **{"never": "never", "hardly": "hardly", "does": "do", "is": "be", "has": "have"},
        **{"avoids": "avoid", "cannot": "do not", "drops": "drop", "rarely": "rarely"},
    }
    if first in ("never", "hardly", "rarely", "barely"):
        return f"{first} {_third_to_imperative(rest)}"
    if first not in plain:
        ending = "es" if first.endswith(("shes", "sses", "ches")) else "s"
        first = first[:-3] + "y" if first.endswith("ies") else first.removesuffix(ending)
        return f"{first} {rest}".strip()
    return f"{plain[first]} {rest}".strip()


class SceneGrammar:
    """Makes examples; `kept` chooses the words of training (False) or of validation (True)."""

    def __init__(self, rng: np.random.Generator, kept: bool = False) -> None:
        self._rng = rng
        self._traits = [row for row in _rows(words.TRAITS, kept) if row]
        self._habits = [row for row in _rows(words.HABITS, kept) if row]

    def example(self) -> SceneExample:
        """One sentence or a few."""
        told: list[tuple[str, float]] = []
        kind = self._rng.random()
        parts: list[str] = []
        if kind < 0.17:
            parts = [self._neutral() for _ in range(int(self._rng.integers(1, 4)))]
        else:
            parts.append(self._manner(told))
            if self._rng.random() < 0.35:
                parts.append(self._manner(told))
            if self._rng.random() < 0.3:
                parts.insert(int(self._rng.integers(len(parts) + 1)), self._neutral())
        return _example(" ".join(parts), told)

    def examples(self, count: int) -> list[SceneExample]:
        """Many."""
        return [self.example() for _ in range(count)]

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self._rng.integers(len(options)))]

    def _trait(self, told: list[tuple[str, float]]) -> str:
        row = self._traits[int(self._rng.integers(len(self._traits)))]
        word, effects = row[int(self._rng.integers(len(row)))]
        more, weight = words.MODIFIERS[int(self._rng.integers(len(words.MODIFIERS)))]
        told.append((effects, weight))
        return more + word

    def _habit(self, told: list[tuple[str, float]]) -> str:
        row = self._habits[int(self._rng.integers(len(self._habits)))]
        word, effects = row[int(self._rng.integers(len(row)))]
        told.append((effects, 1.0))
        return word

    def _person(self) -> str:
        if self._rng.random() < 0.3:
            return self._pick(words.NAMES)
        return self._pick(("he", "she", "the " + self._pick(words.ROLES)))

    def _manner(self, told: list[tuple[str, float]]) -> str:
        fills: dict[str, Callable[[], str]] = {
            "role": partial(str, self._pick(words.ROLES)),
            "person": partial(str, self._person()),
            "name": lambda: self._pick(words.NAMES),
            "they": lambda: self._pick(("he", "she")),
            "trait": lambda: self._trait(told),
            "habit": lambda: self._habit(told),
            "do": lambda: _third_to_imperative(self._habit(told)),
        }
        text = _SLOT.sub(lambda slot: fills[slot[1]](), self._pick(words.FORMS))
        return text[0].upper() + text[1:] + self._pick((".", ".", "!"))

    def _neutral(self) -> str:
        if self._rng.random() < 0.35:
            who = f"A {self._pick(('woman', 'man'))} of about {self._pick(words.AGES)}"
            look = f"{self._pick(words.HAIR)} in {self._pick(words.CLOTHES)}"
            return f"{who} with {look}, {self._pick(words.PLACES)}."
        if self._rng.random() < 0.3:
            return f"You are a {self._pick(words.ROLES)}."
        return self._pick(words.BUSINESS)


def _example(text: str, told: Sequence[tuple[str, float]]) -> SceneExample:
    dials = np.full(STYLE_SIZE, 0.5, np.float32)
    feeling = 0
    for effects, weight in told:
        shifts, label = parse_effects(effects)
        for name, shift in shifts.items():
            dials[STYLE_INDEX[name]] += weight * shift
        if label is not None and weight > 0:
            feeling = EMOTION_INDEX[label]
    return SceneExample(text, np.clip(dials, 0.03, 0.97), feeling)
