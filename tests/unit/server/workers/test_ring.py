"""Sequence numbers, what is gone, what is torn, and who dies when."""

from __future__ import annotations

import struct
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.workers.ring import RingError, RingReader, RingWriter, format_ring, ring_bytes


def ring(slots: int = 3, room: int = 100) -> tuple[RingWriter, RingReader, memoryview]:
    memory = memoryview(bytearray(ring_bytes(slots, room)))
    format_ring(memory, slots, room)
    return RingWriter(memory), RingReader(memory), memory


def body(text: bytes) -> memoryview:
    return memoryview(text)


def test_what_is_written_is_read_by_its_number() -> None:
    writer, reader, _ = ring()
    assert (writer.written, reader.written) == (0, 0)
    assert writer.write(b"meta", body(b"pixels")) == 1
    assert writer.write(b"", body(b"")) == 2
    record = reader.read(1)
    assert record is not None
    assert (record.number, record.meta, bytes(record.body)) == (1, b"meta", b"pixels")
    second = reader.read(2)
    assert second is not None and second.meta == b"" and reader.written == 2


def test_an_empty_ring_has_nothing_to_read() -> None:
    _, reader, _ = ring()
    assert reader.read(1) is None and reader.read(7) is None
    assert reader.lost == 2


def test_a_full_ring_overwrites_the_oldest_and_waits_for_nobody() -> None:
    writer, reader, _ = ring(slots=3)
    for number in range(1, 6):
        writer.write(b"%d" % number, body(b"x"))
    assert [reader.read(number) is not None for number in range(1, 7)] == [
        *(False, False),
        *(True, True, True),
        False,
    ]
    assert reader.lost == 3


def test_a_record_that_does_not_fit_is_refused_and_harms_nothing() -> None:
    writer, reader, _ = ring(room=10)
    writer.write(b"12345", body(b"67890"))
    with pytest.raises(RingError, match="11 bytes does not fit, there is room for 10"):
        writer.write(b"12345", body(b"678901"))
    assert reader.read(1) is not None and writer.written == 1


def test_a_writer_that_dies_in_mid_record_leaves_it_torn() -> None:
    writer, reader, memory = ring(slots=2)
    writer.write(b"", body(b"old"))
    writer.write(b"", body(b"two"))
    # As `write` begins its third record, over the first, and no further.
    struct.pack_into("<QQII", memory, 64, 3, 0, 0, 3)
    assert reader.read(1) is None and reader.read(3) is None
    assert reader.read(2) is not None
    again = RingWriter(memory)
    assert again.write(b"", body(b"new")) == 3
    found = reader.read(3)
    assert found is not None and bytes(found.body) == b"new"


def test_a_record_overwritten_during_the_copy_is_worth_nothing() -> None:
    writer, reader, _ = ring(slots=2)
    writer.write(b"", body(b"first"))

    def overtaking(view: memoryview, part: slice) -> bytes:
        for text in (b"second", b"third"):
            writer.write(b"", body(text))
        return bytes(view[part])

    assert reader.read(1, copy=overtaking) is None
    assert reader.lost == 1


def test_a_reader_that_is_gone_is_not_missed() -> None:
    memory = bytearray(ring_bytes(2, 100))
    format_ring(memoryview(memory), 2, 100)
    writer, reader = RingWriter(memoryview(memory)), RingReader(memoryview(memory))
    reader.release()
    reader.release()
    for number in range(1, 9):
        assert writer.write(b"", body(b"x")) == number
    writer.release()
    # Nobody holds the memory any more: it could be closed.
    memory.append(0)


def test_while_another_thread_writes_no_reader_ever_sees_two_records_as_one() -> None:
    memory = memoryview(bytearray(ring_bytes(2, 4096)))
    format_ring(memory, 2, 4096)
    writer, reader = RingWriter(memory), RingReader(memory)
    done = threading.Event()

    def write() -> None:
        for number in range(1, 3000):
            writer.write(b"", np.full(4000, number % 251, np.uint8).data)
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    whole = 0
    while not done.is_set():
        record = reader.read(max(reader.written, 1))
        if record is not None:
            whole += 1
            assert set(record.body) == {record.number % 251}
    thread.join()
    last = reader.read(reader.written)
    assert last is not None and last.number == 2999


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"short", "too few"),
        (bytes(200), "found 0x0"),
        (struct.pack("<IIIIQ", 0x53524D52, 9, 3, 100, 0) + bytes(900), "version 9"),
        (struct.pack("<IIIIQ", 0x53524D52, 1, 9999, 100, 0) + bytes(900), "damaged"),
        (struct.pack("<IIIIQ", 0x53524D52, 1, 0, 100, 0) + bytes(900), "damaged"),
    ],
)
def test_memory_that_holds_no_ring_is_told_from_one_that_does(data: bytes, why: str) -> None:
    with pytest.raises(RingError, match=why):
        RingReader(memoryview(bytearray(data)))


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="2 slots"):
        ring_bytes(1, 100)
    with pytest.raises(ValueError, match="room"):
        ring_bytes(2, 0)
    with pytest.raises(RingError, match="needs"):
        format_ring(memoryview(bytearray(100)), 3, 100)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 6),
    st.lists(st.one_of(st.binary(max_size=40), st.integers(1, 40)), max_size=60),
)
def test_any_order_of_writes_and_reads_gives_whole_records_or_none(
    slots: int, steps: list[bytes | int]
) -> None:
    """Bytes are written; a number is asked for."""
    writer, reader, _ = ring(slots, 80)
    written: list[bytes] = []
    for step in steps:
        if isinstance(step, bytes):
            written.append(step)
            assert writer.write(step[:5], body(step)) == len(written)
            continue
        record = reader.read(step)
        kept = len(written) - slots < step <= len(written)
        assert (record is not None) == kept
        if record is not None:
            assert bytes(record.body) == written[step - 1] and record.meta == record.body[:5]
