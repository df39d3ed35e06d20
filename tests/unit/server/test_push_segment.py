"""One segment's marks and cues: by position, each once, none lost at its end."""

from __future__ import annotations

import numpy as np

from engines.scene.markers import Felt
from server.push_segment import MAX_MARKS, Segment


def fed(samples: int) -> Segment:
    segment = Segment("a")
    segment.pieces.put(np.ones(samples, np.float32))
    segment.waiting = segment.pushed = samples
    return segment


def test_cues_are_due_when_placed_and_marks_told_when_played() -> None:
    segment = fed(200)
    first, last = Felt(None, 0), Felt(None, 1)
    assert segment.cue(100, last) and segment.cue(0, first)
    assert segment.mark(150, {"type": "mark", "name": "m"})
    assert segment.due() == []
    segment.place(1000, 1100)
    assert segment.due() == [first]
    segment.place(1100, 1200)
    assert segment.due() == [last]
    assert [event.kind for event in segment.play(1149)] == ["started"]
    assert [event.kind for event in segment.play(1150)] == ["mark"]
    segment.ended = True
    assert [(event.kind, event.position_s) for event in segment.play(1300)] == [
        ("finished", 200 / 16_000)
    ]


def test_what_lies_behind_the_end_comes_with_it() -> None:
    segment = fed(100)
    segment.mark(9999, {"type": "mark", "name": "m"})
    segment.cue(9999, Felt(None, 0))
    segment.place(0, 100)
    segment.ended = True
    assert len(segment.due()) == 1
    told = segment.play(100)
    assert [event.kind for event in told] == ["started", "mark", "finished"]
    assert told[1].position_s == told[2].position_s


def test_marks_are_bounded() -> None:
    segment = fed(1)
    assert all(segment.mark(0, {"type": "mark"}) for _ in range(MAX_MARKS))
    assert not segment.mark(0, {"type": "mark"})
