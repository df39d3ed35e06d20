"""The messages that come many times a second, each with a layout of its own instead of JSON.

Pure; numbers are little endian and every length is checked against what came.
Never a second meaning: each value unpacks to the dataclass that it was packed from.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from engines.emotion.values import Emotion
from engines.values import F32, AudioChunk
from server.workers.wire import Brief

_FLOAT = np.dtype("<f4")
# Arrays follow these heads, whose sizes are multiples of four, as arrays want to lie.
_HEAR = struct.Struct("<qqII")
_DRAWN = struct.Struct("<Q")
_META = struct.Struct("<qqHBxHH")
_FELT = struct.Struct("<ddd")


@dataclass(frozen=True, slots=True)
class Hear:
    """Some of its sound."""

    session: str
    chunk: AudioChunk


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture lies in the ring."""

    session: str
    number: int


@dataclass(frozen=True, slots=True)
class PictureMeta:
    """Beside the pixels in a ring's record."""

    pts: int
    epoch: int
    motion: F32
    emotion: Emotion | None


def _floats(data: bytes, at: int, count: int) -> Any:
    if at + 4 * count > len(data):
        raise ValueError(f"{count} numbers at {at} are not whole")
    # Views of what came, which nobody else has: never written again.
    return np.frombuffer(data, _FLOAT, count, at)


def _line(array: Any) -> bytes:
    if array.dtype != _FLOAT or array.ndim != 1:
        raise TypeError(f"wanted f32[N], got {array.dtype} {array.shape}")
    plain: bytes = array.tobytes()
    return plain


def _pack_hear(message: Hear) -> bytes:
    chunk = message.chunk
    samples = _line(chunk.samples)
    head = _HEAR.pack(chunk.pts, chunk.epoch, len(chunk.samples), chunk.seamless)
    return head + samples + message.session.encode()


def _unpack_hear(data: bytes) -> Hear:
    pts, epoch, count, seamless = _HEAR.unpack_from(data)
    samples = _floats(data, _HEAR.size, count)
    session = data[_HEAR.size + 4 * count :].decode()
    return Hear(session, AudioChunk(pts, epoch, samples, bool(seamless)))


def _pack_drawn(message: Drawn) -> bytes:
    return _DRAWN.pack(message.number) + message.session.encode()


def _unpack_drawn(data: bytes) -> Drawn:
    return Drawn(data[_DRAWN.size :].decode(), _DRAWN.unpack_from(data)[0])


def _pack_meta(meta: PictureMeta) -> bytes:
    felt, motion = meta.emotion, _line(meta.motion)
    if felt is None:
        return _META.pack(meta.pts, meta.epoch, len(meta.motion), 0, 0, 0) + motion
    z, shares = _line(felt.z), _line(felt.probabilities)
    head = _META.pack(meta.pts, meta.epoch, len(meta.motion), 1, len(felt.z), len(shares) // 4)
    moods = _FELT.pack(felt.valence, felt.arousal, felt.intensity)
    return b"".join((head, motion, z, shares, moods, "\n".join(sorted(felt.sources)).encode()))


def _unpack_meta(data: bytes) -> PictureMeta:
    pts, epoch, size, feels, of_z, of_shares = _META.unpack_from(data)
    at = _META.size
    motion = _floats(data, at, size)
    at += 4 * size
    if not feels:
        if at != len(data):
            raise ValueError(f"{len(data) - at} bytes too many")
        return PictureMeta(pts, epoch, motion, None)
    z, shares = _floats(data, at, of_z), _floats(data, at + 4 * of_z, of_shares)
    at += 4 * (of_z + of_shares)
    valence, arousal, intensity = _FELT.unpack_from(data, at)
    words = data[at + _FELT.size :].decode()
    sources = frozenset(words.split("\n")) if words else frozenset()
    felt = Emotion(z, shares, valence, arousal, intensity, sources)
    return PictureMeta(pts, epoch, motion, felt)


FREQUENT = (
    Brief(Hear, _pack_hear, _unpack_hear),
    Brief(Drawn, _pack_drawn, _unpack_drawn),
    Brief(PictureMeta, _pack_meta, _unpack_meta),
)
"""Of one session 50, 25 and 25 a second."""
