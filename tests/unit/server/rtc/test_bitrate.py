"""The VP8 rate is that of the size, and no estimate of the browser rebuilds the encoder."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from aiortc.codecs.vpx import Vp8Encoder
from av import CodecContext, Packet, VideoFrame

from engines.values import U8
from server.rtc.bitrate import patches, rate_for

RATES = {256: 500_000, 512: 1_200_000}


def frame(number: int, size: int) -> VideoFrame:
    image = np.random.default_rng(number).integers(0, 255, (size * 3 // 2, size), dtype=np.uint8)
    made = VideoFrame.from_ndarray(image, format="yuv420p")
    made.pts, made.time_base = number * 3600, Fraction(1, 90000)
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


def swaying(number: int) -> U8:
    """A fine, clean texture that moves as a head does: slowly, by parts of a pixel."""
    rng = np.random.default_rng(5)
    texture = cv2.GaussianBlur(rng.integers(0, 255, (384, 256)).astype(np.float32), (0, 0), 2.5)
    texture = (texture - texture.mean()) * 4 + 128
    shift = np.array([[1, 0, 3 * np.sin(number / 9)], [0, 1, 2 * np.sin(number / 7)]], np.float32)
    moved = cv2.warpAffine(texture, shift, (256, 384), borderMode=cv2.BORDER_REFLECT)
    return np.clip(moved, 16, 235).astype(np.uint8)


def psnr(encoder: Vp8Encoder) -> float:
    """In dB, of the last frames."""
    decoder, found = CodecContext.create("libvpx", "r"), []
    for number in range(50):
        image = swaying(number)
        made = VideoFrame.from_ndarray(image, format="yuv420p")
        made.pts, made.time_base = number * 3600, Fraction(1, 90000)
        payloads = encoder.encode(made)[0]
        (decoded,) = decoder.decode(Packet(b"".join(payload[4:] for payload in payloads)))
        assert isinstance(decoded, VideoFrame)
        error = decoded.to_ndarray()[:256].astype(np.float64) - image[:256]
        found.append(10 * np.log10(65025 / np.mean(error**2)))
    return float(np.mean(found[25:]))


def test_a_clean_picture_is_not_denoised() -> None:
    blurred = psnr(Vp8Encoder())
    undo = [patch.apply() for patch in patches(RATES)]
    try:
        sharp = psnr(Vp8Encoder())
    finally:
        for patch in reversed(undo):
            patch.apply()
    assert sharp > blurred + 0.5, (sharp, blurred)


def test_what_hardly_moves_is_hardly_off() -> None:
    undo = [patch.apply() for patch in patches(RATES)]
    try:
        encoder, decoder = Vp8Encoder(), CodecContext.create("libvpx", "r")
        for number in range(60):
            # Light that changes by two thirds of a grey level in a second.
            image = np.full((384, 256), 120 + number // 38, np.uint8)
            image[:256] = (np.linspace(60, 180, 256) + number / 38).astype(np.uint8)
            made = VideoFrame.from_ndarray(image, format="yuv420p")
            made.pts, made.time_base = number * 3600, Fraction(1, 90000)
            payloads = encoder.encode(made)[0]
            (decoded,) = decoder.decode(Packet(b"".join(payload[4:] for payload in payloads)))
    finally:
        for patch in reversed(undo):
            patch.apply()
    assert isinstance(decoded, VideoFrame)
    off = (decoded.to_ndarray()[:256].astype(np.float64) - image[:256]) ** 2
    assert np.sqrt(off.reshape(16, 16, 16, 16).mean((1, 3)).max()) < 1.4


def test_a_key_frame_comes_when_asked() -> None:
    undo = [patch.apply() for patch in patches(RATES)]
    try:
        encoder = Vp8Encoder()
        keys = [is_key(encoder.encode(frame(n, 256), n == 3)[0]) for n in range(5)]
    finally:
        for patch in reversed(undo):
            patch.apply()
    assert keys == [True, False, False, True, False]
