"""Cached features come back bit for bit, and another question gets another file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.emotion.gate import VoiceGate
from export.data import emotion_cache
from export.data.emotion import synthetic_clips
from export.data.sound import write_wav
from tests.support import voices as sounds


def test_examples_are_made_once(tmp_path: Path) -> None:
    clips = synthetic_clips(1, 0)[:1]
    made: list[int] = []
    first = emotion_cache.cached_examples(clips, 0, 0, tmp_path, lambda: made.append(1))
    again = emotion_cache.cached_examples(clips, 0, 0, tmp_path, lambda: made.append(1))
    assert made == [1]
    assert np.array_equal(first.features, again.features)
    assert np.array_equal(first.clean, again.clean)


def test_the_name_changes_with_the_question() -> None:
    assert emotion_cache.digest(1) != emotion_cache.digest(2)
    assert emotion_cache.digest("a") == emotion_cache.digest("a")


def test_voices_are_optional(tmp_path: Path) -> None:
    assert emotion_cache.cached_voices(tmp_path, tmp_path) is None
    (tmp_path / "librispeech").mkdir()
    write_wav(tmp_path / "v.wav", sounds.voice(2.0))
    (tmp_path / "v.wav").rename(tmp_path / "librispeech" / "v.flac")
    voices = emotion_cache.cached_voices(tmp_path, tmp_path)
    assert voices is not None and voices.shape[0] == 1
    again = emotion_cache.cached_voices(tmp_path, tmp_path)
    assert again is not None and np.array_equal(voices, again)


def test_a_silent_file_has_no_mean() -> None:
    assert emotion_cache.mean_functionals(VoiceGate(), sounds.silence(1.5)) is None
