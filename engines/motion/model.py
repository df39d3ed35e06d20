"""Whole-face motion from sound: lips, voice activity and idle motion put together.

Used by the engine thread; the weights are shared, each session has a state.
Never adds delay: what is smoothed follows at once when it moves for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engines.motion.idle import IdleGenerator, IdleState
from engines.motion.smooth import smoothstep
from engines.vad import Vad, VadState, clean
from engines.values import (
    ARKIT_NAMES,
    F32,
    FRAME_SAMPLES,
    MOTION_INDEX,
    MOTION_SIZE,
    AudioWindow,
    MotionFrame,
)

CLOSE_FRAMES = 4
"""A mouth closes over 160 ms after speech or an interrupt."""
OPEN_FRAMES = 2
"""And opens over 80 ms: voice activity hears the look-ahead, so it is open when the sound is."""
QUIET_FRAMES = 1
"""Frames of silence after voice activity ended before the mouth is closed for it."""
JITTER = 0.03
"""A change well below this is taken for noise and halved; one well above it passes whole."""
JITTER_KEEP = 0.5


class LipsLike(Protocol):
    """One frame of lips, as engines.motion.lips gives it."""

    @property
    def arkit(self) -> F32:
        """f32[52]: only mouth, jaw and cheek entries are not 0."""

    @property
    def energy(self) -> float:
        """Energy of the voice, 0..1."""


class LipsSource(Protocol):
    """What is needed of a lip model."""

    @property
    def lookahead(self) -> int:
        """Samples after a frame's pts that it hears."""

    def new_state(self) -> Any:
        """State of a new session."""

    def step(self, state: Any, samples: F32) -> LipsLike:
        """Lips of the next frame from f32[640]."""


@dataclass(slots=True)
class MotionState:
    """One session's face."""

    lips: Any
    vad: VadState
    idle: IdleState
    mouth: F32
    """f32[52]: the mouth last shown, gate included."""
    steady: F32
    """f32[52]: the lips last heard, less jitter, before the gate."""
    parting: F32
    """f32[52]: the mouth shown when the running closing began."""
    epoch: int = -1
    pts: int = 0
    open: float = 0.0
    """The gate, 0 closed .. 1 the lips as heard."""
    closing: int = 0
    """Frames of a closing for an interrupt that are still to come."""
    quiet: int = 0
    """Frames in a row with neither voice nor loudness."""


class MotionModel:
    """Lips where there is voice, a closed and calm mouth where there is none, a living face."""

    def __init__(self, lips: LipsSource) -> None:
        self._lips = lips
        self._vad = Vad()
        self._idle = IdleGenerator()

    @classmethod
    def load(cls, lips: Path | None = None, threads: int = 1) -> MotionModel:
        """Load the lip model (None: the one that ships) to run on `threads` threads."""
        from engines.motion.lips import LipModel

        return cls(LipModel.load(lips, threads))

    @property
    def lookahead(self) -> int:
        """Samples after a frame's pts that it hears."""
        return self._lips.lookahead

    def new_state(self, seed: int) -> MotionState:
        """State of a new session: mouth closed."""
        return MotionState(
            self._lips.new_state(),
            self._vad.new_state(),
            self._idle.new_state(seed),
            CLOSED.copy(),
            CLOSED.copy(),
            CLOSED.copy(),
        )

    def step(self, state: MotionState, window: AudioWindow) -> MotionFrame:
        """The motion at window.pts; windows must come in order, every one of them.

        A window that does not follow the last one (an interrupt, a jump) closes the mouth first
        and starts the lips afresh: what was heard before says nothing about what comes.
        """
        if state.epoch < 0:
            state.epoch, state.pts = window.epoch, window.pts - FRAME_SAMPLES
        if window.epoch != state.epoch or window.pts != state.pts + FRAME_SAMPLES:
            self._part(state)
        state.epoch, state.pts = window.epoch, window.pts
        samples = clean(window.samples)
        speaking = self._vad.step(state.vad, samples)
        lips = self._lips.step(state.lips, samples)
        _gate(state, speaking)
        _steady(state, lips.arkit)
        _mouth(state)
        energy = float(lips.energy) if speaking else 0.0
        motion = self._idle.step(state.idle, speaking, energy)
        return MotionFrame(window.pts, window.epoch, _compose(motion, state.mouth), speaking)

    def _part(self, state: MotionState) -> None:
        state.lips = self._lips.new_state()
        state.vad = self._vad.new_state()
        state.parting = state.mouth
        state.steady = CLOSED.copy()
        state.closing = CLOSE_FRAMES
        state.open = 0.0
        state.quiet = 0


def _gate(state: MotionState, speaking: bool) -> None:
    """Close only when there is neither voice nor loudness: a soft onset opens it at once."""
    if speaking or not state.vad.quiet:
        state.quiet = 0
    else:
        state.quiet += 1
    shut = state.closing > 0 or state.quiet > QUIET_FRAMES
    step = -1.0 / CLOSE_FRAMES if shut else 1.0 / OPEN_FRAMES
    state.open = min(1.0, max(0.0, state.open + step))


def _steady(state: MotionState, heard: F32) -> None:
    """Take out jitter: small changes count half, large ones pass whole, so nothing lags."""
    change = heard - state.steady
    keep = JITTER_KEEP * np.exp(-np.square(change / JITTER))
    # The seal of the lips is a decision, not a measure: it passes as it is.
    keep[_SEAL] = 0.0
    state.steady = (heard - keep * change).astype(np.float32)


def _mouth(state: MotionState) -> None:
    """The mouth to show: lips through the gate, or on the way from `parting` to closed."""
    if state.closing > 0:
        state.closing -= 1
        left = 1.0 - smoothstep((CLOSE_FRAMES - state.closing) / CLOSE_FRAMES)
        shown = CLOSED + left * (state.parting - CLOSED)
    else:
        shown = CLOSED + smoothstep(state.open) * (state.steady - CLOSED)
    state.mouth = shown.astype(np.float32)


def _compose(idle: F32, mouth: F32) -> F32:
    shapes = len(ARKIT_NAMES)
    motion = np.empty(MOTION_SIZE, np.float32)
    motion[:shapes] = np.clip(idle[:shapes] + mouth, 0.0, 1.0)
    motion[shapes:] = idle[shapes:]
    motion.flags.writeable = False
    return motion


_SEAL = MOTION_INDEX["mouthClose"]
CLOSED: F32 = np.zeros(len(ARKIT_NAMES), np.float32)
"""f32[52]: the mouth at rest: every muscle loose, the lips sealed."""
CLOSED[_SEAL] = 1.0
CLOSED.flags.writeable = False
