"""Values as bytes and back; bytes that are none."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.workers.wire import BadMessage, Wire


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0

    def __post_init__(self) -> None:
        if self.x > 1e6:
            raise ValueError("x: too far")


@dataclass(frozen=True)
class Shape:
    name: str
    points: tuple[Point, ...]
    pixels: object = None
    words: frozenset[str] = frozenset()
    numbers: object = None


WIRE = Wire((Point, Shape))


def test_a_value_comes_back_whole() -> None:
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    sound = np.linspace(-1, 1, 5, dtype=np.float32)
    sent = Shape("ü", (Point(1.5), Point(2, float("inf"))), (picture, sound), frozenset("ab"))
    got = WIRE.unpack(WIRE.pack(sent))
    assert (got.name, got.points, got.words) == (sent.name, sent.points, sent.words)
    assert (got.pixels[0] == picture).all() and (got.pixels[1] == sound).all()
    assert got.pixels[1].dtype == np.float32


def test_mappings_and_nothing_are_values_too() -> None:
    sent = Shape("", (), None, frozenset(), {"a": 1, "b": (True, None)})
    assert WIRE.unpack(WIRE.pack(sent)) == sent


def test_an_array_that_is_a_view_is_sent_as_it_looks() -> None:
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-1]
    assert (WIRE.unpack(WIRE.pack(picture)) == picture).all()


@pytest.mark.parametrize("value", [object(), {1, 2}, np.zeros(3, np.float64), Exception("x")])
def test_what_is_not_registered_is_not_sent(value: object) -> None:
    with pytest.raises(TypeError):
        WIRE.pack(value)


def test_a_class_of_the_same_name_is_another_class() -> None:
    @dataclass
    class Point:
        x: float

    with pytest.raises(TypeError, match="not registered"):
        WIRE.pack(Point(1.0))


def framed(tree: object, blobs: bytes = b"") -> bytes:
    head = json.dumps(tree).encode()
    return struct.pack("<I", len(head)) + head + blobs


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"abc",
        struct.pack("<I", 99) + b"{}",
        struct.pack("<I", 2) + b"{]",
        framed({"@": "Nobody"}),
        framed({"@": "Point"}),
        framed({"@": "Point", "x": 1, "z": 2}),
        framed({"@": "Point", "x": 2e6}),
        framed({"@": "Point", "x": "far"}),
        framed({"what": 1}),
        framed({"#": ["f4", 3]}, bytes(11)),
        framed({"#": ["f4", -3]}),
        framed({"#": ["f4", 2**60, 2**60]}),
        framed({"#": ["O", 1]}, bytes(8)),
        framed({"#": 5}),
        framed(1, b"more"),
        framed("x")[:-1],
    ],
)
def test_bytes_that_are_no_message_are_named_so(data: bytes) -> None:
    with pytest.raises(BadMessage, match="not a message"):
        WIRE.unpack(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_named_bad(data: bytes) -> None:
    try:
        WIRE.unpack(data)
    except BadMessage:
        pass


def test_only_dataclasses_of_different_names_can_be_registered() -> None:
    with pytest.raises(ValueError, match="dataclasses"):
        Wire((Point, Point))
    with pytest.raises(ValueError, match="dataclasses"):
        Wire((int,))
