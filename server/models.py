"""The models that the settings name: what ships, with published ones where they are asked for.

Any thread; loading takes seconds, so not on the event loop.
Never loads what nobody asked for, and never falls back silently: what cannot be had is named.
"""

from __future__ import annotations

from engines.asr import AsrMissing, WhisperTranscriber
from engines.emotion.hub import HubMissing
from engines.emotion.hub_speech import HubSpeechEmotion
from engines.emotion.hub_text import HubText
from engines.emotion.model import EmotionModel
from engines.emotion.speech import SpeechEmotion
from engines.emotion.weights import EmotionWeights
from engines.motion.model import MotionModel
from server.settings import EmotionSettings, Settings
from server.settings_section import SettingsError


def motion_model(settings: Settings) -> MotionModel:
    """Sound and feeling to motion. Raises SettingsError, or what is wrong with shipped weights."""
    emotion = emotion_model(settings.emotion)
    return MotionModel.load(threads=settings.engine.threads, emotion=emotion)


def emotion_model(wanted: EmotionSettings) -> EmotionModel:
    """Three streams and their fusion. Raises SettingsError, BadEmotionWeights."""
    weights = EmotionWeights.load()
    speech, text, name = None, None, "speech_model"
    try:
        if wanted.speech_model is not None:
            speech = HubSpeechEmotion(wanted.speech_model, SpeechEmotion(weights))
        name = "text_model"
        if wanted.text_model is not None:
            text = HubText(wanted.text_model)
    except HubMissing as error:
        raise SettingsError(f"emotion.{name}: {error}") from error
    return EmotionModel(weights, speech, text)


def transcriber(wanted: EmotionSettings) -> WhisperTranscriber | None:
    """Who writes down what microphones say; None where nobody shall. Raises SettingsError."""
    if wanted.asr_model is None:
        return None
    try:
        return WhisperTranscriber(wanted.asr_model, wanted.asr_language)
    except AsrMissing as error:
        raise SettingsError(f"emotion.asr_model: {error}") from error
