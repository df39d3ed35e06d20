"""Speech emotion: seven classes and valence-arousal of the last seconds of voice, five a second.

Weights are shared and read-only; runs on the engine thread; each session has a `SpeechState`.
Never hears ahead, never uses an absolute level, and never speaks of less than half a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engines.emotion.functionals import FUNCTIONALS, functionals, percentiles
from engines.emotion.gate import FIRST_ROWS, WINDOW_ROWS, GateState, VoiceGate
from engines.emotion.values import SPOKEN, SpeechCue, table_affect
from engines.emotion.voice import ROW_RATE_HZ, Known
from engines.emotion.weights import EmotionWeights
from engines.prosody import LOUDNESS
from engines.values import F32, FRAME_SAMPLES

CUE_FRAMES = 5
"""5 Hz."""
BASELINE_S = 25.0
"""Seconds of speech over which the speaker's own baseline is a mean."""
PRIOR_S = 3.0
"""The baseline starts as if so much neutral speech had been heard."""
BASELINE_LIMIT = 0.35
"""A voice that is angry for minutes is still angry: the baseline explains no more than this."""
PRIOR: F32 = np.array([0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], np.float32)
"""Class probabilities of a voice that speaks neutrally most of the time."""
BASELINE_SHARE = 0.5
"""How much of a voice's usual log-odds is taken off."""
CLEAR_RANGE_DB = 20.0
"""Loud rows stand so far above the soft ones in a clean recording; noise fills the gaps."""
STRANGE_AT, STRANGE_WIDTH = 2.0, 0.35
"""Mean square of the normalised features where the confidence is halved; 1 on training voices."""
CLIP_SD = 4.0
FULL_SCALE, CUT_SHARE = 0.999, 0.02
"""A frame with more samples at full scale than this is clipped beyond judging."""


@dataclass(slots=True)
class SpeechState:
    """Everything one stream carries."""

    gate: GateState
    baseline: tuple[float, float] = (0.0, 0.0)
    """Valence and arousal this speaker has on the whole."""
    usual: F32 = field(default_factory=lambda: PRIOR.copy())
    """f32[7]: the class probabilities this speaker has on the whole."""
    baseline_s: float = PRIOR_S


