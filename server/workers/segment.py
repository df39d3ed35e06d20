"""A named piece of memory that two processes share.

Made by the reader of a ring, opened by its writer, unlinked as soon as both have it: what nobody
holds any more is then gone, however a process ended. Runs on the event loop.
Never grows into memory that is not there: it is reserved when it is made.
"""

from __future__ import annotations

import errno
import os
from multiprocessing.shared_memory import SharedMemory


class SegmentRefused(Exception):
    """Shared memory cannot be had; the message says why and what to do about it."""


class Segment:
    """Shared memory of one name; use `create` or `attach`."""

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory
        self._linked = True

    @classmethod
    def create(cls, size: int) -> Segment:
        """New memory of at least `size` bytes, all of it reserved. Raises SegmentRefused."""
        try:
            memory = SharedMemory(create=True, size=size)
        except OSError as error:
            raise SegmentRefused(_refused(size, error)) from error
        try:
            _reserve(memory, size)
        except OSError as error:
            memory.close()
            memory.unlink()
            raise SegmentRefused(_refused(size, error)) from error
        return cls(memory)

    @classmethod
    def attach(cls, name: str) -> Segment:
        """What another process made. Raises SegmentRefused when it is gone."""
        try:
            return cls(SharedMemory(name))
        except (OSError, ValueError) as error:
            raise SegmentRefused(f"shared memory {name} cannot be opened: {error}") from error

    @property
    def name(self) -> str:
        """For `attach`."""
        return self._memory.name

    def view(self) -> memoryview:
        """All of it; to be released before `close`."""
        whole = self._memory.buf
        assert whole is not None, "asked for after close()"
        return memoryview(whole)

    def unlink(self) -> None:
        """Take its name away: who has it keeps it, nobody else gets it. Idempotent."""
        if self._linked:
            self._linked = False
            self._memory.unlink()

    def close(self) -> None:
        """Let go of it. Idempotent; raises BufferError while a view is not released."""
        self._memory.close()


def _reserve(memory: SharedMemory, size: int) -> None:
    """Raises OSError where there is not so much: later it would be a bus error in mid-frame."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(memory._fd, 0, size)  # type: ignore[attr-defined]


def _refused(size: int, error: OSError) -> str:
    mib = size / 2**20
    if error.errno in (errno.ENOSPC, errno.ENOMEM):
        return (
            f"no {mib:.1f} MiB of shared memory left for a session's pictures; give the container "
            "more (docker run --shm-size 512m), make /dev/shm larger, or lower session.size"
        )
    return f"{mib:.1f} MiB of shared memory were refused: {error}; see `df /dev/shm`"
