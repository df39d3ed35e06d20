"""Tasks and threads in the metrics: what the bench looks at after many calls."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from server.bench.service import parse_metrics
from server.metrics import Metrics


def values() -> dict[str, float]:
    return parse_metrics(Metrics().text().decode())


async def test_tasks_and_threads_are_counted_at_the_scrape() -> None:
    before = values()
    stop = asyncio.Event()
    task = asyncio.create_task(stop.wait())
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    during = values()
    gate.set()
    thread.join()
    stop.set()
    await task
    after = values()
    for name in ("avatar_tasks", "avatar_threads"):
        assert during[name] == before[name] + 1
        assert after[name] == before[name]


def test_without_a_loop_there_are_no_tasks() -> None:
    found = values()
    assert "avatar_tasks" not in found and found["avatar_threads"] >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="the process metrics read /proc")
def test_memory_of_the_process_is_told() -> None:
    assert values()["process_resident_memory_bytes"] > 1e6
