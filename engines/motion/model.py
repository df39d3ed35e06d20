"""Whole-face motion from sound: lips, feeling and performance put together.

Used by the engine thread; the weights are shared, each session has a state.
Never adds delay: what is smoothed follows at once when it moves for good.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from engines.emotion.values import Emotion, EmotionOverride
from engines.emotion.voice import Known
from engines.motion.a2m import A2M, A2MState
from engines.motion.actions import ActionState, begin_action, new_actions, step_actions
from engines.motion.compose import compose
from engines.motion.feeling import feeling, sobriety
from engines.motion.style import STYLE_INDEX, USUAL
from engines.motion.voice import Voice, VoiceState
from engines.motion.wishes import Act, Feel, Listen, Manner, Say, Wish
from engines.vad import Vad, VadState, clean
from engines.values import (
    ARKIT_NAMES,
    F32,
    FRAME_SAMPLES,
    MOTION_INDEX,
    AudioWindow,
    MotionFrame,
)

CLOSE_FRAMES = 4
"""A mouth closes over 160 ms after speech or an interrupt."""
OPEN_FRAMES = 2
"""And opens over 80 ms: voice activity hears the look-ahead, so it is open when the sound is."""
PAST = 12
"""Frames that a face can be taken back: twice the silence that speech may take the place of."""
QUIET_FRAMES = 1
"""Frames of silence after voice activity ended before the mouth is closed for it."""
JITTER = 0.03
"""A change well below this is taken for noise and halved; one well above it passes whole."""
JITTER_KEEP = 0.5
SOBERING = 0.15
"""Share of the way made in a frame as the smile worn at rest is laid off, and back: 0.25 s."""


class LipsLike(Protocol):
    """One frame of lips, as engines.motion.lips gives it."""

    @property
    def arkit(self) -> F32:
        """f32[52]: only mouth, jaw and cheek entries are not 0."""

    @property
    def energy(self) -> float:
        """Energy of the voice, 0..1."""

    @property
    def sound(self) -> F32:
        """f32[80]: mean of the log-mel rows heard for this frame."""

    @property
    def mel(self) -> F32 | None:
        """f32[4,80]: those rows, by `engines.features`; None where they are not worked out."""


class LipsSource(Protocol):
    """What is needed of a lip model."""

    @property
    def lookahead(self) -> int:
        """Samples after a frame's pts that it hears."""

    def new_state(self) -> Any:
        """State of a new session."""

    def step(self, state: Any, samples: F32) -> LipsLike:
        """Lips of the next frame from f32[640]."""


class EmotionSource(Protocol):
    """What is needed of an emotion model: `engines.emotion.model.EmotionModel`."""

    def new_state(self) -> Any:
        """State of a new session."""

    def step(self, state: Any, samples: F32, speaking: bool, known: Known | None = None) -> Emotion:
        """What is felt in the next frame, and what is `known` of its samples."""

    def say(self, state: Any, text: str) -> None:
        """Hear words."""

    def override(self, state: Any, wish: EmotionOverride | None) -> None:
        """Feel this, whatever is heard; None: feel what is heard again."""


@dataclass(slots=True)
class MotionState:
    """One session's face."""

    lips: Any
    emotion: Any
    vad: VadState
    voice: VoiceState
    face: A2MState
    actions: ActionState
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
    sober: float = 0.0
    """How far the smile worn at rest is laid off, 0..1."""
    past: deque[tuple[int, A2MState, float]] = field(default_factory=lambda: deque(maxlen=PAST))
    """Face and `sober` after each of the last frames, by pts: a seamless epoch goes on from it."""
    style: F32 = field(default_factory=USUAL.copy)
    """f32[7] in STYLE_NAMES order."""
    manner: F32 | None = None
    """`style`, where it is not the usual one."""
    temperature: float = 1.0
    other: F32 = field(default_factory=lambda: np.zeros(2, np.float32))
    """f32[2]: voice activity and energy of the other side."""


