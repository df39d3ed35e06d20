"""A published speech-emotion model beside the embedded head, on a miniature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.emotion.hub import HubMissing
from engines.emotion.hub_speech import HubSpeechEmotion
from engines.emotion.model import EmotionModel
from engines.emotion.speech import SpeechEmotion
from engines.emotion.values import SpeechCue
from engines.emotion.weights import EmotionWeights
from engines.values import F32
from tests.support import tiny_hub
from tests.support import voices as sounds

pytest.importorskip("transformers")
LABELS = ("angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised")
EMBEDDED = SpeechEmotion.load()


def hear(model: HubSpeechEmotion | SpeechEmotion, sound: F32) -> list[SpeechCue]:
    state = model.new_state()
    blocks = sound[: len(sound) // 640 * 640].reshape(-1, 640)
    cues = [model.step(state, block, True) for block in blocks]  # type: ignore[arg-type]
    return [cue for cue in cues if cue is not None]


def test_cues_are_a_mean_of_both(tmp_path: Path) -> None:
    folder = tiny_hub.speech_classifier(tmp_path, LABELS)
    sound = sounds.voice(2.0)
    ours = hear(EMBEDDED, sound)
    none = hear(HubSpeechEmotion(folder, EMBEDDED, share=0.0), sound)
    half = hear(HubSpeechEmotion(folder, EMBEDDED, share=0.5), sound)
    full = hear(HubSpeechEmotion(folder, EMBEDDED, share=1.0), sound)
    assert len(ours) == len(none) == len(half) == len(full)
    assert np.allclose(none[-1].probabilities, ours[-1].probabilities, atol=1e-6)
    middle = 0.5 * (none[-1].probabilities + full[-1].probabilities)
    assert np.allclose(half[-1].probabilities, middle, atol=1e-5)
    for cue in half:
        assert cue.probabilities.shape == (7,)
        assert cue.probabilities.sum() == pytest.approx(1.0, abs=1e-5)
        assert 0.0 <= cue.confidence <= 1.0


def test_it_takes_the_embedded_heads_place_in_the_model(tmp_path: Path) -> None:
    listener = HubSpeechEmotion(tiny_hub.speech_classifier(tmp_path, LABELS), EMBEDDED)
    model = EmotionModel(EmotionWeights.load(), speech=listener)
    state = model.new_state()
    for block in sounds.voice(2.0, f0_hz=230.0).reshape(-1, 640):
        emotion = model.step(state, block, True)
    assert emotion.sources == {"speech", "affect"}


def test_labels_without_meaning_and_bad_shares_are_refused(tmp_path: Path) -> None:
    folder = tiny_hub.speech_classifier(tmp_path / "a", ("LABEL_0", "LABEL_1"))
    with pytest.raises(HubMissing, match="no emotions"):
        HubSpeechEmotion(folder, EMBEDDED)
    folder = tiny_hub.speech_classifier(tmp_path / "b", LABELS)
    with pytest.raises(ValueError, match="share"):
        HubSpeechEmotion(folder, EMBEDDED, share=1.5)
