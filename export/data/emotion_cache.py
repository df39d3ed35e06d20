"""Features of the emotion data on disk, under a name that changes with the code that made them.

Offline; main thread.
Never serves features that another version of the extractors made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import engines.emotion.functionals
import engines.emotion.gate
import engines.emotion.voice
import engines.features
import engines.prosody
import engines.vad
import export.data.emotion
from engines.emotion.gate import FIRST_ROWS, VoiceGate
from engines.values import F32, FRAME_SAMPLES
from export.data.emotion import Clip, Examples, heard, make_examples
from export.data.sound import read_sound

_CODE = (
    engines.emotion.functionals,
    engines.emotion.gate,
    engines.emotion.voice,
    engines.features,
    engines.prosody,
    engines.vad,
    export.data.emotion,
)
VOICE_S = 8
"""Seconds heard of each neutral stranger."""


def digest(*notes: object) -> str:
    """Twelve hex digits of the extractors' code and of `notes`."""
    found = hashlib.sha256()
    for module in _CODE:
        assert module.__file__ is not None
        found.update(Path(module.__file__).read_bytes())
    found.update(repr(notes).encode())
    return found.hexdigest()[:12]


def cached_examples(
    clips: Sequence[Clip],
    copies: int,
    seed: int,
    cache: Path,
    on_clip: Callable[[], None] = lambda: None,
) -> Examples:
    """`make_examples`, or what an earlier call with the same code and clips made."""
    names = [clip.name for clip in clips]
    path = cache / f"emotion-examples-{digest(names, copies, seed)}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            return Examples(file["features"], file["clip"], file["clean"])
    made = make_examples(list(clips), copies, seed, on_clip)
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(path, features=made.features, clip=made.clip, clean=made.clean)
    return made


def cached_voices(data: Path, cache: Path) -> F32 | None:
    """Mean functionals f32[V,K] of the neutral readers in `data`/librispeech; None without them."""
    files = sorted((data / "librispeech").rglob("*.flac"))
    if not files:
        return None
    path = cache / f"emotion-voices-{digest([file.name for file in files])}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file["voices"], np.float32)
    gate = VoiceGate()
    means = [mean_functionals(gate, read_sound(file)) for file in files]
    voices = np.stack([mean for mean in means if mean is not None])
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(path, voices=voices)
    return voices


def mean_functionals(gate: VoiceGate, samples: F32) -> F32 | None:
    """Mean of the functionals taken once a second, f32[K]."""
    found = []
    for frame, window in heard(gate, samples[: VOICE_S * 25 * FRAME_SAMPLES]):
        if frame % 25 == 0 and len(window) >= FIRST_ROWS:
            values = engines.emotion.functionals.functionals(window)
            if values is not None:
                found.append(values)
    return np.mean(found, axis=0).astype(np.float32) if found else None
