"""Voice rows: prosody, mel cepstra and band levels of a stream, one row each 10 ms.

Pure and explicit; used by the engine thread and by training alike.
Never looks ahead; any split of the stream gives the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.features import LOG_OFFSET, LOG_SCALE, MEL_BINS, LogMel, LogMelState
from engines.prosody import PROSODY_NAMES, PROSODY_SIZE, Prosody, ProsodyState
from engines.vad import clean
from engines.values import F32

CEPSTRA = 12
BANDS = 16
"""Bands of 5 mel bins."""
ROW_NAMES = (
    *PROSODY_NAMES,
    *(f"mfcc{i}" for i in range(1, CEPSTRA + 1)),
    *(f"band{i}" for i in range(BANDS)),
)
"""Columns: prosody; cepstra 1 to 12 of the log-mel row; mean natural log of each band's power."""
ROW_SIZE = len(ROW_NAMES)
ROW_RATE_HZ = 100

_DCT: F32 = np.cos(
    np.pi / MEL_BINS * np.outer(np.arange(1, CEPSTRA + 1), np.arange(MEL_BINS) + 0.5)
).astype(np.float32) * np.float32(np.sqrt(2.0 / MEL_BINS))


@dataclass(frozen=True, slots=True)
class Known:
    """What others have worked out of the same samples: nothing costs more here."""

    prosody: F32
    """f32[m,10], `engines.prosody`: by one who has heard this stream from its beginning, and of
    every part of it."""
    mel: F32 | None = None
    """f32[m,80], `engines.features.LogMel.step`: by one who has heard the 240 samples before too;
    None: not known this time."""


@dataclass(slots=True)
class VoiceState:
    """Both extractors' states."""

    prosody: ProsodyState
    mel: LogMelState


class Voice:
    """Shared tables and the step; one state per stream."""

    def __init__(self) -> None:
        self._prosody = Prosody()
        self._mel = LogMel()

    def new_state(self) -> VoiceState:
        """State before the first sample."""
        return VoiceState(self._prosody.new_state(), self._mel.new_state())

    def step(self, state: VoiceState, samples: F32, known: Known | None = None) -> F32:
        """Rows f32[m,38] that `samples` f32[n] complete; advances `state`."""
        samples = clean(samples)
        if known is None:
            prosody = self._prosody.step(state.prosody, samples)
        else:
            prosody = known.prosody
        if known is None or known.mel is None:
            mel = self._mel.step(state.mel, samples)
        else:
            mel = known.mel
            self._mel.skip(state.mel, samples)
        rows = np.empty((len(mel), ROW_SIZE), np.float32)
        # Both count their rows alike: a row is complete every 160 samples.
        rows[:, :PROSODY_SIZE] = prosody
        # A product of columns, each with its own bits.
        rows[:, PROSODY_SIZE : PROSODY_SIZE + CEPSTRA] = (_DCT @ mel[:, :, None])[:, :, 0]
        of_band = mel.reshape(len(mel), BANDS, MEL_BINS // BANDS)
        bands = np.add.reduce(of_band, axis=2) / np.float32(MEL_BINS // BANDS)
        rows[:, PROSODY_SIZE + CEPSTRA :] = bands * np.float32(LOG_SCALE) - np.float32(LOG_OFFSET)
        return rows
