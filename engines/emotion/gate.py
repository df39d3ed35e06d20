"""The newest speech of a stream: voice rows kept while voice activity is on.

Explicit state; runs on the engine thread, and offline for training.
Never keeps more than two seconds of speech and never hears ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.emotion.voice import ROW_SIZE, Known, Voice, VoiceState
from engines.values import F32

WINDOW_ROWS = 200
"""2 s of speech, pauses left out: the length of the training clips."""
FIRST_ROWS = 50
"""Half a second: less is no ground to judge on."""
LEAD_ROWS = 12
"""Voice activity opens up to three frames late: the onset before it is kept."""
FORGET_FRAMES = 50
"""After 2 s without speech the next word is a new utterance."""


@dataclass(slots=True)
class GateState:
    """The rows kept of one stream."""

    voice: VoiceState
    window: F32 = field(default_factory=lambda: np.empty((0, ROW_SIZE), np.float32))
    lead: F32 = field(default_factory=lambda: np.empty((0, ROW_SIZE), np.float32))
    frame: int = 0
    quiet: int = 0
    """Frames since speech."""


class VoiceGate:
    """The newest speech of a stream: rows while voice activity is on, with a short lead."""

    def __init__(self) -> None:
        self._voice = Voice()

    def new_state(self) -> GateState:
        """Nothing heard."""
        return GateState(self._voice.new_state())

    def step(
        self, state: GateState, samples: F32, speaking: bool, known: Known | None = None
    ) -> F32:
        """Hear f32[640]; return the rows f32[m,38] that this frame adds to the speech.

        `known`: as `Voice.step`.
        """
        rows = self._voice.step(state.voice, samples, known)
        state.frame += 1
        if not speaking:
            state.quiet += 1
            state.lead = np.concatenate((state.lead, rows))[-LEAD_ROWS:]
            if state.quiet == FORGET_FRAMES:
                state.window = state.window[:0]
            return rows[:0]
        state.quiet = 0
        heard = np.concatenate((state.lead, rows))
        state.lead = state.lead[:0]
        state.window = np.concatenate((state.window, heard))[-WINDOW_ROWS:]
        return heard
