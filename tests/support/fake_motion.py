"""A stand-in for MotionModel: cheap, deterministic, with a settable delay and fault.

Used on whatever thread drives the engine under test.
Never loads weights and never sleeps by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engines.motion.wishes import Wish
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, AudioWindow, MotionFrame

_JAW = MOTION_INDEX["jawOpen"]
_CLOSE = MOTION_INDEX["mouthClose"]
_YAW = MOTION_INDEX["headYaw"]
_BLINK = (MOTION_INDEX["eyeBlinkLeft"], MOTION_INDEX["eyeBlinkRight"])


class FakeFault(Exception):
    """The fault a fake was told to raise."""


@dataclass
class FakeMotionState:
    """One session: seed, number of steps taken, and a leaky memory of loudness."""

    seed: int
    steps: int = 0
    level: float = 0.0
    heard: list[tuple[int, int]] = field(default_factory=list)
    """(epoch, pts) of every window given."""
    told: list[Wish] = field(default_factory=list)
    """Every wish, in order."""


class FakeMotionModel:
    """The interface of MotionModel: the jaw follows loudness, the head follows the seed.

    `delay_s` is handed to `wait` at each step (`FakeClock.advance`, or `time.sleep`, or nothing);
    `fail_at` is the media time (pts) from which steps raise FakeFault, for the sessions whose seed
    is in `fail_seeds` (empty: all).
    """

    def __init__(
        self,
        *,
        lookahead: int = 1280,
        delay_s: float = 0.0,
        wait: Callable[[float], None] | None = None,
        fail_at: int | None = None,
        fail_seeds: frozenset[int] = frozenset(),
    ) -> None:
        self.lookahead = lookahead
        self.delay_s = delay_s
        self.wait = wait
        self.fail_at = fail_at
        self.fail_seeds = fail_seeds

    def new_state(self, seed: int) -> FakeMotionState:
        """State of a new session."""
        return FakeMotionState(seed)

    def step(self, state: FakeMotionState, window: AudioWindow) -> MotionFrame:
        """Motion f32[58] of one window; raises FakeFault when told to."""
        if self.wait is not None and self.delay_s > 0:
            self.wait(self.delay_s)
        if self._must_fail(state.seed, window.pts):
            raise FakeFault(f"motion of seed {state.seed} fails at {window.pts}")
        state.steps += 1
        state.heard.append((window.epoch, window.pts))
        rms = float(np.sqrt(np.mean(np.square(window.samples, dtype=np.float64))))
        state.level = 0.5 * state.level + 0.5 * rms
        speaking = state.level > 0.01
        return MotionFrame(window.pts, window.epoch, _motion(state), speaking)

    def obey(self, state: FakeMotionState, wish: Wish) -> None:
        """Remembers it."""
        state.told.append(wish)

    def _must_fail(self, seed: int, pts: int) -> bool:
        if self.fail_at is None or pts < self.fail_at:
            return False
        return not self.fail_seeds or seed in self.fail_seeds


def _motion(state: FakeMotionState) -> F32:
    motion = np.zeros(MOTION_SIZE, np.float32)
    motion[_JAW] = min(1.0, 4.0 * state.level)
    motion[_CLOSE] = 1.0 if state.level <= 0.01 else 0.0
    motion[_YAW] = 0.1 * np.sin(0.1 * state.steps + state.seed)
    if state.steps % 75 < 3:
        motion[list(_BLINK)] = 1.0
    return motion
