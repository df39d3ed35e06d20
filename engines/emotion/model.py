"""The emotion of a session, frame by frame: what is heard, said and asked for, smoothed.

Weights are shared and read-only; runs on the engine thread; each session has an `EmotionState`.
Never jumps: Z_emo follows with attack and release; without cues it falls back to neutral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engines.emotion.fuse import EmotionFusion, Token
from engines.emotion.sentence import SentenceValence
from engines.emotion.speech import SpeechEmotion
from engines.emotion.text import MAX_CHARS, TextSentiment
from engines.emotion.values import Z_SIZE, Emotion, EmotionOverride, SpeechCue, TextCue
from engines.emotion.voice import Known
from engines.emotion.weights import EmotionWeights
from engines.values import F32, FRAME_RATE_HZ

ATTACK_S = 0.4
"""A feeling comes up to two thirds in 0.4 s: a face takes about as long."""
RELEASE_S = 1.2
OVERRIDE_S = 0.25
"""Who asks for a feeling wants to see it soon."""
SPEECH_FADES_S = 1.5
"""A cue's weight halves in this time once no newer one comes."""
TEXT_FADES_S = 6.0
JOINED_S = 3.0
"""Words that follow each other within this time are read together: text may come in pieces."""
FAINT = 1e-3
"""Weight below which a cue is dropped."""


def _keep(seconds: float) -> float:
    return math.exp(-1.0 / (seconds * FRAME_RATE_HZ))


_ATTACK, _RELEASE, _OVERRIDE = _keep(ATTACK_S), _keep(RELEASE_S), _keep(OVERRIDE_S)
_SPEECH_FADE = 0.5 ** (1.0 / (SPEECH_FADES_S * FRAME_RATE_HZ))
_TEXT_FADE = 0.5 ** (1.0 / (TEXT_FADES_S * FRAME_RATE_HZ))


class SpeechSource(Protocol):
    """What is needed of a listener: the embedded head, or one with a published model beside it."""

    def new_state(self) -> Any:
        """State of a new session."""

    def step(
        self, state: Any, samples: F32, speaking: bool, known: Known | None = None
    ) -> SpeechCue | None:
        """Hear f32[640]; what is `known` of it."""


class TextSource(Protocol):
    """What is needed of a reader: the lexicon, or a published model."""

    def score(self, text: str) -> TextCue:
        """What a text says."""


@dataclass(slots=True)
class EmotionState:
    """Everything one session carries; `copy.deepcopy` gives an independent session."""

    speech: Any
    tokens: dict[str, Token] = field(default_factory=dict)
    """The newest token of each stream."""
    fade: dict[str, float] = field(default_factory=dict)
    """What age leaves of its weight."""
    z: F32 = field(default_factory=lambda: np.zeros(Z_SIZE, np.float32))
    words: str = ""
    """What was said within JOINED_S."""
    unsaid: int = 0
    """Frames since the last words."""
    wanted: F32 | None = None
    """Z_emo that an override asks for."""


class EmotionModel:
    """Three streams and their fusion; make one per process, one state per session."""

    def __init__(
        self,
        weights: EmotionWeights,
        speech: SpeechSource | None = None,
        text: TextSource | None = None,
    ) -> None:
        """`speech` and `text`: other listeners and readers (default: the embedded ones)."""
        self._speech: SpeechSource = speech or SpeechEmotion(weights)
        self._text: TextSource = text or TextSentiment(SentenceValence(weights))
        self._fusion = EmotionFusion(weights)

    @staticmethod
    def load(path: Path | None = None) -> EmotionModel:
        """From a weights folder (default: the one that ships). Raises BadEmotionWeights."""
        return EmotionModel(EmotionWeights.load(path))

    def new_state(self) -> EmotionState:
        """A neutral session with a speaker not heard yet."""
        return EmotionState(self._speech.new_state())

    def say(self, state: EmotionState, text: str) -> None:
        """Take in words (any length, any language) that are being spoken now."""
        joined = f"{state.words} {text}" if state.unsaid < JOINED_S * FRAME_RATE_HZ else text
        state.words = joined[-MAX_CHARS:]
        state.unsaid = 0
        cue = self._text.score(state.words)
        if cue.confidence > 0.0:
            self._take(state, "text", self._fusion.text_token(cue))

    def override(self, state: EmotionState, wanted: EmotionOverride | None) -> None:
        """Feel what is asked for from now on; None: what is heard and said again."""
        state.wanted = None if wanted is None else self._fusion.place(wanted)

    def step(
        self, state: EmotionState, samples: F32, speaking: bool, known: Known | None = None
    ) -> Emotion:
        """Emotion of the next frame from its f32[640] of sound and its voice activity.

        `known`: as `engines.emotion.voice.Voice.step`. Raises ValueError on another length.
        """
        cue = self._speech.step(state.speech, samples, speaking, known)
        state.unsaid += 1
        self._age(state)
        if cue is not None:
            classes, affect = self._fusion.speech_tokens(cue)
            self._take(state, "speech", classes)
            self._take(state, "affect", affect)
        if state.wanted is not None:
            goal, keep = state.wanted, _OVERRIDE
        else:
            aged = [Token(t.values, t.weight * state.fade[s]) for s, t in state.tokens.items()]
            goal = self._fusion.fuse(aged)
            rising = float(goal @ goal) > float(state.z @ state.z)
            keep = _ATTACK if rising else _RELEASE
        state.z = goal + np.float32(keep) * (state.z - goal)
        reading = self._fusion.read(state.z)
        z = state.z.copy()
        z.flags.writeable = False
        return Emotion(
            z=z,
            probabilities=reading.probabilities,
            valence=reading.valence,
            arousal=reading.arousal,
            intensity=reading.intensity,
            sources=frozenset({"override"} if state.wanted is not None else state.tokens),
        )

    @staticmethod
    def _take(state: EmotionState, stream: str, token: Token) -> None:
        if token.weight > FAINT:
            state.tokens[stream] = token
            state.fade[stream] = 1.0

    @staticmethod
    def _age(state: EmotionState) -> None:
        for stream in list(state.tokens):
            state.fade[stream] *= _TEXT_FADE if stream == "text" else _SPEECH_FADE
            if state.tokens[stream].weight * state.fade[stream] < FAINT:
                del state.tokens[stream], state.fade[stream]
