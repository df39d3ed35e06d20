"""The motion net's data, made once and cached: measured clips, heard voices, performed takes.

Offline; heavy parts on the thread that calls.
Never leaves data in the repository: the cache folder is git-ignored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from engines.emotion.values import EMOTIONS
from engines.values import F32
from export.data import grid, voices
from export.data.motion_examples import (
    TAKE_FRAMES,
    MotionExample,
    hear,
    silence,
    take,
    video_example,
)
from export.data.sound import read_sound

TAKES = 1200
TEST_TAKES = 60
KINDS = ("reader", "reader", "reader", "curves", "actor", "silence", "listening")
"""Takes go round these: reading, FACEGOOD's talk, acted emotion, silence, and listening."""
EMODB_LABELS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "joy",
    "T": "sadness",
    "N": "neutral",
}
MIN_FOUND = 0.98
_ARRAYS = tuple(f.name for f in fields(MotionExample) if f.name not in ("name", "style", "weight"))
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MotionData:
    """What training and evaluation need."""

    train: list[MotionExample]
    validation: list[MotionExample]
    test: list[MotionExample]
    """Measured clips of the test split."""
    test_voices: list[F32]
    """Voice features f32[T,9] of readers that no take was made over."""


def save_examples(path: Path, examples: Sequence[MotionExample]) -> None:
    """Write examples as one npz, aside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.concatenate([getattr(e, name) for e in examples]) for name in _ARRAYS}
    arrays["style"] = np.stack([e.style for e in examples])
    arrays["weight"] = np.stack([e.weight for e in examples])
    arrays["lengths"] = np.array([len(e.channels) for e in examples])
    arrays["names"] = np.array([e.name for e in examples])
    aside = path.with_suffix(".part.npz")
    np.savez(aside, allow_pickle=False, **arrays)
    os.replace(aside, path)


def load_examples(path: Path) -> list[MotionExample]:
    """Read what `save_examples` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    ends = np.cumsum(arrays["lengths"])
    return [
        MotionExample(
            str(arrays["names"][i]),
            style=arrays["style"][i],
            weight=arrays["weight"][i],
            **{key: arrays[key][end - size : end] for key in _ARRAYS},
        )
        for i, (size, end) in enumerate(zip(arrays["lengths"], ends, strict=True))
    ]


def heard_voices(data: Path, cache: Path) -> dict[str, F32]:
    """Voice features of every recording but GRID's, by kind and name: `reader 84-121123-0000`."""
    path = cache / "motion" / "voices.npz"
    if not path.exists():
        found = {f"reader {f.stem}": f for f in (data / "librispeech").rglob("*.flac")}
        found |= {f"curves {f.stem}": f for f in (data / "facegood").glob("*.flac")}
        found |= {f"actor {f.stem}": f for f in (data / "emodb").rglob("*.flac")}
        heard = {name: hear(read_sound(file)) for name, file in sorted(found.items())}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, allow_pickle=False, **heard)
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in sorted(file.files)}


def clips(data: Path, cache: Path, names: Sequence[str]) -> list[MotionExample]:
    """Measured clips by name, but those in which the tracker lost the face."""
    out = []
    for name in names:
        with np.load(cache / "grid_tracks" / f"{name}.npz", allow_pickle=False) as file:
            if file["found"].mean() < MIN_FOUND:
                continue
            landmarks = file["landmarks"]
        out.append(video_example(name, read_sound(grid.folder(data) / f"{name}.mkv"), landmarks))
    return out


def _speech(pool: Sequence[F32], rng: np.random.Generator, longest: int) -> F32:
    """Ten seconds of phrases of one voice, with pauses."""
    parts: list[F32] = []
    while sum(map(len, parts)) < TAKE_FRAMES:
        voice = pool[int(rng.integers(len(pool)))]
        length = int(rng.integers(50, 200))
        start = int(rng.integers(0, max(1, len(voice) - length)))
        parts += [voice[start : start + length], silence(int(rng.integers(5, longest)), rng)]
    return np.concatenate(parts)[:TAKE_FRAMES]


def perform_takes(heard: Mapping[str, F32], count: int, seed: int) -> list[MotionExample]:
    """Takes over voices: each of one voice (or one actor in one mood)."""
    rng = np.random.default_rng(seed)
    pools = {kind: [n for n in heard if n.startswith(kind)] for kind in set(KINDS)}
    takes = []
    for i in range(count):
        kind = KINDS[i % len(KINDS)]
        mine = other = silence(TAKE_FRAMES, rng)
        label = None
        if kind == "actor":
            name = pools[kind][int(rng.integers(len(pools[kind])))]
            speaker, letter = name.split()[1][:2], name.split()[1][5]
            alike = [n for n in pools[kind] if n.split()[1][:2] == speaker and n[-2] == letter]
            mine = _speech([heard[n] for n in alike or [name]], rng, 30)
            label = EMODB_LABELS[letter]
        elif kind == "listening":
            other = _speech([heard[_one(pools["reader"], rng)]], rng, 60)
        elif kind != "silence":
            mine = _speech([heard[_one(pools[kind], rng)]], rng, 60)
        mood = label if label in EMOTIONS[1:] else None
        takes.append(take(f"{kind} {i}", mine, other, mood, seed + i))
    return takes


def _one(names: Sequence[str], rng: np.random.Generator) -> str:
    return names[int(rng.integers(len(names)))]


def _cached(path: Path, make: Callable[[], list[MotionExample]]) -> list[MotionExample]:
    if not path.exists():
        save_examples(path, make())
    return load_examples(path)


def prepare(data: Path, cache: Path, say: Say) -> MotionData:
    """Everything, from the cache where it is there. Raises grid.DataMissing.

    GRID must have been tracked: `python -m export prepare lips`.
    """
    names = grid.split(grid.clip_names(data))
    folder = cache / "motion"
    say("measuring heads, lids, gaze and brows in GRID")

    def measured(part: str) -> list[MotionExample]:
        return _cached(folder / f"grid_{part}.npz", lambda: clips(data, cache, names[part]))

    parts = {part: measured(part) for part in ("train", "validation", "test")}
    say("hearing voices")
    heard = heard_voices(data, cache)
    readers = [name for name in heard if name.startswith("reader")]
    kept = set(readers[-voices.TEST_VOICES :])
    known = {name: voice for name, voice in heard.items() if name not in kept}
    say("performing takes")
    takes = _cached(folder / "takes.npz", lambda: perform_takes(known, TAKES, 0))
    train = parts["train"] + takes[TEST_TAKES:]
    validation = parts["validation"] + takes[:TEST_TAKES]
    return MotionData(train, validation, parts["test"], [heard[name] for name in sorted(kept)])
