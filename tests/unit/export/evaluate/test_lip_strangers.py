"""Tests of export.evaluate.lip_strangers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.motion.lips import LipModel
from export.data import facegood, voices
from export.data.phones import Phone, fit_phone_lips
from export.data.tts import Utterance
from export.evaluate import lip_strangers
from export.train.lip_data import GridClip, Places

SPOKEN: list[Phone] = [("SIL", 0.0, 0.4), ("B", 0.4, 0.6), ("AA", 0.6, 1.6), ("SIL", 1.6, 2.0)]


def _utterance(seed: int) -> Utterance:
    rng = np.random.default_rng(seed)
    return Utterance((0.1 * rng.standard_normal(32000)).astype(np.float32), SPOKEN)


def _clip() -> GridClip:
    geometry = np.zeros((50, 7), np.float32)
    geometry[15:40, 0] = 0.05
    return GridClip("a", np.zeros(32000, np.float32), geometry, SPOKEN)


def test_speech_is_between_the_silences() -> None:
    assert lip_strangers.speech_frames(SPOKEN, 50) == (10, 40)


def test_silence_alone_is_no_track() -> None:
    lips = fit_phone_lips([(SPOKEN, _clip().geometry)])
    quiet = Utterance(np.zeros(16000, np.float32), [("SIL", 0.0, 1.0)])
    assert lip_strangers.expected_track("q", quiet, lips) is None
    track = lip_strangers.expected_track("a", _utterance(1), lips)
    assert track is not None and track.real.shape == (50, 7)


def test_strangers_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoken = {"train": {}, "test": {"1_0": _utterance(1), "2_0": _utterance(2)}}
    monkeypatch.setattr(voices, "utterances", lambda *_: spoken)
    places = Places(tmp_path, tmp_path, tmp_path)
    figures = lip_strangers.stranger_rows(LipModel.load(), places, [_clip()])
    assert {"r", "closed", "vowels_closed"} <= set(figures)
    assert "2 unseen readers" in capsys.readouterr().out


def test_curves_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    curves = np.random.default_rng(0).uniform(0, 1, (100, 8)).astype(np.float32)
    monkeypatch.setattr(facegood, "clip_names", lambda data: [facegood.TEST_CLIPS[0]])
    monkeypatch.setattr(facegood, "curves", lambda data, name: curves)
    sound = (0.1 * np.random.default_rng(1).standard_normal(64000)).astype(np.float32)
    monkeypatch.setattr(lip_strangers, "read_sound", lambda path: sound)
    figures = lip_strangers.facegood_rows(LipModel.load(), tmp_path)
    assert set(figures) == {"aperture", "jaw", "energy"}
    assert "curve head" in capsys.readouterr().out
