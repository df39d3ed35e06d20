"""Whether two tracks count from the same moment."""

from __future__ import annotations

import numpy as np
import pytest
from av import VideoFrame

from synchrorama_client.align import Alignment
from synchrorama_client.media_items import Picture, Sound

FRAME = VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")


def shift_of(video_lost_s: float, audio_lost_s: float = 0.0, seconds: float = 3.0) -> float:
    """What is judged when so much of the beginning of a track was lost."""
    random = np.random.default_rng(1)
    alignment = Alignment()
    for tick in range(round(seconds / 0.02)):
        at_s = tick * 0.02
        if at_s >= audio_lost_s:
            late_s = 0.08 + random.exponential(0.01)
            alignment.note(Sound(at_s - audio_lost_s, b""), at_s + late_s)
        if tick % 2 == 0 and at_s >= video_lost_s:
            late_s = 0.05 + random.exponential(0.02)
            alignment.note(Picture(at_s - video_lost_s, FRAME), at_s + late_s)
    return alignment.shift_s


def test_two_whole_tracks_are_left_alone() -> None:
    assert shift_of(0.0) == 0.0


@pytest.mark.parametrize("lost_s", [0.4, 0.52, 1.0])
def test_pictures_whose_beginning_was_lost_are_put_right(lost_s: float) -> None:
    assert shift_of(lost_s, seconds=lost_s + 3) == pytest.approx(lost_s, abs=0.021)


def test_sound_whose_beginning_was_lost_is_put_right_too() -> None:
    assert shift_of(0.0, 0.5) == pytest.approx(-0.5, abs=0.021)


def test_less_than_jitter_is_no_reason() -> None:
    assert shift_of(0.08) == 0.0
