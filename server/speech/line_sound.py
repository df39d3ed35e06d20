"""Puts the sound of a text's lines on the timeline, and its words, marks and cues beside it.

Runs on the event loop; one for each segment.
Never holds the loop for long: a long piece is taken in slices.
"""

from __future__ import annotations

import asyncio

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ
from server.push_timeline import PushTimeline
from server.resample import Resampler
from server.speech.script import Line
from server.voices.values import I16, Spoken, WordMark

SCALE = np.float32(1 / 32768)
SLICE = 8192
"""Samples of the voice that are converted at once: under 2 ms."""
QUIET = 160
"""-46 dB of full scale..."""
KEPT_S = 0.01
"""...and how much of it is kept before the first sound of a segment."""


class LineSound:
    """One segment's."""

    def __init__(self, timeline: PushTimeline, segment: str, words: bool) -> None:
        """`words`: whether each word is told to the client."""
        self._timeline = timeline
        self._segment = segment
        self._words = words
        self._resampler: Resampler | None = None
        self._rate_hz = 0
        self._begun = False
        """Whether anything has been heard of the segment."""
        self._line: Line | None = None
        self._base = 0
        """Where the line begins in the segment, at 16 kHz."""
        self._cut = 0
        """Samples of the voice left out before the line's first sound."""
        self._taken = 0
        """Samples of the voice of this line, those left out counted."""
        self._fed = 0
        """Samples of the voice since the resampler is new, those left out not counted."""
        self._from = 0
        """Where those begin in the segment."""

    def begin(self, line: Line) -> None:
        """The next pieces are of this line."""
        self._line = line
        self._base = self._place()
        self._cut = self._taken = 0

    async def take(self, piece: Spoken) -> None:
        """A piece of the line. Raises PushRefused when the segment is gone."""
        if piece.sample_rate_hz != self._rate_hz:
            self._flush()
            self._rate_hz = piece.sample_rate_hz
            self._resampler = Resampler(self._rate_hz, SAMPLE_RATE_HZ)
            self._state = self._resampler.new_state()
            self._from, self._fed = self._timeline.pushed(self._segment), 0
            self._base = self._from if not self._taken else self._base
        pcm = self._trim(piece.pcm)
        self._taken += len(piece.pcm)
        for start in range(0, len(pcm), SLICE):
            self._push(pcm[start : start + SLICE].astype(np.float32) * SCALE)
            if start:
                await asyncio.sleep(0)
        for mark in piece.marks:
            self._word(mark)

    def finish(self) -> None:
        """The line is whole: what belongs to its last words, or to none, comes now."""
        self._tell(float("inf"), self._place())

    def end(self) -> None:
        """The segment is whole. Raises PushRefused when it is gone."""
        self._flush()
        self._timeline.end_segment(self._segment)

    def _trim(self, pcm: I16) -> I16:
        """Leave out silence before the segment's first sound: it would only delay it."""
        if self._begun or not len(pcm):
            return pcm
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > QUIET)
        if not len(loud):
            self._cut += len(pcm)
            return pcm[:0]
        self._begun = True
        start = max(0, int(loud[0]) - round(KEPT_S * self._rate_hz))
        self._cut += start
        return pcm[start:]

    def _push(self, samples: F32) -> None:
        assert self._resampler is not None
        self._fed += len(samples)
        self._timeline.push(self._resampler.step(self._state, samples), self._segment)

    def _flush(self) -> None:
        """What is still under the filter."""
        if self._resampler is not None:
            tail = np.zeros(2 * self._resampler.half, np.float32)
            self._timeline.push(self._resampler.step(self._state, tail), self._segment)
            self._resampler = None
            self._rate_hz = 0

    def _place(self) -> int:
        """Where the next sample lies in the segment, at 16 kHz."""
        if not self._rate_hz:
            return self._timeline.pushed(self._segment)
        return self._from + round(self._fed * SAMPLE_RATE_HZ / self._rate_hz)

    def _word(self, mark: WordMark) -> None:
        assert self._line is not None
        heard = max(0, mark.at - self._cut)
        at = self._base + round(heard * SAMPLE_RATE_HZ / self._rate_hz)
        start = self._line.at + mark.start
        self._tell(start, at)
        if self._words:
            said = {
                "type": "word", "text": self._line.text[mark.start : mark.end], "start": start,
                "end": self._line.at + mark.end, "estimated": mark.estimated,
            }  # fmt: skip
            self._timeline.mark(at, said, self._segment)

    def _tell(self, upto: float, at: int) -> None:
        """Cues and marks that stand before or at character `upto` come at sample `at`."""
        line = self._line
        assert line is not None
        for place, cue in line.cues:
            if place <= upto:
                self._timeline.cue(at, cue, self._segment)
        for place, told in line.marks:
            if place <= upto:
                self._timeline.mark(at, told, self._segment)
        self._line = Line(
            line.text,
            line.at,
            tuple(each for each in line.cues if each[0] > upto),
            tuple(each for each in line.marks if each[0] > upto),
        )
