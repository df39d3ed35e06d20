"""How well readers of scene text agree with hand-rated sentences that none of them was made on.

Offline, pure.
Never tunes anything.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.motion.style import STYLE_NAMES
from engines.scene.reading import Reader, Reading
from engines.values import F32

SENTENCES = Path(__file__).with_name("scene_sentences.tsv")
_USUAL_WITHIN = 0.051
_COUNTED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "energy": (("mov", "gestur", "energ", "bounc"), ("still", "calm", "tired", "slow")),
    "smile": (("smil", "grin", "laugh", "happy", "cheer"), ("sad", "angry", "serious", "cold")),
    "gaze": (("gaze", "stare", "eye contact", "look"), ("avoid", "shy", "away")),
    "tempo": (("fast", "quick", "rush"), ("slow", "calm")),
    "blink": (("blink",), ("star",)),
    "brows": (("brow", "surpris"), ("still",)),
    "nod": (("nod", "listen", "agree"), ("angry", "bored")),
}


@dataclass(frozen=True, slots=True)
class Rated:
    """A sentence and what its writer holds it to say."""

    text: str
    dials: F32
    """f32[7] in STYLE_NAMES order."""
    feeling: str

    @property
    def plain(self) -> bool:
        """Whether it says nothing of manner."""
        return bool(np.abs(self.dials - 0.5).max() <= _USUAL_WITHIN)


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one reader."""

    r: dict[str, float]
    """Pearson's r per dial; 0 for one that never moves."""
    error: float
    """Mean absolute error of a dial."""
    moved: float
    """Mean absolute shift of the furthest dial on sentences that say nothing of manner."""
    feelings: float
    """Share of feelings right, none included."""

    @property
    def mean_r(self) -> float:
        """Mean over dials."""
        return float(np.mean(list(self.r.values())))


class Constant:
    """The floor that reads nothing."""

    def read(self, text: str) -> Reading:
        """The usual."""
        return Reading()


class KeywordCount:
    """The floor that counts a few words per dial."""

    def read(self, text: str) -> Reading:
        """0.2 for each."""
        low = text.lower()
        dials = {}
        for name, (more, less) in _COUNTED.items():
            count = sum(word in low for word in more) - sum(word in low for word in less)
            dials[name] = float(np.clip(0.5 + 0.2 * count, 0, 1))
        return Reading(dials)


def load_sentences(path: Path = SENTENCES) -> list[Rated]:
    """The rated sentences. Raises FileNotFoundError, KeyError or ValueError."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Rated(
            row["text"],
            np.array([float(row[name]) for name in STYLE_NAMES], np.float32),
            row["feeling"],
        )
        for row in rows
    ]


def feeling_of(reading: Reading) -> str:
    """The strongest feeling of at least one half, or neutral."""
    strength, label = max(((s, n) for n, s in reading.feelings.items()), default=(0.0, "neutral"))
    return label if strength >= 0.5 else "neutral"


def score(reader: Reader, sentences: Sequence[Rated]) -> Score:
    """Figures of a reader over rated sentences."""
    readings = [reader.read(one.text) for one in sentences]
    said = np.array([[reading.dials[name] for name in STYLE_NAMES] for reading in readings])
    wanted = np.stack([one.dials for one in sentences])
    r = {name: _pearson(said[:, i], wanted[:, i]) for i, name in enumerate(STYLE_NAMES)}
    plain = [i for i, one in enumerate(sentences) if one.plain]
    right = [
        feeling_of(reading) == one.feeling for reading, one in zip(readings, sentences, strict=True)
    ]
    return Score(
        r,
        float(np.abs(said - wanted).mean()),
        float(np.abs(said[plain] - 0.5).max(1).mean()) if plain else 0.0,
        float(np.mean(right)),
    )


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    if a.std() < 1e-6 or b.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def table(scores: Mapping[str, Score]) -> str:
    """A Markdown table, a row a reader."""
    head = ["reader", *STYLE_NAMES, "mean r", "error", "moved by plain text", "feelings"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, one in scores.items():
        cells = [f"{one.r[dial]:.2f}" for dial in STYLE_NAMES]
        cells += [f"{one.mean_r:.2f}", f"{one.error:.3f}", f"{one.moved:.2f}"]
        lines.append(f"| {name} | " + " | ".join([*cells, f"{one.feelings:.2f}"]) + " |")
    return "\n".join(lines)
