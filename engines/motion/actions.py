"""Things a face does when told to: nods, shakes its head, looks aside, raises its brows, laughs.

Pure but for its seeded generator; used by the engine thread.
Never touches the lips of speech, never leaves anything behind: every action ends where it began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX
from engines.values import F32

MAX_RUNNING = 4
"""Actions at a time; of more, the oldest goes."""
Curve = Callable[[np.random.Generator], F32]


@dataclass(slots=True)
class ActionState:
    """One session's running actions."""

    rng: np.random.Generator
    running: list[tuple[F32, int]] = field(default_factory=list)
    """Curves f32[T,28] and the next frame of each."""


def _sheet(frames: int, **curves: F32) -> F32:
    out = np.zeros((frames, CHANNEL_COUNT), np.float32)
    for name, curve in curves.items():
        out[:, CHANNEL_INDEX[name]] = curve
    return out


def _hold(frames: int, edge: int) -> F32:
    """0 to 1 over `edge` frames, held, and back: f32[frames]."""
    at = np.arange(frames, dtype=np.float32)
    share = np.clip(np.minimum(at + 1, frames - at) / np.float32(edge + 1), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def _swing(frames: int, cycles: float, fall: float) -> F32:
    """A fading oscillation that begins and ends at 0: f32[frames]."""
    at = np.arange(frames, dtype=np.float32) / frames
    wave = np.sin(2 * np.pi * cycles * at) * np.exp(-fall * at)
    return (wave * _hold(frames, 3)).astype(np.float32)


def _nod(rng: np.random.Generator) -> F32:
    depth = float(rng.uniform(0.10, 0.15))
    at = np.arange(28, dtype=np.float32) / 28
    dips = (np.sin(2 * np.pi * at) ** 2 * np.where(at < 0.5, 1.0, 0.6)).astype(np.float32)
    return _sheet(28, headPitch=depth * dips, lookDown=-1.6 * depth * dips)


def _shake(rng: np.random.Generator) -> F32:
    reach = float(rng.uniform(0.12, 0.17)) * (1 if rng.random() < 0.5 else -1)
    turn = reach * _swing(48, 2.5, 0.8)
    return _sheet(48, headYaw=turn, lookLeft=-1.2 * turn)


def _tilt(rng: np.random.Generator) -> F32:
    side = 1.0 if rng.random() < 0.5 else -1.0
    held = _hold(45, 10)
    return _sheet(45, headRoll=0.11 * side * held, browInner=0.15 * held)


def _look(name: str, sign: float, head: str, head_reach: float) -> Curve:
    def curve(rng: np.random.Generator) -> F32:
        frames = int(rng.integers(28, 40))
        eyes, turn = _hold(frames, 2), _hold(frames, 8)
        return _sheet(frames, **{name: 0.75 * sign * eyes, head: head_reach * sign * turn})

    return curve


def _brows(rng: np.random.Generator) -> F32:
    held = float(rng.uniform(0.6, 0.85)) * _hold(22, 5)
    return _sheet(22, browInner=held, browOuterLeft=held, browOuterRight=held, wide=0.3 * held)


def _smile(rng: np.random.Generator) -> F32:
    held = _hold(70, 12)
    lean = float(rng.uniform(-0.05, 0.05))
    return _sheet(
        70,
        smileLeft=(0.65 + lean) * held,
        smileRight=(0.65 - lean) * held,
        cheek=0.45 * held,
        squint=0.25 * held,
    )


def _laugh(rng: np.random.Generator) -> F32:
    held = _hold(62, 8)
    beat = (0.5 + 0.5 * np.sin(2 * np.pi * np.arange(62) / 5.5)) * held
    return _sheet(
        62,
        smileLeft=0.85 * held,
        smileRight=0.82 * held,
        cheek=0.7 * held,
        squint=0.5 * held,
        jaw=0.12 * held + 0.12 * beat,
        upperUp=0.25 * held,
        headPitch=-0.06 * held + 0.02 * beat,
        headY=-0.008 * beat,
    )


def _wink(rng: np.random.Generator) -> F32:
    held = _hold(11, 3)
    return _sheet(11, blinkLeft=held, cheek=0.25 * held, smileLeft=0.3 * held)


def _shrug(rng: np.random.Generator) -> F32:
    held = _hold(36, 7)
    return _sheet(
        36,
        shrug=0.55 * held,
        frown=0.35 * held,
        browInner=0.5 * held,
        browOuterLeft=0.5 * held,
        browOuterRight=0.5 * held,
        headRoll=0.07 * held,
        headY=0.02 * held,
    )


ACTIONS: dict[str, Curve] = {
    "nod": _nod,
    "shake": _shake,
    "tilt": _tilt,
    "look_left": _look("lookLeft", 1.0, "headYaw", 0.10),
    "look_right": _look("lookLeft", -1.0, "headYaw", 0.10),
    "look_up": _look("lookDown", -1.0, "headPitch", 0.05),
    "look_down": _look("lookDown", 1.0, "headPitch", 0.08),
    "raise_brows": _brows,
    "smile": _smile,
    "laugh": _laugh,
    "wink": _wink,
    "shrug": _shrug,
}
"""Left and right are the person's own."""


def new_actions(seed: int) -> ActionState:
    """State of a session that does nothing yet."""
    return ActionState(np.random.Generator(np.random.PCG64(seed)))


def begin_action(state: ActionState, name: str) -> None:
    """Start an action with the next frame. Raises ValueError for an unknown name."""
    if name not in ACTIONS:
        raise ValueError(f"action {name[:40]!r}: wanted one of {', '.join(ACTIONS)}")
    state.running.append((ACTIONS[name](state.rng).astype(np.float32), 0))
    del state.running[:-MAX_RUNNING]


def step_actions(state: ActionState) -> F32:
    """What the running actions add to the next frame, f32[28]."""
    total = np.zeros(CHANNEL_COUNT, np.float32)
    after: list[tuple[F32, int]] = []
    for curve, at in state.running:
        total += curve[at]
        if at + 1 < len(curve):
            after.append((curve, at + 1))
    state.running = after
    return total
