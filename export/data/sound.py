"""Sound files to and from float arrays at 16 kHz.

Offline; runs on the thread that calls it.
Never resamples by hand: libswresample (through av) does it.
"""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ


def read_sound(path: Path, rate: int = SAMPLE_RATE_HZ) -> F32:
    """First audio stream of any file as mono f32[N] in [-1, 1] at `rate`.

    Raises ValueError when the file has no sound.
    """
    parts: list[F32] = []
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise ValueError(f"{path}: no sound in this file")
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        for frame in container.decode(container.streams.audio[0]):
            parts += [out.to_ndarray()[0] for out in resampler.resample(frame)]
        parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    if not parts:
        raise ValueError(f"{path}: no sound in this file")
    return np.concatenate(parts).astype(np.float32)


def write_wav(path: Path, samples: F32, rate: int = SAMPLE_RATE_HZ) -> None:
    """Write mono f32[N] as 16-bit WAV."""
    pcm = np.clip(np.round(samples * 32767.0), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
