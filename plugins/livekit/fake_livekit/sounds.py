"""An agent's voice, made up."""

from __future__ import annotations

import numpy as np
from livekit import rtc


def speech(seconds: float, rate: int = 24_000, channels: int = 1) -> list[rtc.AudioFrame]:
    """As text to speech gives it: 100 ms a frame."""
    wave = 0.4 * 32767 * np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 220 / rate)
    pcm = np.repeat(wave.astype("<i2"), channels)
    size = rate // 10 * channels
    pieces = [pcm[at : at + size] for at in range(0, len(pcm), size)]
    return [rtc.AudioFrame(p.tobytes(), rate, channels, len(p) // channels) for p in pieces]


def loud(frame: rtc.AudioFrame) -> bool:
    return bool(np.abs(np.frombuffer(frame.data, "<i2").astype(int)).max() > 1000)
