"""Memory that two hold, that nobody finds, that is not there."""

from __future__ import annotations

import errno
import os

import pytest

from server.workers.segment import Segment, SegmentRefused


def test_two_hold_the_same_memory_and_nothing_is_left_of_it() -> None:
    ours = Segment.create(1000)
    theirs = Segment.attach(ours.name)
    ours.unlink()
    ours.unlink()
    with pytest.raises(SegmentRefused, match="cannot be opened"):
        Segment.attach(ours.name)
    mine, other = ours.view(), theirs.view()
    mine[7] = 42
    assert other[7] == 42 and other.nbytes >= 1000
    with pytest.raises(BufferError):
        ours.close()
    mine.release()
    other.release()
    for segment in (ours, theirs):
        segment.close()
        segment.close()


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "--shm-size"), (errno.EPERM, "df /dev/shm")]
)
def test_memory_that_is_not_there_is_refused_when_it_is_made(
    monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    made: list[int] = []

    def refuse(handle: int, begin: int, size: int) -> None:
        made.append(handle)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    before = set(os.listdir("/dev/shm"))
    with pytest.raises(SegmentRefused, match=said):
        Segment.create(4 * 2**20)
    assert made and set(os.listdir("/dev/shm")) == before


def test_a_system_without_shared_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr("server.workers.segment.SharedMemory", refuse)
    with pytest.raises(SegmentRefused, match="were refused: no"):
        Segment.create(100)
