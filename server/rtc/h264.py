"""H264 with a fast preset, one thread, a capped key frame and a rate pinned by picture size.

The replaced methods run on the codec pool (encode) and the event loop (REMB).
Never lets aiortc open its own encoder: that is x264 "medium" on every core, 4 times the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import av
from aiortc.codecs import CODECS
from aiortc.codecs.h264 import H264Encoder
from av.video.codeccontext import VideoCodecContext

from engines.values import FRAME_RATE_HZ
from server.rtc.bitrate import pinned_property, rate_for
from server.rtc.patches import Patch, require_attribute

_TARGET = "_H264Encoder__target_bitrate"
PRESET = "superfast"
"""512x512: 2.3 ms a frame; ultrafast 1.8 ms but blocky on hair; medium, aiortc's own, 11 ms."""


def make_codec(width: int, height: int, bit_rate: int) -> VideoCodecContext:
    """An open-on-first-frame x264 context for constrained baseline, one slice thread."""
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width = width
    codec.height = height
    codec.bit_rate = bit_rate
    codec.pix_fmt = "yuv420p"
    codec.framerate = Fraction(FRAME_RATE_HZ, 1)
    codec.time_base = Fraction(1, FRAME_RATE_HZ)
    codec.gop_size = 3000
    codec.thread_count = 1
    codec.options = {
        # Level 3.1, as the offer says, holds 1280x720; 1024x1024 needs the next one.
        "level": "31" if width * height <= 1280 * 720 else "32",
        "preset": PRESET,
        "tune": "zerolatency",
        # Half a second of VBV: a forced key frame was seen to burst over 100 kB without it.
        "maxrate": str(bit_rate),
        "bufsize": str(bit_rate // 2),
        "forced-idr": "1",
    }
    codec.profile = "Baseline"
    return codec


def patches(rates: Mapping[int, int], offered: bool) -> list[Patch]:
    """Replace the encoder, and take H264 out of the codecs when it is not `offered`."""
    require_attribute("aiortc", H264Encoder.__init__, _TARGET)
    found = [
        Patch("aiortc", H264Encoder, "_encode_frame", _encode_frame(rates)),
        Patch("aiortc", H264Encoder, "target_bitrate", pinned_property(_TARGET)),
    ]
    if not offered:
        found.append(_without_h264())
    return found


def _encode_frame(rates: Mapping[int, int]) -> Any:
    original = H264Encoder._encode_frame

    def encode_frame(self: Any, frame: Any, force_keyframe: bool) -> Any:
        rate = rate_for(rates, frame.width, frame.height)
        setattr(self, _TARGET, rate)
        codec = self.codec
        if codec is None or (codec.width, codec.height) != (frame.width, frame.height):
            # With a codec that fits in place, the original does not make its own.
            self.codec = make_codec(frame.width, frame.height, rate)
        return original(self, frame, force_keyframe)

    return encode_frame


def _without_h264() -> Patch:
    gone = {c.payloadType for c in CODECS["video"] if c.mimeType == "video/H264"}
    video = [
        c
        for c in CODECS["video"]
        if c.payloadType not in gone and c.parameters.get("apt") not in gone
    ]
    return Patch("aiortc", _Table(CODECS), "video", video)


class _Table:
    """The codec table seen as attributes, so that one Patch can change and restore a row."""

    def __init__(self, table: dict[str, Any]) -> None:
        object.__setattr__(self, "_table", table)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._table[name]
        except KeyError as error:
            raise AttributeError(name) from error

    def __setattr__(self, name: str, value: Any) -> None:
        self._table[name] = value
