"""The GRID recordings: names, splits, sound and word times.

Offline; runs on the thread that calls it.
Never reads the pictures: `track.py` does, in its own interpreter.

GRID: Cooke, Barker, Cunningham, Shao, "An audio-visual corpus for speech perception and automatic
speech recognition", JASA 2006. One speaker here, 25 fps, 75 frames a clip, CC BY 4.0.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SPLIT_SEED = 2026
VALIDATION_CLIPS = 50
TEST_CLIPS = 100
SILENT_WORDS = frozenset({"sil", "sp"})


class DataMissing(Exception):
    """The data folder lacks something; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its times in video frames (25 a second, fractions allowed)."""

    start_frame: float
    end_frame: float
    text: str


def folder(data: Path) -> Path:
    """The GRID folder inside the data folder. Raises DataMissing."""
    path = data / "grid_s1"
    if not (path / "words.tsv").is_file():
        raise DataMissing(
            f"{path}: no words.tsv; give the data folder by --data or SYNCHRORAMA_DATA"
        )
    return path


def clip_names(data: Path) -> list[str]:
    """Sorted names of all clips."""
    return sorted(path.stem for path in folder(data).glob("*.mkv"))


def split(names: list[str]) -> dict[str, list[str]]:
    """`train`, `validation` and `test` names: a seeded shuffle of the sorted names.

    The alphabet would put one command ("set ...") alone into the test part.
    """
    order = np.random.default_rng(SPLIT_SEED).permutation(len(names))
    shuffled = [sorted(names)[i] for i in order]
    test = shuffled[:TEST_CLIPS]
    validation = shuffled[TEST_CLIPS : TEST_CLIPS + VALIDATION_CLIPS]
    return {
        "test": test,
        "validation": validation,
        "train": shuffled[TEST_CLIPS + VALIDATION_CLIPS :],
    }


def words(data: Path) -> dict[str, list[Word]]:
    """Words of every clip, silences included, in order."""
    found: dict[str, list[Word]] = {}
    with (folder(data) / "words.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            word = Word(float(row["start_frame"]), float(row["end_frame"]), row["word"])
            found.setdefault(row["clip"], []).append(word)
    return found


def spoken_text(clip_words: list[Word]) -> str:
    """The words of a clip without its silences."""
    return " ".join(word.text for word in clip_words if word.text not in SILENT_WORDS)


def speech_span(clip_words: list[Word]) -> tuple[int, int]:
    """First and one past the last frame of speech: silence around it flatters every figure."""
    spoken = [word for word in clip_words if word.text not in SILENT_WORDS]
    return int(np.floor(spoken[0].start_frame)), int(np.ceil(spoken[-1].end_frame))