class MotionModel:
    """Lips where there is voice, a calm mouth where there is none, a face that feels."""

    def __init__(self, lips: LipsSource, a2m: A2M, emotion: EmotionSource) -> None:
        self._lips = lips
        self._a2m = a2m
        self._emotion = emotion
        self._vad = Vad()
        self._voice = Voice()

    @classmethod
    def load(
        cls,
        lips: LipsSource | None = None,
        threads: int = 1,
        emotion: EmotionSource | None = None,
    ) -> MotionModel:
        """Load all that ships (but `lips` and `emotion`, when given) for `threads` threads."""
        from engines.emotion.model import EmotionModel
        from engines.motion.lips import LipModel

        heard = lips or LipModel.load(None, threads)
        return cls(heard, A2M.load(threads=threads), emotion or EmotionModel.load())

    @property
    def lookahead(self) -> int:
        """Samples after a frame's pts that it hears."""
        return self._lips.lookahead

    def new_state(self, seed: int) -> MotionState:
        """State of a new session: mouth closed."""
        return MotionState(
            self._lips.new_state(),
            self._emotion.new_state(),
            self._vad.new_state(),
            self._voice.new_state(),
            self._a2m.new_state(seed),
            new_actions(seed),
            CLOSED.copy(),
            CLOSED.copy(),
            CLOSED.copy(),
        )

    def obey(self, state: MotionState, wish: Wish) -> None:
        """Take in what the session is told; it shows from the next frame on."""
        match wish:
            case Say(text):
                self._emotion.say(state.emotion, text)
            case Feel(wanted):
                self._emotion.override(state.emotion, wanted)
            case Act(name):
                begin_action(state.actions, name)
            case Manner(dials, temperature):
                state.style = USUAL.copy()
                for dial, value in dials.items():
                    state.style[STYLE_INDEX[dial]] = value
                state.manner = None if np.array_equal(state.style, USUAL) else state.style
                state.temperature = temperature
            case Listen(speaking, energy):
                state.other = np.array([float(speaking), energy], np.float32)

    def step(self, state: MotionState, window: AudioWindow) -> MotionFrame:
        """The motion at window.pts; windows must come in order, every one of them.

        A window that does not follow the last one (an interrupt, a jump) closes the mouth first
        and starts the lips afresh: what was heard before says nothing about what comes. Not so a
        seamless one: the face goes on from the frame before it.
        """
        if state.epoch < 0:
            state.epoch, state.pts = window.epoch, window.pts - FRAME_SAMPLES
        if window.seamless and window.epoch != state.epoch:
            _resume(state, window)
        parted = window.epoch != state.epoch or window.pts != state.pts + FRAME_SAMPLES
        if parted:
            self._part(state)
        state.epoch, state.pts = window.epoch, window.pts
        samples = clean(window.samples)
        speaking = self._vad.step(state.vad, samples)
        lips = self._lips.step(state.lips, samples)
        _gate(state, speaking)
        _steady(state, lips.arkit)
        _mouth(state)
        # Voice and feeling listen to pitch and loudness, lips and feeling to the spectrum: each
        # costs as much as a net, and is worked out once. Lips begun anew have not heard what was
        # before, so that their first rows are their own.
        prosody = self._voice.hear(state.voice, samples)
        heard = self._voice.follow(state.voice, prosody, speaking)
        known = Known(prosody, None if parted else lips.mel)
        emotion = self._emotion.step(state.emotion, samples, speaking, known)
        told = feeling(emotion)
        channels = self._a2m.step(
            state.face, heard, state.other, told, state.style, state.temperature
        )
        channels += step_actions(state.actions)
        voiced = smoothstep(state.open)
        friendly = max(0.0, 2.0 * float(state.style[_SMILE_DIAL]) - 1.0)
        wish = sobriety(emotion, told, voiced) * (1.0 - friendly)
        state.sober += SOBERING * (wish - state.sober)
        state.past.append((window.pts, state.face.as_it_is(), state.sober))
        motion = compose(channels, state.mouth, voiced, state.sober)
        return MotionFrame(
            window.pts, window.epoch, motion, speaking, emotion, lips.sound, state.manner
        )

    def _part(self, state: MotionState) -> None:
        state.lips = self._lips.new_state()
        state.vad = self._vad.new_state()
        state.parting = state.mouth
        state.steady = CLOSED.copy()
        state.closing = CLOSE_FRAMES
        state.open = 0.0
        state.quiet = 0


def _resume(state: MotionState, window: AudioWindow) -> None:
    """Back to the frame before `window`, where it is remembered: only silence was heard since.

    The lips, shut, need nothing of it, and what the session was told since stays.
    """
    before = window.pts - FRAME_SAMPLES
    while state.past and state.past[-1][0] > before:
        state.past.pop()
    if state.past and state.past[-1][0] == before:
        _, face, state.sober = state.past[-1]
        state.face = face.as_it_is()
        state.epoch, state.pts = window.epoch, before


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
    state.steady = heard - keep * change


def _mouth(state: MotionState) -> None:
    """The mouth to show: lips through the gate, or on the way from `parting` to closed."""
    if state.closing > 0:
        state.closing -= 1
        left = 1.0 - smoothstep((CLOSE_FRAMES - state.closing) / CLOSE_FRAMES)
        state.mouth = CLOSED + left * (state.parting - CLOSED)
    else:
        state.mouth = CLOSED + smoothstep(state.open) * (state.steady - CLOSED)


def smoothstep(t: float) -> float:
    """0 at 0, 1 at 1, flat at both ends."""
    t = min(1.0, max(0.0, t))
    return t * t * (3.0 - 2.0 * t)


_SEAL = MOTION_INDEX["mouthClose"]
_SMILE_DIAL = STYLE_INDEX["smile"]
CLOSED: F32 = np.zeros(len(ARKIT_NAMES), np.float32)
"""f32[52]: the mouth at rest: every muscle loose, the lips sealed."""
CLOSED[_SEAL] = 1.0
CLOSED.flags.writeable = False
