"""Spoken test sound: by flite or espeak-ng when there, else a vowel-like signal of our own.

Runs in the test process; writes WAV files only where it is told.
Never plays sound and never needs the network.
"""

from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np

from engines.values import F32

RATE_HZ = 48_000
TEXT = "Mama may buy my blue balloon. Bob papa moves a big brown box. How are you, my maple bee?"
TIMEOUT_S = 60


def _wav_samples(path: Path) -> F32:
    with wave.open(str(path), "rb") as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        samples = raw.astype(np.float32).reshape(-1, file.getnchannels()).mean(axis=1) / 32768
        rate_hz = file.getframerate()
    count = round(samples.size * RATE_HZ / rate_hz)
    positions = np.arange(count) * (rate_hz / RATE_HZ)
    resampled: F32 = np.interp(positions, np.arange(samples.size), samples).astype(np.float32)
    return resampled


def vowels(seconds: float) -> F32:
    """Syllables of a buzzing source through three formants: f32[N] at RATE_HZ, always the same."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = 120 + 15 * np.sin(2 * np.pi * 0.7 * time_s)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    voice = np.zeros_like(time_s)
    openness = np.clip(np.sin(2 * np.pi * 2.0 * time_s), 0, None) ** 0.7
    formants_hz = (300 + 450 * openness, 1200 + 200 * openness, 2500 + 0 * openness)
    for harmonic in range(1, 30):
        hz = harmonic * pitch_hz
        gain = sum(np.exp(-(((hz - formant) / 120) ** 2)) for formant in formants_hz)
        voice += gain * np.sin(harmonic * phase) / np.sqrt(harmonic)
    voice *= openness
    scaled: F32 = (0.6 * voice / np.max(np.abs(voice))).astype(np.float32)
    return scaled


def spoken(folder: Path, text: str = TEXT) -> tuple[F32, str]:
    """f32[N] at RATE_HZ, and the name of what made it."""
    path = folder / "spoken.wav"
    for command in (
        ["flite", "-voice", "slt", "-t", text, "-o", str(path)],
        ["espeak-ng", "-v", "en", "-w", str(path), text],
    ):
        if shutil.which(command[0]) is None:
            continue
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
        samples = _wav_samples(path)
        return (0.7 * samples / np.max(np.abs(samples))).astype(np.float32), command[0]
    return vowels(5.0), "vowels"


def write_wav(path: Path, samples: F32) -> Path:
    """Write f32[N] at RATE_HZ as 16-bit mono."""
    pcm = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm.tobytes())
    return path


def speech_and_silence(folder: Path, silence_s: float = 4.0) -> Path:
    """A WAV of one spoken text, then silence; Chromium plays it over and over as a microphone."""
    samples, _ = spoken(folder)
    silence = np.zeros(round(silence_s * RATE_HZ), np.float32)
    return write_wav(folder / "microphone.wav", np.concatenate([samples, silence]))
