"""H264 is fast, pinned, honours key frame requests, and can be left out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from aiortc.codecs import CODECS
from aiortc.codecs.h264 import H264Encoder
from av import CodecContext, Packet, VideoFrame

from engines.values import U8
from server.rtc.h264 import make_codec, patches

RATES = {256: 500_000, 512: 1_200_000}


@pytest.fixture
def patched() -> Iterator[None]:
    undo = [patch.apply() for patch in patches(RATES, True)]
    yield
    for patch in reversed(undo):
        patch.apply()


def image(number: int, size: int) -> U8:
    grid = np.add.outer(np.arange(size * 3 // 2), np.arange(size))
    return ((grid * 3 + number * 5) % 200 + 20).astype(np.uint8)


def encode(encoder: H264Encoder, number: int, size: int, key: bool = False) -> list[bytes]:
    frame = VideoFrame.from_ndarray(image(number, size), format="yuv420p")
    frame.pts, frame.time_base = number * 3600, Fraction(1, 90000)
    return encoder.encode(frame, key)[0]


def nal_types(payloads: list[bytes]) -> set[int]:
    found = set()
    for payload in payloads:
        kind = payload[0] & 31
        if kind == 28:  # FU-A
            found.add(payload[1] & 31)
        elif kind == 24:  # STAP-A
            at = 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                found.add(payload[at + 2] & 31)
                at += 2 + size
        else:
            found.add(kind)
    return found


def test_the_rate_is_pinned_and_there_is_one_thread(patched: None) -> None:
    encoder = H264Encoder()
    for number, estimate in enumerate([500_000, 3_000_000, 800_000]):
        encoder.target_bitrate = estimate
        types = nal_types(encode(encoder, number, 512))
        assert (5 in types) == (number == 0)
    assert encoder.codec is not None
    assert encoder.codec.bit_rate == 1_200_000
    assert encoder.codec.thread_count == 1


def test_each_frame_comes_out_at_once_and_decodes(patched: None) -> None:
    encoder, decoder = H264Encoder(), CodecContext.create("h264", "r")
    for number in range(6):
        frame = VideoFrame.from_ndarray(image(number, 256), format="yuv420p")
        frame.pts, frame.time_base = number * 3600, Fraction(1, 90000)
        data = b"".join(b"\0\0\0\1" + nal for nal in encoder._encode_frame(frame, False))
        (decoded,) = decoder.decode(Packet(data))
        assert isinstance(decoded, VideoFrame)
        assert np.abs(decoded.to_ndarray().astype(int) - image(number, 256)).mean() < 6


def test_a_key_frame_comes_when_asked(patched: None) -> None:
    encoder = H264Encoder()
    types = [nal_types(encode(encoder, n, 256, key=n == 3)) for n in range(5)]
    assert [5 in found for found in types] == [True, False, False, True, False]
    assert {7, 8} <= types[3]  # with its parameter sets: a viewer may join there


def test_a_new_size_is_a_new_encoder(patched: None) -> None:
    encoder = H264Encoder()
    encode(encoder, 0, 256)
    assert 5 in nal_types(encode(encoder, 1, 512))


def cpu_per_frame(size: int) -> float:
    encoder = H264Encoder()
    encode(encoder, 0, size)
    begin = time.process_time()
    for number in range(1, 26):
        encode(encoder, number, size)
    return time.process_time() - begin


def test_it_costs_a_part_of_what_aiortc_takes() -> None:
    slow = cpu_per_frame(512)
    undo = [patch.apply() for patch in patches(RATES, True)]
    try:
        fast = cpu_per_frame(512)
    finally:
        for patch in reversed(undo):
            patch.apply()
    assert fast < 0.7 * slow


def test_it_can_be_left_out() -> None:
    undo = [patch.apply() for patch in patches(RATES, False)]
    names = {codec.mimeType for codec in CODECS["video"]}
    kinds = [codec.payloadType for codec in CODECS["video"]]
    for patch in reversed(undo):
        patch.apply()
    assert names == {"video/VP8", "video/rtx"}
    assert len(kinds) == 2
    assert any(codec.mimeType == "video/H264" for codec in CODECS["video"])


@pytest.mark.parametrize(("side", "level"), [(512, "31"), (768, "31"), (1024, "32")])
def test_the_level_holds_the_picture(side: int, level: str) -> None:
    assert make_codec(side, side, 1_000_000).options["level"] == level
