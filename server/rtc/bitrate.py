"""Pins the VP8 bit rate by picture size.

The replaced methods run on the codec pool (encode) and the event loop (REMB).
Never follows REMB: each change over 10 % makes aiortc rebuild its encoder, with a key frame;
5-8 key frames in 13 s were seen, 1 with the rate pinned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiortc.codecs.vpx import Vp8Encoder

from server.rtc.patches import Patch, require_attribute

_TARGET = "_Vp8Encoder__target_bitrate"


def rate_for(rates: Mapping[int, int], width: int, height: int) -> int:
    """Bit rate in bit/s of the smallest known size that holds the picture (else of the largest)."""
    side = max(width, height)
    return rates[min((size for size in rates if size >= side), default=max(rates))]


def pinned_property(attribute: str) -> property:
    """A `target_bitrate` that reads `attribute` and takes no advice."""

    def ignore(_encoder: Any, _bitrate: int) -> None:
        """REMB arrives here."""

    return property(lambda encoder: getattr(encoder, attribute), ignore)


def patches(rates: Mapping[int, int]) -> list[Patch]:
    """Raises IncompatibleLibrary when the encoder keeps its rate elsewhere."""
    original = Vp8Encoder.encode
    require_attribute("aiortc", Vp8Encoder.__init__, _TARGET)

    def encode(self: Any, frame: Any, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        setattr(self, _TARGET, rate_for(rates, frame.width, frame.height))
        return original(self, frame, force_keyframe)

    return [
        Patch("aiortc", Vp8Encoder, "encode", encode),
        Patch("aiortc", Vp8Encoder, "target_bitrate", pinned_property(_TARGET)),
    ]
