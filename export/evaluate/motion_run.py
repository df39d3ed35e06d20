"""Runs the served motion model over sound and gathers the motion of every frame.

Offline; the same chunker, class and step that a live session uses.
Never peeks: sound is given in order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.chunker import Chunker
from engines.motion.model import MotionModel
from engines.motion.wishes import Wish
from engines.values import F32, FRAME_SAMPLES, AudioChunk


def move(
    model: MotionModel, samples: F32, *, seed: int = 1, wishes: Sequence[Wish] = (), chunk: int = 0
) -> F32:
    """f32[F,58] for every whole frame of f32[N]; `chunk`: samples given at a time (0: all)."""
    frames = len(samples) // FRAME_SAMPLES
    padded = np.concatenate([samples, np.zeros(model.lookahead + FRAME_SAMPLES, np.float32)])
    chunker = Chunker(model.lookahead)
    chunks, state = chunker.new_state(), model.new_state(seed)
    for wish in wishes:
        model.obey(state, wish)
    rows: list[F32] = []
    step = chunk or len(padded)
    for start in range(0, len(padded), step):
        heard = AudioChunk(start, 0, padded[start : start + step])
        for window in chunker.step(chunks, heard):
            frame = model.step(state, window)
            if frame.pts >= 0:
                rows.append(frame.motion)
    return np.stack(rows[:frames])
