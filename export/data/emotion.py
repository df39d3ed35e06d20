"""Emo-DB clips and what training hears of them: noise, gain, colour, speed, length.

Offline; runs on the thread that calls it.
Never lets a file's padding through: how long the zeros are tells how fast the actor spoke.

Emo-DB: Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss, "A database of German emotional speech",
Interspeech 2005. File name: speaker (2), text (3), emotion (1), version (1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.emotion.functionals import functionals
from engines.emotion.gate import FIRST_ROWS, VoiceGate
from engines.emotion.values import EMOTION_INDEX
from engines.vad import Vad
from engines.values import F32, FRAME_SAMPLES
from export.data.grid import DataMissing
from export.data.sound import read_sound

LETTERS = {
    "N": "neutral",
    "F": "joy",
    "W": "anger",
    "T": "sadness",
    "A": "fear",
    "E": "disgust",
    "L": "boredom",
}
SPEEDS = (Fraction(12, 11), Fraction(11, 12), Fraction(16, 15), Fraction(15, 16), Fraction(20, 19))
"""Resampled: pitch, formants and tempo together, as another throat would."""
COPIES = 5
PREFIX_FRAMES = (13, 20, 25, 30, 38, 50)
"""Training hears each clip's first 0.5 to 2 s, and stretches from anywhere in it."""
STRETCHES = 2


@dataclass(frozen=True, slots=True)
class Clip:
    """One acted sentence."""

    name: str
    speaker: str
    text: str
    label: int
    """Index in EMOTIONS."""
    samples: F32


@dataclass(frozen=True, slots=True)
class Examples:
    """Functionals and whose they are; one row each."""

    features: F32
    clip: NDArray[np.int64]
    """Index in the list of clips."""
    clean: NDArray[np.bool_]
    """Whether nothing was done to the sound."""


def read_clips(data: Path) -> list[Clip]:
    """All clips under `data`/emodb, sorted by name, padding stripped. Raises DataMissing."""
    files = sorted((data / "emodb").glob("*.flac"))
    if not files:
        raise DataMissing(f"no Emo-DB clips in {data / 'emodb'}; see docs/emotion.md")
    return [
        Clip(
            name=file.stem,
            speaker=file.stem[:2],
            text=file.stem[2:5],
            label=EMOTION_INDEX[LETTERS[file.stem[5]]],
            samples=np.trim_zeros(read_sound(file), "b"),
        )
        for file in files
    ]


def coloured_noise(count: int, tilt: float, rng: np.random.Generator) -> F32:
    """Noise f32[N] of power 1 whose power falls as 1/f^tilt (0 white, 1 pink)."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum *= np.maximum(np.arange(len(spectrum)), 1.0) ** (-0.5 * tilt)
    noise = np.fft.irfft(spectrum, count)
    unit: F32 = (noise / noise.std()).astype(np.float32)
    return unit


def in_noise(samples: F32, noise: F32, snr_db: float) -> F32:
    """Noise added at a ratio to the louder half of the speech."""
    power = (samples[: len(samples) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)
    level = float(np.sqrt(power[power >= np.quantile(power, 0.5)].mean()))
    noisy: F32 = samples + np.float32(level * 10.0 ** (-snr_db / 20.0)) * noise[: len(samples)]
    return noisy


def altered(samples: F32, copy: int, rng: np.random.Generator) -> F32:
    """The copy-th variant: 0 noise alone; else a microphone's colour, every other at a speed."""
    from scipy.signal import resample_poly

    sound = samples
    if copy % 2:
        speed = SPEEDS[int(rng.integers(len(SPEEDS)))]
        sound = resample_poly(sound, speed.numerator, speed.denominator).astype(np.float32)
    if copy:
        spectrum = np.fft.rfft(sound)
        places = np.linspace(0.0, 6.0, len(spectrum))
        response_db = np.interp(places, np.arange(7), rng.normal(0.0, 3.0, 7))
        response = 10.0 ** (response_db / 20.0)
        sound = np.fft.irfft(spectrum * response, len(sound)).astype(np.float32)
    snr_db = (38.0, 28.0, 20.0, 14.0, 10.0)[copy % 5] + rng.uniform(-4.0, 4.0)
    sound = in_noise(sound, coloured_noise(len(sound), rng.uniform(0.0, 2.0), rng), snr_db)
    gained: F32 = np.clip(sound * np.float32(10.0 ** (rng.uniform(-20.0, 6.0) / 20.0)), -1, 1)
    return gained


