"""Sound and pictures in one stream of media time."""

from __future__ import annotations

import numpy as np
import pytest
from av import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from synchrorama_client.media_items import Item, Picture, Sound
from synchrorama_client.weave import LIMIT, Weave

FRAME = VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")


def sound(index: int) -> Sound:
    return Sound(index * 0.02, bytes(1920))


def picture(index: int) -> Picture:
    return Picture(index * 0.04, FRAME)


def told(items: list[Item]) -> list[str]:
    return [f"{type(item).__name__[0]}{round(item.pts_s * 1000)}" for item in items]


def test_a_picture_comes_right_before_its_sound() -> None:
    weave = Weave()
    for item in (sound(0), sound(1), sound(2), picture(0), picture(1)):
        weave.add(item, 0.0)
    assert told(weave.take(0.0)) == ["P0", "S0", "S20", "P40", "S40"]


def test_sound_waits_for_a_picture_that_may_still_come() -> None:
    weave = Weave(hold_s=0.25)
    weave.add(picture(0), 0.0)
    weave.add(sound(0), 0.0)
    weave.add(sound(1), 0.0)
    weave.add(sound(2), 0.0)
    assert told(weave.take(0.0)) == ["P0", "S0", "S20"]
    assert weave.due_s() == 0.25
    assert told(weave.take(0.2)) == []
    assert told(weave.take(0.25)) == ["S40"]
    assert weave.due_s() is None


def test_what_comes_after_its_time_was_given_is_dropped_and_counted() -> None:
    weave = Weave(hold_s=0.1)
    weave.add(sound(5), 0.0)
    assert told(weave.take(0.1)) == ["S100"]
    weave.add(picture(1), 0.2)
    assert (weave.take(1.0), weave.late) == ([], 1)


def test_it_holds_no_more_than_its_limit() -> None:
    weave = Weave(hold_s=1000.0)
    for index in range(3 * LIMIT):
        weave.add(sound(index), 0.0)
    assert len(weave.take(2000.0)) == LIMIT


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.1)), max_size=200))
def test_time_never_runs_back_however_they_come(steps: list[tuple[bool, float]]) -> None:
    weave, now_s, sounds, pictures, out = Weave(), 0.0, 0, 0, list[Item]()
    for is_sound, wait_s in steps:
        now_s += wait_s
        if is_sound:
            weave.add(sound(sounds), now_s)
            sounds += 1
        else:
            weave.add(picture(pictures), now_s)
            pictures += 1
        out += weave.take(now_s)
    out += weave.take(now_s + 1.0)
    times = [item.pts_s for item in out]
    assert times == sorted(times)
    assert len(out) + weave.late == sounds + pictures or max(sounds, pictures) > LIMIT


def test_a_hold_must_not_be_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        Weave(-0.1)
