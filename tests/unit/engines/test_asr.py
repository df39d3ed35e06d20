"""Whisper by name: a miniature is loaded and asked; what cannot be had is named."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engines.asr import AsrMissing, WhisperTranscriber
from tests.support import tiny_hub


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_hub.speech_recogniser(tmp_path_factory.mktemp("asr"))


def test_a_model_of_random_weights_is_sure_of_nothing(folder: str) -> None:
    model = WhisperTranscriber(folder, "en")
    rng = np.random.default_rng(0)
    for phrase in (rng.normal(size=24_000) * 0.1, np.zeros(24_000), np.zeros(160)):
        assert model.transcribe(phrase.astype(np.float32)) == ""


def test_what_the_model_is_sure_of_is_told(folder: str) -> None:
    model = WhisperTranscriber(folder, "en")

    class Segment:
        def __init__(self, text: str, no_speech: float, sure: float) -> None:
            self.text, self.no_speech_prob, self.avg_logprob = text, no_speech, sure

    heard = [Segment(" I am glad.", 0.1, -0.2), Segment(" Thank you.", 0.9, -0.2)]
    heard += [Segment(" Er", 0.1, -3.0), Segment(" So glad!", 0.0, -0.1)]
    model._model = type("M", (), {"transcribe": lambda self, *a, **b: (iter(heard), None)})()
    assert model.transcribe(np.zeros(16_000, np.float32)) == "I am glad. So glad!"


def test_a_missing_model_and_a_missing_library_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AsrMissing, match="nowhere"):
        WhisperTranscriber(str(tmp_path / "nowhere"))
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(AsrMissing, match=str(tmp_path)):
        WhisperTranscriber(str(tmp_path))
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(AsrMissing, match="extra `asr`"):
        WhisperTranscriber("tiny.en")
