"""The VP8 rate is that of the size, and no estimate of the browser rebuilds the encoder."""

from __future__ import annotations

import numpy as np
import pytest
from aiortc.codecs.vpx import Vp8Encoder
from av import VideoFrame

from server.rtc.bitrate import patches, rate_for

RATES = {256: 500_000, 512: 1_200_000}


def frame(number: int, size: int) -> VideoFrame:
    image = np.random.default_rng(number).integers(0, 255, (size * 3 // 2, size), dtype=np.uint8)
    made = VideoFrame.from_ndarray(image, format="yuv420p")
    made.pts = number * 3600
    return made


def is_key(payloads: list[bytes]) -> bool:
    # RFC 7741: four octets of descriptor (extended, 15-bit picture id), then the frame header,
    # whose lowest bit is 0 on a key frame.
    return payloads[0][4] & 1 == 0


def key_frames(encoder: Vp8Encoder, size: int, estimates: list[int]) -> int:
    keys = 0
    for number, estimate in enumerate(estimates):
        encoder.target_bitrate = estimate
        keys += is_key(encoder.encode(frame(number, size))[0])
    return keys


ESTIMATES = [300_000, 400_000, 600_000, 900_000, 700_000, 500_000, 1_400_000]


def test_estimates_cost_no_key_frames() -> None:
    undo = [patch.apply() for patch in patches(RATES)]
    try:
        encoder = Vp8Encoder()
        assert key_frames(encoder, 256, ESTIMATES) == 1
        assert encoder.codec is not None
        assert encoder.codec.bit_rate == 500_000
        big = Vp8Encoder()
        big.encode(frame(0, 512))
        assert big.codec is not None
        assert big.codec.bit_rate == 1_200_000
    finally:
        for patch in reversed(undo):
            patch.apply()


def test_without_it_they_do() -> None:
    assert key_frames(Vp8Encoder(), 256, ESTIMATES) > 3


@pytest.mark.parametrize(
    ("size", "wanted"), [(128, 500_000), (256, 500_000), (384, 1_200_000), (768, 1_200_000)]
)
def test_a_size_between_takes_the_next_larger_rate(size: int, wanted: int) -> None:
    assert rate_for(RATES, size, size) == wanted
