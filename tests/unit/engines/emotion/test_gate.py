"""The gate keeps speech, its onset, and no more than two seconds."""

from __future__ import annotations

import numpy as np

from engines.emotion.gate import FORGET_FRAMES, LEAD_ROWS, WINDOW_ROWS, VoiceGate
from engines.values import F32
from tests.support import voices as sounds


def blocks(sound: F32) -> F32:
    return sound[: len(sound) // 640 * 640].reshape(-1, 640)


def test_silence_keeps_nothing_and_an_onset_brings_its_lead() -> None:
    gate = VoiceGate()
    state = gate.new_state()
    for block in blocks(sounds.silence(1.0)):
        assert len(gate.step(state, block, False)) == 0
    assert len(state.window) == 0
    added = gate.step(state, blocks(sounds.voice(0.1))[0], True)
    assert len(added) == LEAD_ROWS + 4


def test_the_window_is_bounded_and_forgotten() -> None:
    gate = VoiceGate()
    state = gate.new_state()
    for block in blocks(sounds.voice(3.0)):
        gate.step(state, block, True)
    assert len(state.window) == WINDOW_ROWS
    quiet = np.zeros(640, np.float32)
    for _ in range(FORGET_FRAMES - 1):
        gate.step(state, quiet, False)
    assert len(state.window) == WINDOW_ROWS
    gate.step(state, quiet, False)
    assert len(state.window) == 0
