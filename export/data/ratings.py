"""Texts with the valence that people gave them (Hutto and Gilbert, ICWSM 2014).

Offline; any thread.
Never downloads: docs/emotion.md says where the files come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.values import F32
from export.data.grid import DataMissing

_ENDING = "_GroundTruth"
SCALE = 4.0
"""Raters gave -4 to 4."""


@dataclass(frozen=True, slots=True)
class Rated:
    """One collection: one source, one kind of writing."""

    name: str
    texts: tuple[str, ...]
    valence: F32
    """f32[n], -1..1: the mean of the raters."""


def read_ratings(folder: Path) -> list[Rated]:
    """Every `*_GroundTruth.txt` below a folder, by name. Raises DataMissing when there is none.

    A line is number, rating and text between tabs; other lines are left out.
    """
    found = []
    for file in sorted(folder.rglob(f"*{_ENDING}.txt")):
        rows = [line.split("\t", 2) for line in file.read_text(encoding="latin-1").splitlines()]
        rows = [row for row in rows if len(row) == 3]
        valence = np.array([float(row[1]) for row in rows], np.float32) / np.float32(SCALE)
        found.append(Rated(file.stem.removesuffix(_ENDING), tuple(r[2] for r in rows), valence))
    if not found:
        raise DataMissing(
            f"no *{_ENDING}.txt below {folder}; docs/emotion.md says where to get them"
        )
    return found
