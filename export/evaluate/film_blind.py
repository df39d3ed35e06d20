"""Strips of two films side by side in shuffled order, for eyes that must not know which is which.

Offline; main thread.
Never writes the key beside the strips: it goes into a folder of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.render.boxes import MOUTH
from engines.render.cv import cv2
from engines.values import U8
from export.evaluate.avatar_sheets import write

FRAMES = 8
EVERY = 2
"""Frames of film between two of a strip: a strip spans 0.6 s."""
FACE_PX = 256
_GAP, _HEAD = 6, 26
_PAPER, _INK = 235, (30, 30, 30)


@dataclass(frozen=True, slots=True)
class Pair:
    """One moment, drawn in two ways."""

    name: str
    mouths: tuple[U8, U8]
    """u8[8,96,128,3] of the first way and of the second."""
    faces: tuple[U8, U8]
    """u8[8,S,S,3]"""


def moments(mouths: U8, count: int) -> list[int]:
    """First frames of the `count` strips in which the mouth moves most, none overlapping.

    mouths u8[F,96,128,3] of the motion frame: which way is better has no part in the choice.
    """
    span = (FRAMES - 1) * EVERY
    grey = mouths.astype(np.float32).mean(3)
    moved = np.abs(np.diff(grey, axis=0)).mean((1, 2))
    sums = np.convolve(moved, np.ones(span), "valid") if len(moved) >= span else np.zeros(0)
    out: list[int] = []
    for start in np.argsort(-sums):
        if len(out) == count:
            break
        if all(abs(int(start) - other) > span for other in out):
            out.append(int(start))
    return out


def rows_of(start: int) -> list[int]:
    """Frames of a strip."""
    return [start + EVERY * i for i in range(FRAMES)]


def strip(first: tuple[U8, U8], second: tuple[U8, U8]) -> U8:
    """One page: mouths at twice their size and faces of A above, of B below."""
    parts = []
    for caption, (mouths, faces) in (("A", first), ("B", second)):
        large = [
            cv2.resize(m, (2 * MOUTH.width, 2 * MOUTH.height), interpolation=cv2.INTER_CUBIC)
            for m in mouths
        ]
        small = [cv2.resize(f, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA) for f in faces]
        head = np.full((_HEAD, 2 * MOUTH.width * FRAMES, 3), _PAPER, np.uint8)
        cv2.putText(head, caption, (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.7, _INK, 2, cv2.LINE_AA)
        parts += [head, np.hstack(large), np.hstack(small)]
        parts.append(np.full((_GAP, head.shape[1], 3), _PAPER, np.uint8))
    return np.vstack(parts)


def write_kit(pairs: Sequence[Pair], names: tuple[str, str], folder: Path, seed: int = 3) -> Path:
    """Strips `01.png` on in shuffled order; returns the key, JSON by number: who, and which is A.

    Raises OSError.
    """
    rng = np.random.default_rng(seed)
    key: dict[str, dict[str, str]] = {}
    for number, i in enumerate(rng.permutation(len(pairs)), 1):
        pair = pairs[int(i)]
        turned = bool(rng.integers(2))
        sides = [(pair.mouths[k], pair.faces[k]) for k in (0, 1)]
        a, b = (1, 0) if turned else (0, 1)
        write(folder / "strips" / f"{number:02d}.png", strip(sides[a], sides[b]))
        key[f"{number:02d}"] = {"who": pair.name, "A": names[a], "B": names[b]}
    path = folder / "key" / "key.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(key, indent=1), "utf-8")
    (folder / "strips" / "README.txt").write_text(_ASK, "utf-8")
    return path


_ASK = """Each picture shows one moment of one talking face, drawn in two ways: A above, B below.
Eight frames, 80 ms apart; mouths at twice their size, then the whole face.
For each number write: A, B or level (which would you rather put before a customer), and why.
Look at teeth, lips, the rim of the mouth, seams, colour, and whether a frame falls out of line.
"""
