"""A ring of records in memory that two processes share: one writes, one reads, nobody waits.

Pure: it works on any writable buffer, and the caller brings notices of new records to the reader.
Never blocks the writer: the oldest record is overwritten, and a reader that comes too late, or
while a record is being written, is told that it is gone.

Layout, little endian: header `magic u32, version u32, slots u32, room u32, written u64`, then the
slots: `begun u64, ended u64, meta u32, body u32`, then `room` bytes for both. Record k (from 1)
lies in slot (k - 1) % slots. The writer sets `begun` to k, writes, sets `ended` to k; the reader
finds both equal to k before its copy and `begun` still so after it, or the copy is worth nothing
(a sequence lock: Lamport, "Concurrent reading and writing", 1977). Between processes the notice
that makes a reader look crosses a socket, which orders the memory on every processor.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

MAGIC = 0x53524D52
VERSION = 1
_HEADER = struct.Struct("<IIIIQ")
_WRITTEN = struct.Struct("<Q")
_WRITTEN_AT = 16
_SLOT = struct.Struct("<QQII")
_ALIGN = 64
_HEADER_BYTES = 64


class RingError(Exception):
    """The memory holds no ring of this version, or a record does not fit; the message says."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record, copied out of the ring."""

    number: int
    meta: bytes
    body: bytes


def _slot_bytes(room: int) -> int:
    return -(-(_SLOT.size + room) // _ALIGN) * _ALIGN


def ring_bytes(slots: int, room: int) -> int:
    """Size of the memory for `slots` records of at most `room` bytes each."""
    if slots < 2 or room < 1:
        raise ValueError(f"a ring needs 2 slots and room in them, got {slots} of {room}")
    return _HEADER_BYTES + slots * _slot_bytes(room)


class RingWriter:
    """The one that writes."""

    def __init__(self, memory: memoryview) -> None:
        """On memory that `format_ring` was called on. Raises RingError."""
        self._memory = memory
        self._slots, self.room, self._written = _open(memory)

    @property
    def written(self) -> int:
        """Records written so far."""
        return self._written

    def write(self, meta: bytes, body: memoryview) -> int:
        """Write a record, over the oldest if need be; returns its number.

        `body` is contiguous bytes. Raises RingError when it does not fit.
        """
        size = len(meta) + body.nbytes
        if size > self.room:
            raise RingError(f"a record of {size} bytes does not fit, there is room for {self.room}")
        number = self._written + 1
        at = _slot_at(number, self._slots, self.room)
        payload = at + _SLOT.size
        _SLOT.pack_into(self._memory, at, number, 0, len(meta), body.nbytes)
        self._memory[payload : payload + len(meta)] = meta
        self._memory[payload + len(meta) : payload + size] = body
        _SLOT.pack_into(self._memory, at, number, number, len(meta), body.nbytes)
        _WRITTEN.pack_into(self._memory, _WRITTEN_AT, number)
        self._written = number
        return number

    def release(self) -> None:
        """Let go of the memory, so that it can be closed. Idempotent."""
        self._memory.release()


def _copy(memory: memoryview, part: slice) -> bytes:
    return bytes(memory[part])


class RingReader:
    """The one that reads."""

    def __init__(self, memory: memoryview) -> None:
        """On memory that `format_ring` was called on. Raises RingError."""
        self._memory = memory
        self._slots, self._room, _ = _open(memory)
        self.lost = 0
        """Records that were gone, or not whole, when they were asked for."""

    @property
    def written(self) -> int:
        """Number of the newest record; 0: none yet."""
        number: int = _WRITTEN.unpack_from(self._memory, _WRITTEN_AT)[0]
        return number

    def read(
        self, number: int, copy: Callable[[memoryview, slice], bytes] = _copy
    ) -> Record | None:
        """A copy of a record; None when it is not there (yet, or any more) or was torn.

        `copy` is for tests.
        """
        at = _slot_at(number, self._slots, self._room)
        begun, ended, meta_size, body_size = _SLOT.unpack_from(self._memory, at)
        if begun != number or ended != number or meta_size + body_size > self._room:
            self.lost += 1
            return None
        payload = at + _SLOT.size
        meta = copy(self._memory, slice(payload, payload + meta_size))
        body = copy(self._memory, slice(payload + meta_size, payload + meta_size + body_size))
        if _SLOT.unpack_from(self._memory, at)[0] != number:
            self.lost += 1
            return None
        return Record(number, meta, body)

    def release(self) -> None:
        """Let go of the memory, so that it can be closed. Idempotent."""
        self._memory.release()


def format_ring(memory: memoryview, slots: int, room: int) -> None:
    """Make an empty ring; before anybody reads or writes. Raises RingError if it is too small."""
    wanted = ring_bytes(slots, room)
    if memory.nbytes < wanted:
        raise RingError(f"a ring of {slots} x {room} needs {wanted} bytes, got {memory.nbytes}")
    for number in range(1, slots + 1):
        _SLOT.pack_into(memory, _slot_at(number, slots, room), 0, 0, 0, 0)
    _HEADER.pack_into(memory, 0, MAGIC, VERSION, slots, room, 0)


def _slot_at(number: int, slots: int, room: int) -> int:
    return _HEADER_BYTES + (number - 1) % slots * _slot_bytes(room)


def _open(memory: memoryview) -> tuple[int, int, int]:
    if memory.nbytes < _HEADER_BYTES:
        raise RingError(f"no ring: {memory.nbytes} bytes are too few")
    magic, version, slots, room, written = _HEADER.unpack_from(memory, 0)
    if magic != MAGIC or version != VERSION:
        raise RingError(f"no ring of version {VERSION}: found {magic:#x}, version {version}")
    if slots < 2 or room < 1 or memory.nbytes < ring_bytes(slots, room):
        raise RingError(f"a damaged ring: {slots} x {room} in {memory.nbytes} bytes")
    return slots, room, written
