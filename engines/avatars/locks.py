"""Whether somebody still works in a folder: a lock that goes with its process, however that ends.

Any thread, any process on this machine; one open file for each held folder.
Never waits for a lock and never leaves a file.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LEFT_OVER_S = 3600.0
"""Where folders cannot be locked, one is taken for abandoned after this time."""

FRESH_S = 1.0
"""A folder this new may be about to be held."""


def _library() -> Any:
    try:
        return importlib.import_module("fcntl")
    except ImportError:  # Windows
        return None


_FCNTL = _library()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """`folder` is worked in. The kernel drops the lock (flock(2)) when the process is gone."""
    if _FCNTL is None:
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        _lock(opened)
        yield
    finally:
        os.close(opened)


def abandoned(folder: Path, now: Callable[[], float] = time.time) -> bool:
    """Whether nobody works in `folder` any more; also when it is gone by now."""
    try:
        if _FCNTL is None:
            return now() - folder.stat().st_mtime > LEFT_OVER_S
        opened = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        age_s = now() - os.fstat(opened).st_mtime
        return age_s > LEFT_OVER_S or (age_s > FRESH_S and _lock(opened))
    finally:
        os.close(opened)


def _lock(opened: int) -> bool:
    """Whether it could be had; network folders may have no locks, then nobody holds one."""
    try:
        _FCNTL.flock(opened, _FCNTL.LOCK_EX | _FCNTL.LOCK_NB)
    except OSError:
        return False
    return True
