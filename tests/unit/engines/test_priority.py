"""A thread of higher priority, where that is allowed."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from engines.priority import prefer_this_thread

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a niceness of a thread is Linux's")


def on_a_thread(niceness: int) -> tuple[bool, int]:
    found: list[tuple[bool, int]] = []

    def run() -> None:
        allowed = prefer_this_thread(niceness)
        found.append((allowed, os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_it_is_that_thread_s_alone() -> None:
    """Upwards everybody may go."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert on_a_thread(before + 1) == (True, before + 1)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_where_it_is_not_allowed_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def refuse(*_: int) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(os, "setpriority", refuse)
    assert on_a_thread(before + 1) == (False, before)


def test_elsewhere_it_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.priority.sys.platform", "darwin")
    assert not prefer_this_thread(19)
