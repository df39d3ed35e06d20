"""The performer by rule: repeatable, alive, and moved by what it is told."""

from __future__ import annotations

import numpy as np

from engines.motion.face import CHANNEL_COUNT, CHANNEL_INDEX, HIGH, LOW
from engines.motion.style import STYLE_INDEX, USUAL
from engines.motion.voice import VOICE_SIZE
from engines.values import F32
from export.data.performer import Part, perform

AT = CHANNEL_INDEX
LENGTH = 1500


def part(shares: dict[str, float] | None = None, other: F32 | None = None, **style: float) -> Part:
    dials = USUAL.copy()
    for name, value in style.items():
        dials[STYLE_INDEX[name]] = value
    voice = np.zeros((LENGTH, VOICE_SIZE), np.float32)
    listened = np.zeros((LENGTH, 2), np.float32) if other is None else other
    return Part(voice, listened, [shares or {}] * LENGTH, dials)


def blinks(take: F32) -> float:
    shut = take[:, AT["blinkLeft"]] > 0.5
    return float((~shut[:-1] & shut[1:]).sum())


def test_seeds_repeat_and_differ() -> None:
    a, b, c = perform(part(), 1), perform(part(), 1), perform(part(), 2)
    assert (a == b).all() and (a != c).any()
    assert a.shape == (LENGTH, CHANNEL_COUNT)
    assert (a >= LOW).all() and (a <= HIGH).all()


def test_blinks_follow_the_dial() -> None:
    usual = blinks(perform(part(), 3))
    assert 10 <= usual <= 26
    assert blinks(perform(part(blink=0.0), 3)) < usual < blinks(perform(part(blink=1.0), 3))


def test_the_head_follows_energy_and_mood() -> None:
    def reach(p: Part) -> float:
        return float(np.mean([perform(p, seed)[:, AT["headYaw"]].std() for seed in range(4)]))

    assert reach(part(energy=0.0)) < reach(part()) < reach(part(energy=1.0))
    assert reach(part({"boredom": 1.0})) < reach(part())


def test_an_emotion_shows_and_is_not_a_mask() -> None:
    take = perform(part({"joy": 1.0}), 5)
    smile = take[100:, AT["smileLeft"]]
    assert 0.6 < smile.mean() < 1.0
    assert smile.std() > 0.01


def test_who_listens_nods() -> None:
    other = np.zeros((LENGTH, 2), np.float32)
    for start in range(50, LENGTH - 60, 100):
        other[start : start + 50] = (1.0, 0.6)
    alone = perform(part(), 7)[:, AT["headPitch"]]
    listening = perform(part(other=other), 7)[:, AT["headPitch"]]
    assert (listening - alone).max() > 0.025
    assert (listening - alone).min() > -1e-3
