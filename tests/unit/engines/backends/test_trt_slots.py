"""Rows on a card of our own: what is copied, when, and what is given back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.backends.base import CardLost, OutOfDeviceMemory
from engines.backends.networks import BUCKETS
from engines.backends.plan_store import PlanStore
from engines.backends.slots import HoldingNetwork, Slots
from engines.backends.trt import TrtBackend
from engines.values import F32
from tests.support.fake_cuda import LOST, FakeCudart, FakeTrt, fake_trt
from tests.support.tiny_graph import remembering

NAMES, KEEP = ("previous", "person"), {"previous": "residual"}
ROW_BYTES = 4 * (6 + 2)


@pytest.fixture
def trt() -> FakeTrt:
    return fake_trt()


def opened(trt: FakeTrt, folder: Path, count: int) -> tuple[TrtBackend, Slots]:
    store = PlanStore(folder)
    trt.put_plan(store, remembering())
    backend = trt.backend(store, trt.cudart)
    network = backend.load(remembering())
    assert isinstance(network, HoldingNetwork)
    return backend, network.slots(NAMES, KEEP, count)


def seen(count: int) -> dict[str, F32]:
    return {"seen": np.ones((count, 2, 3), np.float32)}


def test_memory_is_taken_at_once_and_given_back_with_the_network(
    trt: FakeTrt, tmp_path: Path
) -> None:
    backend, slots = opened(trt, tmp_path, 10)
    before = trt.cudart.used
    assert slots.device_bytes == 10 * ROW_BYTES
    taken = [slots.take() for _ in range(10)]
    for _ in range(3):
        slots.run(None, seen(10), taken, keep=True)
    assert trt.cudart.used == before
    backend.close()
    assert not trt.cudart.memory and not trt.cudart.pinned and not trt.cudart.graphs


def test_a_run_is_one_launch_and_a_copy_on_the_card_for_each_stretch_of_slots(
    trt: FakeTrt, tmp_path: Path
) -> None:
    _, slots = opened(trt, tmp_path, 8)
    for _ in range(8):
        slots.take()
    # One with all fed, one with all held.
    assert len(trt.cudart.graphs) == 2 * len(BUCKETS)
    trt.cudart.calls.clear()
    slots.run(None, seen(5), [2, 3, 4, 7, 0], keep=True)
    # Three stretches of two inputs before the run, three of the one that is kept after it.
    assert trt.cudart.calls == [
        *["cudaMemcpyAsync"] * 6,
        "cudaGraphLaunch",
        *["cudaMemcpyAsync"] * 3,
        "cudaStreamSynchronize",
    ]


def test_a_card_without_room_says_so_and_keeps_nothing(trt: FakeTrt, tmp_path: Path) -> None:
    store = PlanStore(tmp_path)
    trt.put_plan(store, remembering())
    network = trt.backend(store, FakeCudart(total=1 << 16)).load(remembering())
    assert isinstance(network, HoldingNetwork)
    before = trt.cudart.used
    with pytest.raises(OutOfDeviceMemory):
        network.slots(NAMES, KEEP, 1 << 13)
    assert trt.cudart.used == before


def test_a_lost_card_is_told(trt: FakeTrt, tmp_path: Path) -> None:
    _, slots = opened(trt, tmp_path, 2)
    slot = slots.take()
    trt.cudart.codes["cudaStreamSynchronize"] = LOST
    with pytest.raises(CardLost):
        slots.run(None, seen(1), [slot], keep=True)
