"""Gain, room noise and babble, added to mel power.

Offline; pure functions of arrays and a random generator.
Never changes a label: lips do not move for noise.

Powers of independent sounds add (in expectation), so noise costs nothing here compared with
mixing waveforms and taking features again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.values import F32

GAIN_DB = (-13.0, 9.0)


def random_gain(power: F32, rng: np.random.Generator) -> F32:
    """A microphone nearer or farther."""
    louder: F32 = power * np.float32(10.0 ** (rng.uniform(*GAIN_DB) / 10.0))
    return louder


def noise_floor(shape: tuple[int, ...], rng: np.random.Generator) -> F32:
    """Power of stationary noise with a random tilt, mean 1, shape [..., 80]."""
    tilt = rng.uniform(-2.2, 0.4)
    bins = np.arange(shape[-1], dtype=np.float32)
    colour = 10.0 ** (tilt * bins / shape[-1])
    # A mel row averages several FFT bins: its power scatters like chi-square of a few degrees.
    scatter = rng.gamma(3.0, 1.0 / 3.0, shape)
    floor: F32 = (colour / colour.mean() * scatter).astype(np.float32)
    return floor


def speech_level(power: F32) -> float:
    """Mean power of the loud part of a clip (upper 30 % of its rows)."""
    rows = power.mean(axis=-1).ravel()
    return float(rows[rows >= np.quantile(rows, 0.7)].mean()) + 1e-12


def add_noise(power: F32, snr_db: float, rng: np.random.Generator) -> F32:
    """Coloured noise at a speech-to-noise ratio in dB."""
    floor = noise_floor(power.shape, rng)
    scale = speech_level(power) / float(floor.mean()) * 10.0 ** (-snr_db / 10.0)
    noisy: F32 = power + np.float32(scale) * floor
    return noisy


def make_babble(voices: Sequence[F32], blocks: int, rng: np.random.Generator) -> F32:
    """Power f32[blocks,4,80] of one to four voices at once, mean 1."""
    total = np.zeros((blocks, *voices[0].shape[1:]), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        voice = voices[int(rng.integers(len(voices)))]
        start = int(rng.integers(len(voice)))
        part = np.take(voice, np.arange(start, start + blocks) % len(voice), axis=0)
        total += part / np.float32(speech_level(part))
    babble: F32 = (total / (float(total.mean()) + 1e-12)).astype(np.float32)
    return babble


def add_babble(power: F32, babble: F32, snr_db: float) -> F32:
    """Other voices at a speech-to-babble ratio in dB; `babble` as long as `power`."""
    scale = speech_level(power) * 10.0 ** (-snr_db / 10.0)
    noisy: F32 = power + np.float32(scale) * babble
    return noisy


def random_colour(power: F32, rng: np.random.Generator) -> F32:
    """Another microphone: a smooth random frequency response, 4 dB deviation."""
    points = rng.normal(0.0, 4.0, 6)
    response_db = np.interp(np.linspace(0, 5, power.shape[-1]), np.arange(6), points)
    coloured: F32 = (power * 10.0 ** (response_db / 10.0)).astype(np.float32)
    return coloured


def add_room(power: F32, rng: np.random.Generator) -> F32:
    """A room: each row rings on with a decay of 20 to 100 ms, 3 to 15 dB below the sound."""
    rows = power.reshape(-1, power.shape[-1])
    decay = float(np.exp(-0.01 / rng.uniform(0.02, 0.1)))
    tail = np.zeros_like(rows)
    ringing = np.zeros(rows.shape[1], np.float32)
    for i, row in enumerate(rows):
        tail[i] = ringing
        ringing = np.float32(decay) * (ringing + row)
    share = 10.0 ** (-rng.uniform(3.0, 15.0) / 10.0) * (1.0 - decay) / decay
    roomy: F32 = (rows + np.float32(share) * tail).reshape(power.shape)
    return roomy


def augment(power: F32, babble: Sequence[F32], rng: np.random.Generator) -> F32:
    """Gain always; a microphone's colour on 70 %, a room on 25 %, noise on 60 %, babble on 25 %."""
    power = random_gain(power, rng)
    if rng.random() < 0.7:
        power = random_colour(power, rng)
    if rng.random() < 0.25:
        power = add_room(power, rng)
    if rng.random() < 0.6:
        power = add_noise(power, float(rng.uniform(5.0, 35.0)), rng)
    if babble and rng.random() < 0.25:
        voices = make_babble(babble, len(power), rng)
        power = add_babble(power, voices, float(rng.uniform(5.0, 25.0)))
    return power
