"""A performer by rule: takes of a face that speaks, listens and feels, for the net to learn.

Offline; pure but for its seed.
Never used by the server: there the trained net performs.

Real video (one speaker, three seconds a clip, one mood) cannot teach idling, listening or emotion;
these takes can. Blink, gaze and head statistics are those of the literature named in the parts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX, HIGH, LOW, to_channels
from engines.motion.style import STYLE_INDEX
from engines.motion.voice import VOICE_NAMES
from engines.values import F32, FRAME_RATE_HZ, POSE_NAMES
from export.data.acting.blink import new_blink, step_blink
from export.data.acting.idle import IdleGenerator
from export.data.acting.smooth import Spring
from export.data.expressions import Manner, mixed

SPEAKING, ENERGY = VOICE_NAMES.index("speaking"), VOICE_NAMES.index("energy")
ONSET = 4.5
"""Speed (1/s) at which a posture comes and goes: half the way in 0.4 s."""
NOD_FRAMES = 11
NOD_RAD = (0.03, 0.06)
_POSE = [CHANNEL_INDEX[name] for name in POSE_NAMES]
_BROWS = [CHANNEL_INDEX[name] for name in ("browInner", "browOuterLeft", "browOuterRight")]
_LOOKS = [CHANNEL_INDEX[name] for name in ("lookLeft", "lookDown")]
_LIDS = [CHANNEL_INDEX[name] for name in ("blinkLeft", "blinkRight")]


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of the performer, frame by frame."""

    voice: F32
    """f32[T,9] in VOICE_NAMES order."""
    other: F32
    """f32[T,2]: voice activity and energy of the other side."""
    shares: list[dict[str, float]]
    """Emotions of each frame, at most 1 together."""
    style: F32
    """f32[7] in STYLE_NAMES order, 0.5 usual."""


def perform(part: Part, seed: int) -> F32:
    """Channels f32[T,28] of a take."""
    rng = np.random.default_rng(seed)
    length = len(part.voice)
    manner = _mean_manner(part)
    take = _idle(part, manner, int(rng.integers(1 << 30)))
    style = {name: 2.0 * float(part.style[i]) for name, i in STYLE_INDEX.items()}
    take[:, _POSE] *= manner.turn * (0.4 + 0.6 * style["energy"])
    take[:, _BROWS] *= manner.brow * style["brows"]
    take[:, _LOOKS] *= manner.gaze * (2.0 - style["gaze"]) * (1.0 - 0.4 * part.other[:, :1])
    take[:, _LIDS] = _blinks(part, manner.blink * (0.35 + 0.65 * style["blink"]), rng)
    take += _posture(part, style["smile"] - 1.0, rng)
    take[:, CHANNEL_INDEX["headPitch"]] += _nods(part.other, style["nod"], rng)
    assert take.shape == (length, CHANNEL_COUNT)
    return np.clip(take, LOW, HIGH).astype(np.float32)


def _mean_manner(part: Part) -> Manner:
    names = {name for shares in part.shares for name in shares}
    mean = {n: float(np.mean([s.get(n, 0.0) for s in part.shares])) for n in names}
    return mixed(mean)[1]


def _idle(part: Part, manner: Manner, seed: int) -> F32:
    """Head, gaze and brows at the manner's tempo: performed on a stretched clock, then put back."""
    length = len(part.voice)
    tempo = manner.tempo * (0.7 + 0.6 * float(part.style[STYLE_INDEX["tempo"]]))
    steps = max(2, round(length * tempo))
    at = np.linspace(0, length - 1, steps)
    generator = IdleGenerator()
    state = generator.new_state(seed)
    rows = []
    for i in at:
        voice = part.voice[round(float(i))]
        rows.append(generator.step(state, bool(voice[SPEAKING] > 0.5), float(voice[ENERGY])))
    take = to_channels(np.stack(rows))
    back = np.linspace(0, steps - 1, length)
    columns = [np.interp(back, np.arange(steps), column) for column in take.T]
    return np.stack(columns, axis=1).astype(np.float32)


def _blinks(part: Part, rate: float, rng: np.random.Generator) -> F32:
    state = new_blink(np.random.default_rng(int(rng.integers(1 << 30))))
    lids = np.zeros((len(part.voice), 2), np.float32)
    spoke = False
    for i, voice in enumerate(part.voice):
        speaking = bool(voice[SPEAKING] > 0.5)
        asked = 0.45 * min(1.0, rate) if spoke and not speaking else 0.0
        spoke = speaking
        lids[i] = step_blink(state, speaking, asked)
        state.wait -= rate - 1.0
    return lids


def _posture(part: Part, warmth: float, rng: np.random.Generator) -> F32:
    """The emotion's posture: comes and goes on springs, breathes a little, grows with the voice."""
    out = np.zeros((len(part.voice), CHANNEL_COUNT), np.float32)
    springs = [Spring() for _ in range(CHANNEL_COUNT)]
    lean = 1.0 + 0.08 * rng.standard_normal()
    wander, keep = 0.0, math.exp(-1.0 / (1.5 * FRAME_RATE_HZ))
    tell: dict[int, tuple[dict[str, float], F32]] = {}
    for i, (shares, voice) in enumerate(zip(part.shares, part.voice, strict=True)):
        if id(shares) not in tell:
            tell[id(shares)] = (shares, mixed(shares)[0])
        wander = keep * wander + math.sqrt(1 - keep * keep) * float(rng.standard_normal())
        strength = (0.92 + 0.08 * wander) * (0.92 + 0.2 * float(voice[ENERGY]))
        goal = tell[id(shares)][1] * np.float32(strength)
        for c in np.flatnonzero(goal) if i == 0 else range(CHANNEL_COUNT):
            if i == 0:
                springs[c].value = float(goal[c])
            out[i, c] = springs[c].follow(float(goal[c]), ONSET)
    smile = 0.3 * max(0.0, warmth)
    left, right = CHANNEL_INDEX["smileLeft"], CHANNEL_INDEX["smileRight"]
    out[:, left] = (out[:, left] + smile) * lean
    out[:, right] = (out[:, right] + smile) * (2.0 - lean)
    out[:, CHANNEL_INDEX["cheek"]] += 0.5 * smile
    return out


def _nods(other: F32, liking: float, rng: np.random.Generator) -> F32:
    """Backchannel: one to three nods as the other side ends a phrase or stresses a word."""
    pitch = np.zeros(len(other), np.float32)
    rest = 0
    for i in range(1, len(other)):
        rest = max(0, rest - 1)
        ended = other[i - 1, 0] > 0.5 >= other[i, 0]
        stressed = other[i, 1] > 0.75 and other[i - 1, 1] <= 0.75
        chance = liking * (0.55 if ended else 0.15 if stressed else 0.0)
        if rest or rng.random() >= chance:
            continue
        count = int(rng.integers(1, 4))
        depth = float(rng.uniform(*NOD_RAD))
        for k in range(count):
            begin = i + k * NOD_FRAMES
            end = min(begin + NOD_FRAMES, len(pitch))
            phase = np.arange(end - begin) / NOD_FRAMES
            pitch[begin:end] += depth * 0.8**k * np.sin(np.pi * phase) ** 2
        rest = count * NOD_FRAMES + 20
    return pitch
