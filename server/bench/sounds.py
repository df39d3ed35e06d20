"""The sounds of the fake microphone: short vowels after silence, or a voice speaking.

Runs in the bench's process; the spoken one needs the program `flite`.
Never writes anywhere but where it is told.
"""

from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np

from engines.values import F32
from server.bench.needs import BenchError

RATE_HZ = 48_000
BURST_S = 0.12
GAP_S = (1.1, 1.3)
"""Random, so that sounds fall on every phase of the 40 ms frame grid; mean 1.2 s."""
SENTENCES = (
    "Please bring the map back before Monday.",
    "Bob and Pam may move the big blue boat.",
    "My apology comes a bit late, but I mean it.",
    "Five people walked home along the beach.",
    "We will be above the bay by evening.",
)


def burst(rate_hz: int = RATE_HZ) -> F32:
    """f32[N]: an open vowel of 120 ms that begins at once (first sample already loud).

    A vowel, because noise would be taken out by the browser's noise suppression and a click would
    not move the mouth. Formants of /a/ (Peterson and Barney 1952).
    """
    time_s = np.arange(round(BURST_S * rate_hz)) / rate_hz
    sound = np.zeros(len(time_s))
    for harmonic in range(1, 25):
        hz = 140.0 * harmonic
        gain = sum(1 / (1 + ((hz - formant) / 120) ** 2) for formant in (730, 1090, 2440))
        sound += gain * np.cos(2 * np.pi * hz * time_s)
    sound *= np.minimum(1.0, (BURST_S - time_s) / 0.02)
    return np.asarray(0.5 * sound / np.abs(sound).max(), dtype=np.float32)


def train(seconds: float, *, rate_hz: int = RATE_HZ, seed: int = 0) -> tuple[F32, list[int]]:
    """Bursts over a faint noise floor: f32[N] and the sample index of each onset.

    At most `seconds` long; cut so that playing it in a loop keeps the gaps.
    """
    rng = np.random.default_rng(seed)
    onsets: list[int] = []
    at_s = 0.5
    while at_s + GAP_S[0] <= seconds:
        onsets.append(round(at_s * rate_hz))
        at_s += float(rng.uniform(*GAP_S))
    length = onsets[-1] + round((GAP_S[1] - 0.5) * rate_hz) if onsets else round(seconds * rate_hz)
    sound = np.asarray(rng.standard_normal(length) * 0.0005, dtype=np.float32)
    shape = burst(rate_hz)
    for onset in onsets:
        sound[onset : onset + len(shape)] += shape
    return sound, onsets


def write_wav(path: Path, sound: F32, rate_hz: int = RATE_HZ) -> None:
    """Write f32[N] as 16-bit mono."""
    pcm = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(pcm.tobytes())


def read_wav(path: Path) -> tuple[F32, int]:
    """f32[N] mono of a 16-bit WAV and its rate. Raises BenchError on any other form."""
    try:
        with wave.open(str(path), "rb") as source:
            width, channels, rate_hz = (
                source.getsampwidth(),
                source.getnchannels(),
                source.getframerate(),
            )
            raw = source.readframes(source.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise BenchError(f"{path}: no WAV file could be read ({error})") from error
    if width != 2:
        raise BenchError(f"{path}: {8 * width}-bit samples, wanted a 16-bit WAV")
    samples = np.frombuffer(raw, dtype="<i2").astype(np.float32) / 32768
    return samples.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate_hz


def to_rate(sound: F32, from_hz: int, to_hz: int) -> F32:
    """f32[N] at another rate by straight lines: enough for a microphone of the bench."""
    if from_hz == to_hz:
        return sound
    moments = np.arange(int(len(sound) * to_hz / from_hz)) * from_hz / to_hz
    return np.interp(moments, np.arange(len(sound)), sound).astype(np.float32)


def speak(path: Path, sentences: tuple[str, ...] = SENTENCES) -> None:
    """Write `sentences` spoken with half a second of silence between them.

    Raises BenchError when flite is not installed or fails.
    """
    program = shutil.which("flite")
    if program is None:
        raise BenchError("flite is not installed: apt-get install flite, or take --sound clicks")
    parts: list[F32] = []
    rate_hz = RATE_HZ
    for sentence in sentences:
        command = [program, "-voice", "slt", "-t", sentence, "-o", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise BenchError(f"flite failed: {done.stderr.strip()}")
        voice, rate_hz = read_wav(path)
        parts += [np.zeros(round(0.6 * rate_hz), np.float32), voice]
    write_wav(path, np.concatenate(parts), rate_hz)
