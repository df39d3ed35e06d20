"""Sound and pictures as values."""

from __future__ import annotations

import numpy as np
from av import VideoFrame

from synchrorama_client.media_items import Picture, Sound


def test_sound_knows_its_length_and_whether_it_is_silent() -> None:
    quiet = Sound(0.0, bytes(1920))
    assert quiet.duration_s == 0.02 and quiet.silent
    assert not Sound(0.0, np.full(960, 400, "<i2").tobytes()).silent
    # The loudest negative sample has no positive twin.
    assert not Sound(0.0, np.full(1, -32768, "<i2").tobytes()).silent
    assert Sound(0.0, b"").silent


def test_a_picture_gives_its_pixels() -> None:
    image = np.full((32, 48, 3), (200, 100, 50), np.uint8)
    picture = Picture(0.0, VideoFrame.from_ndarray(image, format="rgb24"))
    assert (picture.width, picture.height) == (48, 32)
    assert len(picture.i420()) == 48 * 32 * 3 // 2
    assert picture.rgb() == image.tobytes()
