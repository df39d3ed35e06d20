"""Cuts a stream of sound into phrases: speech up to a pause, or up to MAX_S of it.

Pure; one state for each session.
Never keeps silence, and never more than one phrase.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.vad import HOP, Vad, VadState, clean
from engines.values import F32, SAMPLE_RATE_HZ

MIN_S, MAX_S = 0.3, 6.0
"""A shorter sound is a cough; longer speech is cut, so that its words still come in time."""
LEAD_HOPS = 8
"""160 ms before speech was noticed: its first consonant."""
_MIN, _MAX = int(MIN_S * SAMPLE_RATE_HZ), int(MAX_S * SAMPLE_RATE_HZ)


@dataclass(slots=True)
class PhraseState:
    """What one session has said and not yet been cut."""

    vad: VadState
    rest: F32 = field(default_factory=lambda: np.empty(0, np.float32))
    """Fewer than HOP samples left over."""
    hops: list[F32] = field(default_factory=list)
    speaking: bool = False


class Phrases:
    """Shared by all sessions."""

    def __init__(self) -> None:
        self._vad = Vad()

    def new_state(self) -> PhraseState:
        """Silence so far."""
        return PhraseState(self._vad.new_state())

    def step(self, state: PhraseState, samples: F32) -> list[F32]:
        """Take f32[n] (any n); the phrases that it ends, oldest first. Any split: the same."""
        joined = np.concatenate((state.rest, clean(samples)))
        whole = len(joined) // HOP * HOP
        state.rest = joined[whole:]
        found = (self._hop(state, hop) for hop in joined[:whole].reshape(-1, HOP))
        return [phrase for phrase in found if phrase is not None]

    def _hop(self, state: PhraseState, hop: F32) -> F32 | None:
        was, state.speaking = state.speaking, self._vad.step(state.vad, hop)
        state.hops.append(hop)
        if not (was or state.speaking):
            del state.hops[:-LEAD_HOPS]
            return None
        length = len(state.hops) * HOP
        if state.speaking and length < _MAX:
            return None
        phrase: F32 = np.concatenate(state.hops)
        state.hops = []
        return phrase if length >= _MIN + LEAD_HOPS * HOP else None
