"""A long stream in pieces of any size gives the motion of one pass, bit for bit.

A minute in the usual run; with the environment's SYNCHRORAMA_TEST_STREAM_MINUTES=10 ten.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from engines.chunker import Chunker
from engines.motion.model import MotionModel
from engines.values import ARKIT_NAMES, F32, FRAME_RATE_HZ, SAMPLE_RATE_HZ, AudioChunk
from tests.support.voices import hum, noise, silence, voice

MINUTES = float(os.environ.get("SYNCHRORAMA_TEST_STREAM_MINUTES", "1"))
MODEL = MotionModel.load()


def stream() -> Iterator[F32]:
    """Talk, pauses, hum and noise by turns, MINUTES long in all, never twice the same."""
    rng = np.random.default_rng(11)
    left = int(MINUTES * 60 * SAMPLE_RATE_HZ)
    while left > 0:
        f0_hz, seed = float(rng.uniform(90, 260)), int(rng.integers(1 << 30))
        parts = (
            voice(float(rng.uniform(0.3, 5)), f0_hz=f0_hz, seed=seed),
            silence(float(rng.uniform(0.05, 2))),
            hum(float(rng.uniform(0.1, 1))),
            noise(float(rng.uniform(0.1, 1)), level=float(rng.uniform(0.001, 0.05)), seed=seed),
        )
        for part in parts:
            yield part[:left]
            left -= len(part)
            if left <= 0:
                return


def move(sound: F32, sizes: Iterator[int]) -> F32:
    """f32[F,58] of f32[N] given in pieces of these sizes."""
    chunker = Chunker(MODEL.lookahead)
    state, chunks = MODEL.new_state(5), chunker.new_state()
    frames: list[F32] = []
    at = 0
    while at < len(sound):
        piece = sound[at : at + next(sizes)]
        heard = chunker.step(chunks, AudioChunk(at, 0, piece))
        frames += [MODEL.step(state, window).motion for window in heard]
        at += len(piece)
    return np.stack(frames)


def any_sizes() -> Iterator[int]:
    """From one sample to three seconds, small ones often: packets, and pushes of a synthesiser."""
    rng = np.random.default_rng(2)
    while True:
        yield int(np.exp(rng.uniform(0, np.log(3 * SAMPLE_RATE_HZ))))


def test_pieces_of_any_size_give_the_motion_of_one_pass() -> None:
    sound = np.concatenate([*stream()])
    whole = move(sound, iter([len(sound)]))
    pieces = move(sound, any_sizes())
    assert len(whole) >= MINUTES * 60 * FRAME_RATE_HZ - 3
    np.testing.assert_array_equal(whole, pieces)
    assert np.abs(np.diff(whole[:, : len(ARKIT_NAMES)], axis=0)).max(1).min() > 0