def heard(gate: VoiceGate, samples: F32) -> Iterator[tuple[int, F32]]:
    """Frame count and newest window f32[m,38] after each frame, as a session hears the sound."""
    state, vad = gate.new_state(), Vad()
    voice = vad.new_state()
    for begin in range(0, len(samples), FRAME_SAMPLES):
        block = samples[begin : begin + FRAME_SAMPLES]
        block = np.pad(block, (0, FRAME_SAMPLES - len(block)))
        gate.step(state, block, vad.step(voice, block))
        yield state.frame, state.window


def _windows(gate: VoiceGate, samples: F32, rng: np.random.Generator) -> Iterator[F32]:
    last = np.empty((0, 0), np.float32)
    for frame, window in heard(gate, samples):
        if frame in PREFIX_FRAMES:
            yield window
        last = window
    if PREFIX_FRAMES[-1] * FRAME_SAMPLES > len(samples):
        yield last
    for _ in range(STRETCHES):
        rows = int(rng.integers(FIRST_ROWS, 200))
        if rows < len(last):
            begin = int(rng.integers(0, len(last) - rows))
            yield last[begin : begin + rows]


def make_examples(
    clips: list[Clip], copies: int, seed: int, on_clip: Callable[[], None] = lambda: None
) -> Examples:
    """Functionals of every clip and of `copies` altered ones, at mixed lengths."""
    gate = VoiceGate()
    features, places, clean = [], [], []
    for place, clip in enumerate(clips):
        rng = np.random.default_rng((seed, place))
        sounds = [clip.samples, *(altered(clip.samples, i, rng) for i in range(copies))]
        for i, sound in enumerate(sounds):
            for window in _windows(gate, sound, rng):
                found = functionals(window) if len(window) else None
                if found is not None:
                    features.append(found)
                    places.append(place)
                    clean.append(i == 0)
        on_clip()
    return Examples(np.stack(features), np.array(places), np.array(clean))


def synthetic_clips(speakers: int, seed: int) -> list[Clip]:
    """Made-up voices whose pitch, loudness swing and tempo depend on the label."""
    rng = np.random.default_rng(seed)
    clips = []
    for speaker in range(speakers):
        base_hz = float(rng.uniform(100.0, 220.0))
        for label in range(7):
            for text in range(2):
                samples = _tone(base_hz * (1.0 + 0.12 * label), 2.0 + label, rng)
                name = f"{speaker:02d}a{text:02d}{label}"
                clips.append(Clip(name, f"{speaker:02d}", f"a{text:02d}", label, samples))
    return clips


def _tone(f0_hz: float, tempo_hz: float, rng: np.random.Generator) -> F32:
    time_s = np.arange(2 * 16_000) / 16_000
    pitch_hz = f0_hz * (1.0 + 0.03 * np.sin(2.0 * np.pi * tempo_hz * 0.5 * time_s))
    phase = 2.0 * np.pi * np.cumsum(pitch_hz) / 16_000
    sound = sum(np.sin(k * phase) / k for k in range(1, 25))
    swing = 0.55 + 0.45 * np.sin(2.0 * np.pi * tempo_hz * time_s + rng.uniform(0.0, 6.0))
    made: F32 = (0.1 * sound * swing + 0.002 * rng.standard_normal(len(time_s))).astype(np.float32)
    return made
