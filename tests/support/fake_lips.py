"""A stand-in for LipModel: the jaw follows the loudness of the frame that is due.

Used on whatever thread drives the motion model under test.
Never loads weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.features import MEL_BINS
from engines.values import ARKIT_NAMES, F32, FRAME_SAMPLES, MOTION_INDEX


@dataclass(frozen=True)
class FakeLips:
    """The fields of Lips."""

    arkit: F32
    closure: float
    confidence: float
    energy: float
    sound: F32 = field(default_factory=lambda: np.zeros(MEL_BINS, np.float32))
    mel: F32 | None = None


@dataclass
class FakeLipState:
    """Loudness of the hops heard and not yet shown."""

    levels: list[float] = field(default_factory=list)
    steps: int = 0


class FakeLipModel:
    """The interface of LipModel; looks ahead two hops, so loudness shows when it sounds."""

    lookahead = 2 * FRAME_SAMPLES

    def new_state(self) -> FakeLipState:
        """State of a new session."""
        return FakeLipState()

    def step(self, state: FakeLipState, samples: F32) -> FakeLips:
        """Lips of the next frame from f32[640]; raises ValueError for another length."""
        if samples.shape != (FRAME_SAMPLES,):
            raise ValueError(f"expected f32[{FRAME_SAMPLES}], got {samples.shape}")
        state.steps += 1
        state.levels.append(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))
        level = min(1.0, 5.0 * state.levels[-2]) if len(state.levels) > 1 else 0.0
        del state.levels[:-2]
        arkit = np.zeros(len(ARKIT_NAMES), np.float32)
        arkit[MOTION_INDEX["jawOpen"]] = level
        arkit[MOTION_INDEX["mouthFunnel"]] = 0.3 * level
        arkit[MOTION_INDEX["mouthClose"]] = float(level < 0.02)
        return FakeLips(arkit, float(level < 0.02), 1.0, level)
