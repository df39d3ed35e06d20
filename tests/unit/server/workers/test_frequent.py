"""What comes often comes back whole, and bytes that are none are named so."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.emotion.values import Emotion
from engines.values import AudioChunk
from server.workers import messages as m
from server.workers.wire import BadMessage


def felt() -> Emotion:
    shares = np.full(8, 0.125, np.float32)
    return Emotion(np.ones(64, np.float32), shares, 0.1, -0.2, 0.3, frozenset({"text", "speech"}))


SOUND = AudioChunk(-640, 2, np.linspace(-1, 1, 320, dtype=np.float32), True)
MOTION = np.arange(58, dtype=np.float32)
FREQUENT: list[object] = [
    m.Hear("w1.sitzung-ü", SOUND),
    m.Hear("", AudioChunk(2**40, 0, np.zeros(0, np.float32))),
    m.PictureMeta(640, 2, MOTION, felt()),
    m.PictureMeta(640, 2, MOTION, None),
    m.Drawn("s", 2**33),
]


def told(value: object) -> object:
    """Its parts, arrays as lists of numbers."""
    if isinstance(value, np.ndarray):
        return [value.dtype.str, value.flags.writeable, *value.tolist()]
    if is_dataclass(value):
        return [type(value), *(told(getattr(value, item.name)) for item in fields(value))]
    return value


@pytest.mark.parametrize("message", FREQUENT)
def test_what_comes_often_has_a_short_layout_that_says_the_same(message: object) -> None:
    packed = m.WIRE.pack(message)
    assert packed[1:4] == b"\xff\xff\xff"
    back = m.WIRE.unpack(memoryview(packed))
    frozen = str(told(message)).replace("'<f4', True", "'<f4', False")
    # Nobody writes into what came: it is a view of the message.
    assert str(told(back)) == frozen


@pytest.mark.parametrize("message", FREQUENT)
def test_a_layout_that_is_cut_off_is_bad_or_ends_in_its_last_text(message: object) -> None:
    packed = m.WIRE.pack(message)
    size = {m.Hear: 24 + 4 * 320, m.Drawn: 8}.get(type(message), 24 + 4 * 58)
    if isinstance(message, m.PictureMeta) and message.emotion is not None:
        size += 4 * 72 + 24
    if isinstance(message, m.Hear) and not len(message.chunk.samples):
        size = 24
    for end in range(4, min(4 + size, len(packed))):
        with pytest.raises(BadMessage):
            m.WIRE.unpack(packed[:end])


def test_a_layouts_lengths_are_not_believed() -> None:
    packed = bytearray(m.WIRE.pack(FREQUENT[0]))
    packed[20:24] = b"\xff\xff\xff\x7f"
    with pytest.raises(BadMessage, match="not whole"):
        m.WIRE.unpack(bytes(packed))
    with pytest.raises(BadMessage, match="too many"):
        m.WIRE.unpack(m.WIRE.pack(FREQUENT[3]) + b"x")
    with pytest.raises(BadMessage):
        m.WIRE.unpack(m.WIRE.pack(FREQUENT[4]) + b"\xff")


@given(st.integers(0, 3), st.binary(max_size=200))
def test_any_bytes_in_a_layout_are_a_message_or_named_bad(number: int, data: bytes) -> None:
    head = m.WIRE.pack(FREQUENT[4])[:4]
    try:
        m.WIRE.unpack(bytes([number]) + head[1:] + data)
    except BadMessage:
        pass


@pytest.mark.parametrize("samples", [np.zeros(3), np.zeros((2, 2), np.float32)])
def test_only_sound_of_one_kind_is_sent(samples: Any) -> None:
    with pytest.raises(TypeError, match="f32"):
        m.WIRE.pack(m.Hear("s", AudioChunk(0, 0, samples)))
