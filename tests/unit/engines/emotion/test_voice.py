"""Voice rows: three extractors side by side, the same bits under any split."""

from __future__ import annotations

import numpy as np

from engines.emotion.voice import ROW_NAMES, ROW_SIZE, Known, Voice
from engines.features import LogMel
from engines.prosody import PROSODY_SIZE, Prosody
from tests.support import voices as sounds


def test_rows_are_prosody_and_mel_of_the_same_moment() -> None:
    sound = sounds.voice(0.4)
    voice, prosody, mel = Voice(), Prosody(), LogMel()
    rows = voice.step(voice.new_state(), sound)
    assert rows.shape == (len(sound) // 160, ROW_SIZE)
    assert len(set(ROW_NAMES)) == ROW_SIZE
    assert np.array_equal(rows[:, :PROSODY_SIZE], prosody.step(prosody.new_state(), sound))
    log_mel = mel.step(mel.new_state(), sound)
    bands = log_mel.reshape(len(rows), 16, 5).mean(axis=2) * 4.0 - 12.0
    assert np.allclose(rows[:, -16:], bands, atol=1e-4)


def test_any_split_gives_the_same_bits() -> None:
    sound = sounds.voice(0.5, seed=3)
    voice = Voice()
    whole = voice.step(voice.new_state(), sound)
    state = voice.new_state()
    sizes = [1, 159, 160, 161, 640, 37, 2000]
    parts, begin = [], 0
    for size in [*sizes, len(sound)]:
        parts.append(voice.step(state, sound[begin : begin + size]))
        begin += size
    assert np.array_equal(np.concatenate(parts), whole)


def test_cepstra_do_not_hear_gain() -> None:
    voice = Voice()
    sound = sounds.voice(0.4)
    loud, soft = (voice.step(voice.new_state(), sound * np.float32(g)) for g in (1.0, 0.3))
    cepstra = slice(PROSODY_SIZE, PROSODY_SIZE + 12)
    assert np.allclose(loud[10:, cepstra], soft[10:, cepstra], atol=0.1)


def test_prosody_worked_out_by_another_gives_the_same_rows() -> None:
    sound = sounds.voice(0.5)
    alone, given, prosody = Voice(), Voice(), Prosody()
    own, others, heard = alone.new_state(), given.new_state(), prosody.new_state()
    for begin in range(0, len(sound), 640):
        part = sound[begin : begin + 640]
        rows = given.step(others, part, Known(prosody.step(heard, part)))
        assert np.array_equal(rows, alone.step(own, part))


def test_mel_rows_worked_out_by_another_give_the_same_rows() -> None:
    sound = sounds.voice(0.5)
    alone, given, prosody, mel = Voice(), Voice(), Prosody(), LogMel()
    own, others = alone.new_state(), given.new_state()
    pitch, spectrum = prosody.new_state(), mel.new_state()
    for begin in range(0, len(sound), 640):
        part = sound[begin : begin + 640]
        rows = mel.step(spectrum, part)
        # Not every time: what was skipped is there when it is needed.
        known = Known(prosody.step(pitch, part), rows if begin % 1920 else None)
        assert np.array_equal(given.step(others, part, known), alone.step(own, part))
