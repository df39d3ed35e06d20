"""Models by name: what ships by default, miniatures of published ones, names that do not exist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.emotion.hub_speech import HubSpeechEmotion
from engines.emotion.hub_text import HubText
from server.models import emotion_model, motion_model, transcriber
from server.settings import EmotionSettings, Settings
from server.settings_section import SettingsError
from tests.support import tiny_hub


def test_nothing_is_asked_for_by_default() -> None:
    assert transcriber(EmotionSettings()) is None
    assert motion_model(Settings()).lookahead == 1280


def test_published_models_take_their_places(tmp_path: Path) -> None:
    wanted = EmotionSettings(
        text_model=tiny_hub.text_classifier(tmp_path / "t", ("joy", "sadness")),
        speech_model=tiny_hub.speech_classifier(tmp_path / "s", ("happy", "sad", "neutral")),
    )
    model = emotion_model(wanted)
    assert isinstance(model._text, HubText)
    assert isinstance(model._speech, HubSpeechEmotion)
    state = model.new_state()
    model.say(state, "i am so happy")
    assert model.step(state, np.zeros(640, np.float32), False).sources == {"text"}


@pytest.mark.parametrize("key", ["text_model", "speech_model", "asr_model"])
def test_a_name_that_leads_nowhere_is_a_wrong_setting(key: str, tmp_path: Path) -> None:
    wanted = EmotionSettings(**{key: str(tmp_path / "none")})
    with pytest.raises(SettingsError, match=f"emotion.{key}: .*none"):
        emotion_model(wanted)
        transcriber(wanted)
