"""A whole sound through the same engine as a live session, on a virtual clock: film or motion.

Runs on the caller's thread; no other thread is started.
Never drops a frame and never waits: virtual time moves when the work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from engines.chunker import Chunker
from engines.cues import Cue
from engines.loop import Engine, RendererFactory
from engines.mailbox import Mailbox
from engines.pipeline import Motion
from engines.render.stage import AS_IT_IS, Stage
from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, MotionFrame, Picture

CHUNK = 320
"""20 ms, as a live microphone sends."""


class VirtualClock:
    """Seconds of media time; stands still while work is done."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """The time now."""
        return self.now_s


def render_file(
    audio: F32,
    avatar: Any,
    motion_model: Motion,
    *,
    seed: int,
    size: int = 512,
    stage: Stage = AS_IT_IS,
    cues: Sequence[Cue] = (),
    on_progress: Callable[[int, int], None] | None = None,
    renderer_factory: RendererFactory | None = None,
) -> Iterator[Picture]:
    """Yield one Picture for each 40 ms of f32[N] at 16 kHz, in order, pts 0 first.

    The last picture covers the tail; `on_progress(done, total)` is called after each picture.
    `cues`, in order of time, are what the face is told meanwhile.
    OpenCV is set to one thread for the whole process, as by a live engine: its pool would make
    rounding depend on the machine. Raises what the motion model or the renderer raised, and
    ValueError for audio that is not one-dimensional.
    """
    _must_be_mono(audio)
    cv2.setNumThreads(1)
    total = -(-len(audio) // FRAME_SAMPLES)
    padded = _pad(audio, total, motion_model.lookahead)
    clock = VirtualClock()
    faults: list[BaseException] = []
    engine = Engine(
        motion_model,
        clock=clock,
        on_fault=lambda _, error: faults.append(error),
        renderer_factory=renderer_factory,
        budget_s=float("inf"),
    )
    # Emptied after every turn: a turn makes at most one picture.
    frames: Mailbox[Picture] = Mailbox("offline frames", 8, "refuse", clock=clock)
    renderer = engine.prepare(avatar, size, stage)
    session = engine.open("offline", renderer, seed=seed, frames=frames)
    done = 0
    waiting = list(cues)
    for pts in range(0, len(padded), CHUNK):
        while waiting and waiting[0].pts <= pts:
            session.wishes.put(waiting.pop(0).wish)
        session.audio.put(AudioChunk(pts, 0, padded[pts : pts + CHUNK]))
        clock.now_s = (pts + CHUNK) / SAMPLE_RATE_HZ
        for picture in _turn(engine, clock, frames, faults):
            if 0 <= picture.pts < total * FRAME_SAMPLES:
                done += 1
                yield picture
                if on_progress is not None:
                    on_progress(done, total)


def move_file(
    audio: F32,
    motion_model: Motion,
    *,
    seed: int,
    cues: Sequence[Cue] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[MotionFrame]:
    """Yield the motion of each 40 ms of f32[N] at 16 kHz: those that `render_file` draws.

    Same order, cues and errors as there.
    """
    _must_be_mono(audio)
    total = -(-len(audio) // FRAME_SAMPLES)
    padded = _pad(audio, total, motion_model.lookahead)
    chunker = Chunker(motion_model.lookahead)
    chunks, state = chunker.new_state(), motion_model.new_state(seed)
    done = 0
    waiting = list(cues)
    for pts in range(0, len(padded), CHUNK):
        while waiting and waiting[0].pts <= pts:
            motion_model.obey(state, waiting.pop(0).wish)
        for window in chunker.step(chunks, AudioChunk(pts, 0, padded[pts : pts + CHUNK])):
            frame = motion_model.step(state, window)
            if 0 <= frame.pts < total * FRAME_SAMPLES:
                done += 1
                yield frame
                if on_progress is not None:
                    on_progress(done, total)


def _must_be_mono(audio: F32) -> None:
    if audio.ndim != 1:
        raise ValueError(f"audio must be f32[N] (mono), got shape {audio.shape}")


def _pad(audio: F32, total: int, lookahead: int) -> F32:
    """Sound with silence after it, so that the last frame has its look-ahead."""
    length = max(total * FRAME_SAMPLES, (total - 1) * FRAME_SAMPLES + lookahead)
    length += -length % FRAME_SAMPLES
    padded = np.zeros(length, np.float32)
    padded[: len(audio)] = audio
    return padded


def _turn(
    engine: Engine,
    clock: VirtualClock,
    frames: Mailbox[Picture],
    faults: list[BaseException],
) -> Iterator[Picture]:
    """Turn until no frame waits; yield the pictures made."""
    again: float | None = 0.0
    while again is not None:
        again = engine.turn(clock())
        if faults:
            raise faults[0]
        yield from frames.take_all()
