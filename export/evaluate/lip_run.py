"""Runs the served lip model over sound and gathers what it predicts.

Offline; the same class and step that a live session uses.
Never peeks: each frame is given its 640 samples in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.features import LogMel
from engines.motion.lips import LipModel
from engines.values import F32, FRAME_SAMPLES, MOTION_INDEX

_SEAL = MOTION_INDEX["mouthClose"]


@dataclass(frozen=True, slots=True)
class Heard:
    """Predictions for each frame of a clip."""

    geometry: F32
    """f32[F,7]; aperture after the seal."""
    closure: F32
    confidence: F32
    energy: F32
    curves: F32
    arkit: F32


def hear(model: LipModel, samples: F32, frames: int) -> Heard:
    """Predictions for frames 0..frames-1 of a sound."""
    lead = model.lookahead // FRAME_SAMPLES - 1
    if lead < 0:
        # Without look-ahead the sound of frame 0 ends where the clip begins.
        samples, lead = np.concatenate([np.zeros(FRAME_SAMPLES, np.float32), samples]), 0
    blocks = frames + lead
    padded = np.zeros(blocks * FRAME_SAMPLES, np.float32)
    count = min(len(samples), len(padded))
    padded[:count] = samples[:count]
    state = model.new_state()
    rows = [model.step(state, block) for block in padded.reshape(blocks, FRAME_SAMPLES)][lead:]
    geometry = np.stack([row.geometry for row in rows])
    arkit = np.stack([row.arkit for row in rows])
    geometry[:, 0] *= 1.0 - arkit[:, _SEAL]
    return Heard(
        geometry=geometry,
        closure=np.array([row.closure for row in rows], np.float32),
        confidence=np.array([row.confidence for row in rows], np.float32),
        energy=np.array([row.energy for row in rows], np.float32),
        curves=np.stack([row.curves for row in rows]),
        arkit=arkit,
    )


def log_energy(samples: F32, frames: int) -> F32:
    """Log energy f32[F] of each frame's 40 ms, as an aperture of at most 0.06: the floor."""
    power = np.zeros(frames + 2, np.float32)
    for i in range(frames + 2):
        block = samples[i * FRAME_SAMPLES : (i + 1) * FRAME_SAMPLES]
        power[i] = float(np.mean(block**2)) if len(block) else 0.0
    # -60 dB and below is shut, -10 dB is wide open; a straight line changes no correlation.
    share = (10.0 * np.log10(power + 1e-6) + 60.0) / 50.0
    level: F32 = (0.06 * np.clip(share, 0.0, 1.0))[:frames].astype(np.float32)
    return level


def pink_noise(count: int, rng: np.random.Generator) -> F32:
    """1/f noise f32[N], unit power."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    noise = np.fft.irfft(spectrum, count)
    pink: F32 = (noise / noise.std()).astype(np.float32)
    return pink


def babble_noise(voices: Sequence[F32], count: int, rng: np.random.Generator) -> F32:
    """Four voices at once, f32[N], unit power."""
    total = np.zeros(count, np.float32)
    for i in rng.choice(len(voices), 4, replace=False):
        voice = voices[int(i)]
        start = int(rng.integers(len(voice)))
        part = np.take(voice, np.arange(start, start + count) % len(voice))
        total += part / (part.std() + np.float32(1e-6))
    babble: F32 = (total / total.std()).astype(np.float32)
    return babble


def mixed(samples: F32, noise: F32, snr_db: float) -> F32:
    """Noise at a ratio to the loud part of the speech, scaled back if it would clip."""
    mel = LogMel()
    rows = mel.power(mel.new_state(), samples).mean(axis=1)
    speech = float(np.sqrt(np.mean(samples**2)))
    if len(rows):
        loud = np.repeat(rows >= np.quantile(rows, 0.5), 160)
        speech = float(np.sqrt(np.mean(samples[: len(loud)][loud[: len(samples)]] ** 2)))
    sound = samples + np.float32(speech * 10.0 ** (-snr_db / 20.0)) * noise[: len(samples)]
    peak = float(np.abs(sound).max())
    quiet: F32 = (sound / max(1.0, peak)).astype(np.float32)
    return quiet
