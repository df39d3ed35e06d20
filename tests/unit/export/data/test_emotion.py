"""Emo-DB clips: names, padding, variants, and windows as a session has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.emotion.functionals import FUNCTIONALS
from engines.emotion.gate import VoiceGate
from engines.emotion.values import EMOTION_INDEX
from export.data import emotion
from export.data.grid import DataMissing
from export.data.sound import write_wav
from tests.support import voices as sounds


def test_names_are_read_and_padding_is_stripped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "emodb").mkdir()
    padded = np.concatenate((sounds.voice(1.0), np.zeros(16_000, np.float32)))
    write_wav(tmp_path / "03a01Fa.wav", padded)
    (tmp_path / "03a01Fa.wav").rename(tmp_path / "emodb" / "03a01Fa.flac")
    (clip,) = emotion.read_clips(tmp_path)
    assert (clip.speaker, clip.text, clip.label) == ("03", "a01", EMOTION_INDEX["joy"])
    assert len(clip.samples) <= 16_000


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="Emo-DB"):
        emotion.read_clips(tmp_path)


def test_noise_has_the_ratio_asked_for() -> None:
    sound = sounds.voice(1.0)
    noise = emotion.coloured_noise(len(sound), 1.0, np.random.default_rng(0))
    added = emotion.in_noise(sound, noise, 15.0) - sound
    power = (sound.reshape(-1, 160) ** 2).mean(axis=1)
    loud = power[power >= np.quantile(power, 0.5)].mean()
    assert 10.0 * np.log10(loud / (added**2).mean()) == pytest.approx(15.0, abs=0.1)


def test_variants_differ_and_repeat() -> None:
    sound = sounds.voice(1.0)
    made = [emotion.altered(sound, i, np.random.default_rng(3)) for i in range(emotion.COPIES)]
    again = emotion.altered(sound, 1, np.random.default_rng(3))
    assert np.array_equal(made[1], again)
    assert len(made[1]) != len(sound) and len(made[2]) == len(sound)
    assert all(np.abs(m).max() <= 1.0 for m in made)


def test_what_is_heard_is_what_a_session_hears() -> None:
    sound = sounds.voice(1.2)
    frames = list(emotion.heard(VoiceGate(), sound))
    assert [frame for frame, _ in frames] == list(range(1, 31))
    assert len(frames[-1][1]) > 60


def test_examples_have_mixed_lengths_and_mark_the_clean() -> None:
    clips = emotion.synthetic_clips(1, 0)[:2]
    found = emotion.make_examples(clips, 1, 0)
    assert found.features.shape[1] == FUNCTIONALS
    assert set(found.clip.tolist()) == {0, 1}
    assert found.clean.any() and not found.clean.all()
    assert len(found.features) >= 16