class SpeechEmotion:
    """Shared weights and the step; make one per process, one state per session."""

    def __init__(self, weights: EmotionWeights) -> None:
        self._gate = VoiceGate()
        self._mean = weights.get("speech_mean", FUNCTIONALS)
        self._sd = weights.get("speech_sd", FUNCTIONALS)
        self._classes = weights.get("speech_classes", FUNCTIONALS, SPOKEN)
        self._class_bias = weights.get("speech_class_bias", SPOKEN)
        self._affect = weights.get("speech_affect", FUNCTIONALS, 2)
        self._affect_bias = weights.get("speech_affect_bias", 2)

    @staticmethod
    def load(path: Path | None = None) -> SpeechEmotion:
        """From a weights folder (default: the one that ships). Raises BadEmotionWeights."""
        return SpeechEmotion(EmotionWeights.load(path))

    def new_state(self) -> SpeechState:
        """A speaker not heard yet."""
        return SpeechState(self._gate.new_state())

    def step(
        self, state: SpeechState, samples: F32, speaking: bool, known: Known | None = None
    ) -> SpeechCue | None:
        """Hear the next f32[640]; five times a second of speech, say what it sounds like.

        `speaking`: voice activity of this frame; `known`: as `VoiceGate.step`.
        Raises ValueError on another length.
        """
        if samples.shape != (FRAME_SAMPLES,):
            raise ValueError(f"emotion: wanted {FRAME_SAMPLES} samples, got {samples.shape}")
        if broken(samples):
            # Nothing of it may stay in the window: clean speech is judged alone, half a second on.
            state.gate.window = state.gate.window[:0]
            speaking = False
        self._gate.step(state.gate, samples, speaking, known)
        window = state.gate.window
        if not speaking or state.gate.frame % CUE_FRAMES or len(window) < FIRST_ROWS:
            return None
        found = functionals(window)
        return None if found is None else self._cue(state, found, window)

    def judge(self, found: F32) -> tuple[F32, float, float, float]:
        """Class probabilities f32[7], valence, arousal and familiarity 0..1 of functionals."""
        away = np.clip((found - self._mean) / self._sd, -CLIP_SD, CLIP_SD)
        scores = away @ self._classes + self._class_bias
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        heard = np.tanh(away @ self._affect + self._affect_bias)
        # Sharpened before the table: a mean over all classes would pull everything to the middle.
        sharp = shares**2 / float((shares**2).sum())
        valence, arousal = table_affect(sharp)
        strange = (float((away**2).mean()) - STRANGE_AT) / STRANGE_WIDTH
        familiar = 1.0 / (1.0 + math.exp(min(50.0, strange)))
        valence, arousal = 0.5 * (valence + float(heard[0])), 0.5 * (arousal + float(heard[1]))
        return shares.astype(np.float32), valence, arousal, familiar

    def _cue(self, state: SpeechState, found: F32, window: F32) -> SpeechCue:
        shares, valence, arousal, familiar = self.judge(found)
        low, high = percentiles(window[:, LOUDNESS], (10, 95))
        clear = min(1.0, max(0.1, float(high - low) / CLEAR_RANGE_DB))
        enough = min(1.0, len(window) / (0.75 * WINDOW_ROWS))
        confidence = enough * clear * familiar * (1.0 - 0.8 * doubt_of(shares))
        gained = clear * familiar * CUE_FRAMES / 25.0
        valence_change, arousal_change, relative = _against_baseline(
            state, valence, arousal, shares, gained
        )
        return SpeechCue(
            probabilities=shares,
            relative=relative,
            valence=valence,
            arousal=arousal,
            valence_change=valence_change,
            arousal_change=arousal_change,
            confidence=confidence,
            heard_s=len(window) / ROW_RATE_HZ,
        )


def broken(samples: F32) -> bool:
    """Whether a frame is no sound: not finite, or cut off at full scale in more than 2 % of it."""
    loud = np.abs(samples)
    # One look tells most sound: what is not a number is not below anything.
    if np.maximum.reduce(loud, initial=0.0) < FULL_SCALE:
        return False
    if not np.isfinite(loud).all():
        return True
    return int(np.count_nonzero(loud >= FULL_SCALE)) > CUT_SHARE * len(samples)


def doubt_of(shares: F32) -> float:
    """Entropy of class probabilities f32[7], 0 (sure) .. 1 (no idea)."""
    return -float((shares * np.log(shares + 1e-9)).sum()) / math.log(SPOKEN)


def _against_baseline(
    state: SpeechState, valence: float, arousal: float, shares: F32, gained: float
) -> tuple[float, float, F32]:
    """Changes and probabilities against the baseline as it was; then the baseline follows.

    `gained`: seconds of trusted speech that this cue adds to the running means.
    """
    changes = [
        min(1.0, max(-1.0, value - base))
        for value, base in zip((valence, arousal), state.baseline, strict=True)
    ]
    relative = shares * (PRIOR / state.usual) ** np.float32(BASELINE_SHARE)
    relative /= relative.sum()
    state.baseline_s = min(BASELINE_S, state.baseline_s + gained)
    rate = gained / state.baseline_s
    valence_base, arousal_base = (
        min(BASELINE_LIMIT, max(-BASELINE_LIMIT, base + rate * (value - base)))
        for value, base in zip((valence, arousal), state.baseline, strict=True)
    )
    state.baseline = (valence_base, arousal_base)
    # Never rarer than 2 %: the division above stays tame.
    state.usual = np.maximum(state.usual + np.float32(rate) * (shares - state.usual), 0.02)
    return changes[0], changes[1], relative
