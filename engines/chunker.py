"""Cuts a stream of AudioChunks into AudioWindows, one for each video frame.

Pure; used by the engine thread (and by tests on any thread).
Never looks at a clock, never shifts sound in time: a hole becomes silence or a jump.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, AudioWindow

LOOKAHEAD = 1280
"""80 ms, the knee of lip accuracy against delay."""
MAX_HOLE = SAMPLE_RATE_HZ
"""A hole up to 1 s is filled with silence; a longer one would only make work nobody sees."""


@dataclass(slots=True)
class ChunkerState:
    """Where one session's stream stands, and what was lost on the way (in samples)."""

    epoch: int = -1
    """Epoch being cut; -1 before the first chunk."""
    next_pts: int = 0
    """Media time of the next sample expected; below it all is late."""
    start: int = 0
    """Media time at which the next window's samples begin."""
    pending: F32 = field(default_factory=lambda: np.empty(0, np.float32))
    """Samples not yet given in a window, up to `next_pts`: fewer than two hops between steps."""
    late: int = 0
    """Samples dropped because their time had passed (duplicates too)."""
    stale: int = 0
    """Samples dropped because their epoch had passed."""
    filled: int = 0
    """Samples of silence put into holes."""
    jumps: int = 0
    """Holes too long to fill."""


class Chunker:
    """Hop 640 samples; a window's sound ends `lookahead` samples after its frame.

    The first window of an epoch holds the epoch's first samples, so its pts lies up to
    `lookahead` before them (it may be negative): the consumer misses nothing. Within an epoch pts
    always grows; by FRAME_SAMPLES except over a jump.

    An epoch that follows another (an interrupt) is led by `lead` windows of silence, dated back
    over media time that has been heard but not yet shown: so the mouth begins to close at once
    and not a playout delay later. A seamless epoch has no lead: its windows follow those before it.
    """

    def __init__(self, lookahead: int = LOOKAHEAD, max_hole: int = MAX_HOLE, lead: int = 0) -> None:
        """Raises ValueError when a length is negative or the look-ahead is less than a frame."""
        if lookahead < FRAME_SAMPLES:
            # With less, a session's first frame would have no window.
            raise ValueError(f"look-ahead must be at least {FRAME_SAMPLES}, got {lookahead}")
        if max_hole < 0 or lead < 0:
            raise ValueError(f"lengths must not be negative: {max_hole}, {lead}")
        self.lookahead = lookahead
        self.max_hole = max_hole
        self.lead = lead

    def new_state(self) -> ChunkerState:
        """State of a new session."""
        return ChunkerState()

    def step(self, state: ChunkerState, chunk: AudioChunk) -> list[AudioWindow]:
        """Take a chunk; return the windows it completed, oldest first."""
        if chunk.epoch < state.epoch:
            state.stale += len(chunk.samples)
            return []
        if chunk.epoch > state.epoch:
            lead = self.lead if state.epoch >= 0 else 0
            state.epoch = chunk.epoch
            if chunk.seamless:
                self._rejoin(state, chunk.pts)
            else:
                self._realign(state, chunk.pts, lead)
        elif chunk.pts - state.next_pts > self.max_hole:
            state.jumps += 1
            self._realign(state, chunk.pts, 0)
        samples = _in_order(state, chunk)
        if len(samples):
            state.pending = np.concatenate((state.pending, samples))
            state.next_pts += len(samples)
        return self._cut(state, chunk.seamless)

    def _realign(self, state: ChunkerState, pts: int, lead: int) -> None:
        """Begin `lead` hops before the first time, at or after `pts`, where a window may begin."""
        state.start = pts + (self.lookahead - pts) % FRAME_SAMPLES - lead * FRAME_SAMPLES
        state.next_pts = pts
        state.pending = np.zeros(max(0, pts - state.start), np.float32)

    def _rejoin(self, state: ChunkerState, pts: int) -> None:
        """Begin with the window that `pts` lies in; what it holds before that was silence."""
        state.start = pts - (pts - self.lookahead) % FRAME_SAMPLES
        state.next_pts = pts
        state.pending = np.zeros(pts - state.start, np.float32)

    def _cut(self, state: ChunkerState, seamless: bool) -> list[AudioWindow]:
        windows = []
        # After a realignment `pending` may begin up to one hop early: too little for a window.
        begin = state.start - (state.next_pts - len(state.pending))
        while begin + FRAME_SAMPLES <= len(state.pending):
            samples = state.pending[begin : begin + FRAME_SAMPLES].copy()
            samples.flags.writeable = False
            pts = state.start + FRAME_SAMPLES - self.lookahead
            windows.append(AudioWindow(pts, state.epoch, samples, self.lookahead, seamless))
            begin += FRAME_SAMPLES
            state.start += FRAME_SAMPLES
        if windows:
            state.pending = state.pending[begin:].copy()
        return windows


def _in_order(state: ChunkerState, chunk: AudioChunk) -> F32:
    """The chunk's samples from `next_pts` on, with the hole before them filled."""
    hole = chunk.pts - state.next_pts
    samples = chunk.samples.astype(np.float32, copy=False)
    if hole > 0:
        state.filled += hole
        return np.concatenate((np.zeros(hole, np.float32), samples))
    late = min(-hole, len(samples))
    state.late += late
    return samples[late:]
