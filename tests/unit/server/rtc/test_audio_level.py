"""The level is that of the sound, and costs a small part of what aiortc's own does."""

from __future__ import annotations

import time
from collections.abc import Callable

import aiortc.rtp
import numpy as np
import pytest
from av import AudioFrame

from engines.values import F32
from server.rtc.audio_level import MIN_DBOV, audio_level_dbov, patches

ORIGINAL = aiortc.rtp.compute_audio_level_dbov


def frame(samples: F32, layout: str = "stereo") -> AudioFrame:
    pcm = (samples * 32767).astype(np.int16)
    data = np.repeat(pcm, 2) if layout == "stereo" else pcm
    return AudioFrame.from_ndarray(data[None], format="s16", layout=layout)


def tone(level: float, hz: float = 440) -> F32:
    return (level * np.sin(2 * np.pi * hz * np.arange(960) / 48000)).astype(np.float32)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("level", [1.0, 0.3, 0.01, 0.001])
def test_it_is_the_rms_in_db_below_overload(level: float, layout: str) -> None:
    wanted = 20 * np.log10(level / np.sqrt(2))
    assert abs(audio_level_dbov(frame(tone(level), layout)) - wanted) < 1


def test_it_agrees_with_aiortc_on_mono_speech() -> None:
    samples = np.random.default_rng(0).standard_normal(960).astype(np.float32) * 0.1
    assert abs(audio_level_dbov(frame(samples, "mono")) - ORIGINAL(frame(samples, "mono"))) <= 1


def test_silence_and_overload_stay_in_range() -> None:
    assert audio_level_dbov(frame(np.zeros(960, np.float32))) == MIN_DBOV
    assert audio_level_dbov(frame(np.ones(960, np.float32))) == 0


def test_the_patched_function_is_many_times_faster() -> None:
    (patch,) = patches()
    undo = patch.apply()
    sound = frame(tone(0.5))
    try:
        fast = best_of(lambda: aiortc.rtp.compute_audio_level_dbov(sound))
    finally:
        undo.apply()
    slow = best_of(lambda: aiortc.rtp.compute_audio_level_dbov(sound))
    assert fast * 4 < slow


def best_of(call: Callable[[], object], rounds: int = 30) -> float:
    times = []
    for _ in range(rounds):
        begin = time.thread_time()
        call()
        times.append(time.thread_time() - begin)
    return min(times)
