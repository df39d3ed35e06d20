"""Published speech-emotion models by name, in place of the embedded head or beside it.

Weights are shared; runs on the thread that calls it; each session has a state.
Never hears ahead and never speaks of less than half a second of speech.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from engines.emotion import hub
from engines.emotion.speech import SpeechEmotion, SpeechState, doubt_of
from engines.emotion.values import SPOKEN, SpeechCue, table_affect
from engines.emotion.voice import Known
from engines.vad import clean
from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ

WINDOW = 2 * SAMPLE_RATE_HZ
FIRST = SAMPLE_RATE_HZ // 2
CUE_FRAMES = 15
"""Each 0.6 s of speech, on a frame on which the embedded head speaks too."""


@dataclass(slots=True)
class HubSpeechState:
    """The newest speech of one session, and the embedded head's state."""

    embedded: SpeechState
    heard: F32 = field(default_factory=lambda: np.empty(0, np.float32))
    frame: int = 0
    shares: F32 | None = None
    """f32[7]: what the published model said last in this utterance."""


class HubSpeechEmotion:
    """Mean of the embedded head's and a published model's class probabilities.

    The same interface as SpeechEmotion. The published model hears twice a second; between its
    turns its last word stands.
    """

    def __init__(self, name: str, embedded: SpeechEmotion, share: float = 0.5) -> None:
        """Load a model by name or folder; `share` 0..1 is its part. Raises HubMissing."""
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share {share} is not in 0..1")
        self._prepare = hub.load("AutoFeatureExtractor", name)
        self._model = hub.load("AutoModelForAudioClassification", name)
        # Surprise is not among the classes that a voice tells here: it is left out.
        self._map = hub.label_map(self._model.config.id2label)[:, :SPOKEN]
        self._embedded = embedded
        self._share = np.float32(share)

    def new_state(self) -> HubSpeechState:
        """A speaker not heard yet."""
        return HubSpeechState(self._embedded.new_state())

    def step(
        self, state: HubSpeechState, samples: F32, speaking: bool, known: Known | None = None
    ) -> SpeechCue | None:
        """Hear the next f32[640]; as SpeechEmotion.step."""
        cue = self._embedded.step(state.embedded, samples, speaking, known)
        state.frame += 1
        if speaking:
            state.heard = np.concatenate((state.heard, clean(samples)))[-WINDOW:]
            if state.frame % CUE_FRAMES == 0 and len(state.heard) >= FIRST:
                state.shares = self._listen(state.heard)
        elif state.embedded.gate.quiet * FRAME_SAMPLES > WINDOW:
            state.heard, state.shares = state.heard[:0], None
        if cue is None or state.shares is None:
            return cue
        return self._joined(cue, state.shares)

    def _listen(self, heard: F32) -> F32:
        inputs = self._prepare(heard, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        scores = self._model(**inputs).logits[0].numpy()
        shares = hub.softmax(scores) @ self._map
        total = float(shares.sum())
        even = np.full(SPOKEN, 1.0 / SPOKEN, np.float32)
        return (shares / np.float32(total)).astype(np.float32) if total > 1e-3 else even

    def _joined(self, cue: SpeechCue, shares: F32) -> SpeechCue:
        def mixed(ours: F32) -> F32:
            both = (1.0 - self._share) * ours + self._share * shares
            return np.asarray(both / both.sum(), np.float32)

        joined = mixed(cue.probabilities)
        valence, arousal = table_affect(joined**2 / float((joined**2).sum()))
        part = float(self._share)
        surer = (1.0 - 0.8 * doubt_of(joined)) / (1.0 - 0.8 * doubt_of(cue.probabilities))
        return replace(
            cue,
            probabilities=joined,
            relative=mixed(cue.relative),
            valence=(1.0 - part) * cue.valence + part * valence,
            arousal=(1.0 - part) * cue.arousal + part * arousal,
            confidence=min(1.0, cue.confidence * surer),
        )
