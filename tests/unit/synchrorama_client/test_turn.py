"""Segments and the sound that comes back."""

from __future__ import annotations

import numpy as np

from synchrorama_client.events import Finished
from synchrorama_client.media_items import Sound
from synchrorama_client.segment import Segment
from synchrorama_client.turn import Turn

LOUD = Sound(0.0, np.full(960, 5000, "<i2").tobytes())
QUIET = Sound(0.0, bytes(1920))


def segment(name: str) -> Segment:
    async def nothing(*_: object) -> None:
        return None

    return Segment(name, 24_000, nothing, nothing)


async def test_a_turn_is_over_when_its_segments_are_and_it_is_quiet() -> None:
    turn, one = Turn(), segment("one")
    turn.sent(one)
    assert turn.hear(LOUD).began and turn.waiting == [one]
    assert not any(turn.hear(QUIET).ended for _ in range(50))
    one.note_finished(Finished("one", 1.0, False))
    assert turn.hear(QUIET).ended
    assert not turn.busy
    for _ in range(20):
        turn.hear(QUIET)
    assert turn.settled


async def test_the_next_turn_is_heard_though_the_cut_one_ends_late() -> None:
    turn, one, two = Turn(), segment("one"), segment("two")
    turn.sent(one)
    turn.hear(LOUD)
    turn.cut()
    turn.sent(two)
    assert not any(turn.hear(sound).play for sound in (LOUD, QUIET, QUIET, QUIET, LOUD))
    one.note_finished(Finished("one", 0.2, True))
    assert not any(turn.hear(sound).play for sound in (LOUD, QUIET, QUIET, QUIET))
    # The second has not ended: what is waited for is the first alone.
    assert turn.hear(LOUD).began and not turn.settled


async def test_a_segment_of_which_nothing_is_heard_settles_too() -> None:
    turn, one = Turn(), segment("one")
    turn.sent(one)
    one.note_finished(Finished("one", 0.0, False))
    assert [turn.hear(QUIET).ended for _ in range(20)].count(True) == 1
    assert turn.settled
