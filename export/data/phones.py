"""Phones: their lip classes, and what real lips do for them.

Offline; pure functions, but `align_clips`, which runs the aligner in its own interpreter.
Never trusts one phone alone: lips are where the phones around them let them be.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engines.values import F32, FRAME_RATE_HZ

Phone: TypeAlias = tuple[str, float, float]
"""Name (ARPAbet without stress, or SIL), start and end in seconds."""

VISEMES: tuple[tuple[str, frozenset[str]], ...] = (
    ("silence", frozenset({"SIL"})),
    ("bilabial", frozenset({"P", "B", "M"})),
    ("labiodental", frozenset({"F", "V"})),
    ("rounded", frozenset({"UW", "OW", "AO", "W", "UH", "OY", "R", "ER"})),
    ("postalveolar", frozenset({"SH", "CH", "JH", "ZH"})),
    ("spread", frozenset({"IY", "EY", "IH", "EH", "Y"})),
    ("open", frozenset({"AA", "AE", "AH", "AY", "AW"})),
    ("other", frozenset({"T", "D", "N", "S", "Z", "L", "K", "G", "NG", "TH", "DH", "HH"})),
)
VISEME_NAMES: tuple[str, ...] = tuple(name for name, _ in VISEMES)
BILABIAL = frozenset({"P", "B", "M"})
OPEN_VOWELS = frozenset({"AA", "AE", "AH", "AY", "AW", "EY", "EH"})
PHONES: tuple[str, ...] = tuple(sorted(set().union(*(members for _, members in VISEMES))))
_INDEX = {name: i for i, name in enumerate(PHONES)}
_VISEME = {phone: i for i, (_, members) in enumerate(VISEMES) for phone in members}
# GRID's fifty words lack some phones, and its aspirate is only in the name of a letter (and is
# misplaced by the aligner there): their nearest lip shapes stand in.
_STAND_IN = {"OY": "AO", "UH": "UW", "ER": "R", "ZH": "JH", "SH": "CH", "NG": "N", "HH": "AH"}
_FLITE = {"PAU": "SIL", "AX": "AH", "EN": "N", "EL": "L", "DX": "D", "AXR": "ER", "IX": "IH"}
OFFSETS_S: tuple[float, ...] = (-0.16, -0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16)
"""Where around a frame its phones are asked for: lips move 100-150 ms before some vowels."""


def normal_phone(name: str) -> str:
    """One spelling for the names of cmudict, flite and pocketsphinx. Raises ValueError."""
    plain = re.sub(r"[^A-Z]", "", name.upper())
    plain = _FLITE.get(plain, plain)
    if plain in ("", "NSN", "SPN"):
        return "SIL"
    if plain not in _INDEX:
        raise ValueError(f"unknown phone {name!r}")
    return plain


def phone_ids(phones: Sequence[Phone], times_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index into PHONES at each time; silence outside."""
    ends = np.array([end for _, _, end in phones])
    names = np.array([_INDEX[name] for name, _, _ in phones] + [_INDEX["SIL"]])
    at = np.searchsorted(ends, times_s, side="right")
    found: NDArray[np.int64] = np.where(times_s < 0, _INDEX["SIL"], names[at])
    if phones:
        found = np.where(times_s < phones[0][1], _INDEX["SIL"], found)
    return found


def frame_visemes(phones: Sequence[Phone], frames: int) -> NDArray[np.int64]:
    """Index into VISEMES for each frame at 25 fps."""
    table = np.array([_VISEME[name] for name in PHONES])
    times = np.arange(frames) / FRAME_RATE_HZ
    visemes: NDArray[np.int64] = table[phone_ids(phones, times)]
    return visemes


def phone_context(phones: Sequence[Phone], frames: int) -> F32:
    """One-hot phones around each frame: f32[frames, offsets x phones + 1], the last a constant."""
    times = np.arange(frames) / FRAME_RATE_HZ
    stand_in = np.array([_INDEX[_STAND_IN.get(name, name)] for name in PHONES])
    rows = np.zeros((frames, len(OFFSETS_S) * len(PHONES) + 1), np.float32)
    for j, offset in enumerate(OFFSETS_S):
        # A phone counts by its share of 40 ms around the asked time, which is smoother in time.
        for shift in (-0.015, -0.005, 0.005, 0.015):
            ids = stand_in[phone_ids(phones, times + offset + shift)]
            rows[np.arange(frames), j * len(PHONES) + ids] += 0.25
    rows[:, -1] = 1.0
    return rows


@dataclass(frozen=True, slots=True)
class PhoneLips:
    """Ridge regression from the phones around a frame to lip geometry, fitted on real video."""

    weights: F32
    """f32[offsets x phones + 1, G]."""

    def geometry(self, phones: Sequence[Phone], frames: int) -> F32:
        """Expected geometry f32[frames,G]."""
        expected: F32 = phone_context(phones, frames) @ self.weights
        return expected


def fit_phone_lips(clips: Sequence[tuple[Sequence[Phone], F32]], ridge: float = 20.0) -> PhoneLips:
    """Fit on (phones, geometry f32[F,G]) pairs of the training split only."""
    size = len(OFFSETS_S) * len(PHONES) + 1
    gram = np.eye(size) * ridge
    gram[-1, -1] = 1e-6
    moment = np.zeros((size, clips[0][1].shape[1]))
    for phones, geometry in clips:
        rows = phone_context(phones, len(geometry)).astype(np.float64)
        gram += rows.T @ rows
        moment += rows.T @ geometry
    return PhoneLips(np.linalg.solve(gram, moment).astype(np.float32))


def align_clips(
    jobs: Mapping[str, tuple[Path, str]], cache: Path, tracker_python: Path
) -> dict[str, list[Phone]]:
    """Phones of each {name: (wav, text)}, cached in the file `cache`.

    Raises subprocess.CalledProcessError when the aligner's interpreter lacks pocketsphinx.
    """
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        request = cache.with_suffix(".jobs")
        request.write_text(
            json.dumps({n: {"wav": str(w), "text": t} for n, (w, t) in jobs.items()})
        )
        script = Path(__file__).with_name("align.py")
        subprocess.run([str(tracker_python), str(script), str(request), str(cache)], check=True)
    raw: dict[str, list[list[object]]] = json.loads(cache.read_text())
    return {
        name: [(normal_phone(str(p)), float(str(s)), float(str(e))) for p, s, e in phones]
        for name, phones in raw.items()
    }
