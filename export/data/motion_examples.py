"""Examples for the motion net: what was heard and asked for, and what the face did.

Offline; pure functions of arrays and files.
Never holds lips: sound decides those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.emotion.values import EMOTIONS
from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX, CHANNELS, to_channels
from engines.motion.style import STYLE_INDEX, STYLE_SIZE, USUAL
from engines.motion.voice import VOICE_SIZE, Voice
from engines.vad import Vad, clean
from engines.values import F32, FRAME_SAMPLES
from export.data.motion_labels import face_motion
from export.data.performer import ENERGY, SPEAKING, Part, perform

LOOKAHEAD = 1280
TAKE_FRAMES = 250
"""Ten seconds: a posture of the head is held for up to seven."""
MEASURED = (
    *("blinkLeft", "blinkRight", "lookLeft", "lookDown", "browInner", "browOuterLeft"),
    *("browOuterRight", "browDown", "headPitch", "headYaw", "headRoll", "headX", "headY", "headZ"),
)
"""Channels that the tracker sees; the others count as 0 there (one calm mood), with less weight."""
UNSEEN_WEIGHT = 0.3
VIDEO_BLINKS = 1.0
"""The video's speaker blinks 45 times a minute; the dial says so, and ours stands lower."""


@dataclass(frozen=True, slots=True)
class MotionExample:
    """T frames of one stream."""

    name: str
    voice: F32
    """f32[T,9] in VOICE_NAMES order."""
    other: F32
    """f32[T,2]: voice activity and energy of the other side."""
    emotion: F32
    """f32[T,8]: intensity of each emotion, in EMOTIONS order; neutral's is what is left of 1."""
    style: F32
    """f32[7] in STYLE_NAMES order."""
    channels: F32
    """f32[T,28] in CHANNEL_NAMES order."""
    weight: F32
    """f32[28]"""

    @property
    def measured(self) -> bool:
        """Of real video: some channels were not seen."""
        return bool(self.weight.min() < 1.0)


def hear(samples: F32, lookahead: int = LOOKAHEAD) -> F32:
    """f32[T,9] voice features of every whole frame of f32[N], as serving hears them."""
    frames = len(samples) // FRAME_SAMPLES
    padded = np.concatenate([samples, np.zeros(lookahead, np.float32)])
    voice, vad = Voice(), Vad()
    state, activity = voice.new_state(), vad.new_state()
    ahead = lookahead // FRAME_SAMPLES
    rows = np.zeros((frames, VOICE_SIZE), np.float32)
    for i in range(frames + ahead):
        window = clean(padded[i * FRAME_SAMPLES : (i + 1) * FRAME_SAMPLES])
        row = voice.step(state, window, vad.step(activity, window))
        # A frame has heard the windows that end within the look-ahead after its pts.
        if i >= ahead - 1 and i - ahead + 1 < frames:
            rows[i - ahead + 1] = row
    return rows


def video_example(name: str, samples: F32, landmarks: F32) -> MotionExample:
    """A clip of real video: measured head, lids, gaze and brows."""
    voice = hear(samples)
    channels = to_channels(face_motion(landmarks))
    down = CHANNEL_INDEX["browDown"]
    channels[:, down] = np.maximum(channels[:, down], 0)
    length = min(len(voice), len(channels))
    weight = np.full(CHANNEL_COUNT, UNSEEN_WEIGHT, np.float32)
    weight[[CHANNEL_INDEX[n] for n in MEASURED]] = 1.0
    unseen = [CHANNEL_INDEX[n] for n, _, _ in CHANNELS if n not in MEASURED]
    channels[:, unseen] = 0.0
    style = USUAL.copy()
    style[STYLE_INDEX["blink"]] = VIDEO_BLINKS
    emotion = np.zeros((length, len(EMOTIONS)), np.float32)
    emotion[:, 0] = 1.0
    other = np.zeros((length, 2), np.float32)
    return MotionExample(name, voice[:length], other, emotion, style, channels[:length], weight)


def mood(length: int, rng: np.random.Generator, label: str | None = None) -> F32:
    """f32[T,8]: an emotion that may change once or twice within a take."""
    out = np.zeros((length, len(EMOTIONS)), np.float32)
    cuts = sorted(int(c) for c in rng.integers(20, length - 20, int(rng.integers(0, 3))))
    for begin, end in zip([0, *cuts], [*cuts, length], strict=True):
        if label is None and rng.random() < 0.3:
            continue
        which = EMOTIONS.index(label) if label else int(rng.integers(1, len(EMOTIONS)))
        strength = float(rng.uniform(0.2, 1.0))
        out[begin:end, which] = strength
        if rng.random() < 0.25:
            second = int(rng.integers(1, len(EMOTIONS)))
            out[begin:end, which] *= 0.6
            out[begin:end, second] += 0.4 * strength
    out[:, 0] = 1.0 - out[:, 1:].sum(1)
    return out


def take(name: str, voice: F32, other: F32, label: str | None, seed: int) -> MotionExample:
    """A performed take over heard voices (f32[T,9] of this side, f32[T,9] of the other)."""
    rng = np.random.default_rng(seed)
    emotion = mood(len(voice), rng, label)
    style = np.clip(USUAL + rng.normal(0, 0.22, STYLE_SIZE), 0, 1).astype(np.float32)
    if rng.random() < 0.3:
        style = USUAL.copy()
    shares = [_shares(row) for row in emotion]
    for i in range(1, len(shares)):
        if shares[i] == shares[i - 1]:
            shares[i] = shares[i - 1]
    listened = np.ascontiguousarray(other[:, [SPEAKING, ENERGY]])
    channels = perform(Part(voice, listened, shares, style), seed)
    weight = np.ones(CHANNEL_COUNT, np.float32)
    return MotionExample(name, voice, listened, emotion, style, channels, weight)


def _shares(row: F32) -> dict[str, float]:
    return {
        name: float(value) for name, value in zip(EMOTIONS[1:], row[1:], strict=True) if value > 0
    }


def silence(length: int, rng: np.random.Generator) -> F32:
    """Voice features f32[T,9] of a quiet room."""
    out = np.zeros((length, VOICE_SIZE), np.float32)
    out[:, VOICE_SIZE - 1] = np.exp(-np.arange(length) / 15.0) * float(rng.random() < 0.5)
    return out
