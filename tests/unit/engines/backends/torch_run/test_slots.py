"""Rows where torch computes: the bits of the plain ones, what is copied, what is given back."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")
pytest.importorskip("onnx", reason="the extra torch is not installed")

import torch

from engines.backends import torch_backend
from engines.backends.base import (
    BackendError,
    BadFeeds,
    CardLost,
    Feeds,
    Network,
    OutOfDeviceMemory,
)
from engines.backends.networks import BUCKETS, NETWORKS, Axis
from engines.backends.slots import HostSlots, Slots
from engines.backends.torch_backend import TorchBackend
from engines.render.nets import HELD, KEPT
from engines.values import F32
from tests.support.fake_torch_cuda import CudaError, FakeTorchCuda, made_up_card
from tests.support.tiny_graph import remembering, static

NAMES, KEEP = ("previous", "person"), {"previous": "residual"}
ROW_BYTES = 4 * (6 + 2)


def held(network: Network, count: int) -> Slots:
    made: Slots = network.slots(NAMES, KEEP, count)  # type: ignore[attr-defined]
    return made


def random(rng: np.random.Generator, *shape: int) -> F32:
    return rng.uniform(-0.5, 0.5, shape).astype(np.float32)


@pytest.mark.parametrize("name", ["renderer/mouth", "renderer/eye"])
def test_the_nets_that_ship_give_the_bits_of_the_plain_ones(name: str) -> None:
    network = TorchBackend().load(NETWORKS[name].model())
    come_and_go(network)
    network.close()


def test_so_they_do_in_halves_on_a_made_up_card(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(NETWORKS["renderer/eye"], axis=Axis(1, 2, 4, (1, 2, 4)))
    monkeypatch.setattr(torch_backend, "NETWORKS", {row.name: row})
    network = TorchBackend(place=made_up_card()).load(row.model())
    assert network.runs.precision == "fp16"
    come_and_go(network)
    network.close()


def come_and_go(network: Any) -> None:
    """The same frames over both kinds of slots; sessions leave and come, steps are not kept."""
    both: tuple[Slots, Slots] = (network.slots(HELD, KEPT, 4), HostSlots(network, HELD, KEPT, 4))
    rng = np.random.default_rng(0)
    shapes = {each.name: each.shape[1:] for each in network.inputs}
    at: list[int] = []
    for frame in range(4):
        if frame == 2:
            for each in both:
                each.free(at[0])
            del at[0]
        while len(at) < 3:
            slot, same = (each.take() for each in both)
            assert slot == same
            at.append(slot)
            for name in ("noised", "reference"):
                row = random(rng, *shapes[name])
                for each in both:
                    each.put(slot, name, row)
        feeds = {name: random(rng, 3, *shapes[name]) for name in shapes if name not in HELD}
        noised = {"noised": random(rng, 3, *shapes["noised"])}
        for fed, keep in ((feeds, False), (feeds | noised, True)):
            (one,), (other,) = (each.run(None, fed, at[::-1], keep=keep) for each in both)
            np.testing.assert_array_equal(one, other)
            assert one.any()


def test_memory_is_taken_at_once_told_and_given_back(backend: TorchBackend) -> None:
    network: Any = backend.load(remembering())
    before = network.device_bytes
    slots = held(network, 10)
    assert slots.device_bytes == 10 * ROW_BYTES == network.device_bytes - before
    slot = slots.take()
    network.close()
    assert slots.device_bytes == network.device_bytes == 0
    with pytest.raises(BackendError, match="closed; load it again"):
        slots.put(slot, "person", np.ones((2, 1), np.float32))
    with pytest.raises(BackendError, match="closed; load it again"):
        slots.run(None, {"seen": np.ones((1, 2, 3), np.float32)}, [slot], keep=True)
    with pytest.raises(BackendError, match="closed; load it again"):
        held(network, 1)


def test_a_run_replays_the_graph_of_its_bucket_and_records_nothing(
    backend: TorchBackend, cuda: FakeTorchCuda
) -> None:
    slots = held(backend.load(remembering()), 8)
    taken = [slots.take() for _ in range(3)]
    before = [graph.replays for graph in cuda.graphs]
    slots.run(None, {"seen": np.ones((3, 2, 3), np.float32)}, taken, keep=True)
    assert len(cuda.graphs) == len(BUCKETS)
    ran = [graph.replays - old for graph, old in zip(cuda.graphs, before, strict=True)]
    assert ran == [int(size == 4) for size in reversed(BUCKETS)]


def test_held_rows_do_not_pass_through_the_processor(
    backend: TorchBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    network: Any = backend.load(remembering())
    slots = held(network, 2)
    slot = slots.take()
    copied: list[object] = []

    def watched(name: str) -> None:
        real = getattr(network, name)

        def copy(port: object, *rest: object) -> None:
            copied.append(port)
            real(port, *rest)

        monkeypatch.setattr(network, name, copy)

    watched("_upload")
    watched("_download")
    slots.run([], {"seen": np.ones((1, 2, 3), np.float32)}, [slot], keep=True)
    assert copied == [network._ports["seen"]]


def test_rows_nobody_reads_are_zeros_whatever_ran_before(backend: TorchBackend) -> None:
    network: Any = backend.load(remembering())
    slots = held(network, 4)
    taken = [slots.take() for _ in range(4)]
    for slot in taken:
        slots.put(slot, "person", np.ones((2, 1), np.float32))
    slots.run(None, {"seen": np.ones((4, 2, 3), np.float32)}, taken, keep=True)
    slots.run(None, {"seen": np.ones((3, 2, 3), np.float32)}, taken[:3], keep=True)
    person = network._ports["person"].device
    assert person[:3].all() and not person[3].any()


def test_what_is_kept_takes_the_type_of_what_is_held(backend: TorchBackend) -> None:
    network: Any = backend.load(remembering())
    port = network._ports["residual"]
    port.device, port.host = port.device.half(), port.host.half()
    slots = held(network, 1)
    slot = slots.take()
    feeds: Feeds = {
        "seen": np.ones((1, 2, 3), np.float32),
        "person": np.ones((1, 2, 1), np.float32),
    }
    network._graphs.clear()
    for wanted in (1.0, 1.5):
        (found,) = slots.run(None, feeds, [slot], keep=True)
        assert (found == wanted).all()


def test_rows_of_what_has_no_batch_cannot_be_held(backend: TorchBackend) -> None:
    with pytest.raises(BadFeeds, match="no batch"):
        backend.load(static()).slots(("state",), {}, 1)  # type: ignore[attr-defined]


def test_no_room_says_so_and_keeps_nothing(backend: TorchBackend, cuda: FakeTorchCuda) -> None:
    network: Any = backend.load(remembering())
    before = network.device_bytes
    cuda.faults["synchronize"] = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(OutOfDeviceMemory, match="renderer/mouth"):
        held(network, 1 << 13)
    cuda.faults.clear()
    assert network.device_bytes == before
    held(network, 1)


def test_a_lost_card_is_told(backend: TorchBackend, cuda: FakeTorchCuda) -> None:
    slots = held(backend.load(remembering()), 2)
    slot = slots.take()
    cuda.faults["synchronize"] = CudaError("CUDA error: an illegal memory access", 700)
    with pytest.raises(CardLost):
        slots.put(slot, "person", np.ones((2, 1), np.float32))
    cuda.faults.clear()
    with pytest.raises(CardLost):
        slots.take()


def test_another_threads_run_does_not_come_between(backend: TorchBackend) -> None:
    """A new face's first picture is drawn beside those of sessions, on the same memory."""
    network = backend.load(remembering())
    slots = held(network, 2)
    slot = slots.take()
    slots.put(slot, "person", np.ones((2, 1), np.float32))
    shapes = {each.name: each.shape[1:] for each in network.inputs}
    other = {name: np.full((2, *shape), 9, np.float32) for name, shape in shapes.items()}
    done = threading.Event()

    def beside() -> None:
        while not done.is_set():
            network.run(None, other)

    thread = threading.Thread(target=beside)
    thread.start()
    try:
        for _ in range(30):
            slots.put(slot, "previous", np.zeros((2, 3), np.float32))
            feeds = {"seen": np.ones((1, 2, 3), np.float32)}
            assert (slots.run(None, feeds, [slot], keep=True)[0] == 1).all()
    finally:
        done.set()
        thread.join()


def test_indices_reach_every_bucket(backend: TorchBackend) -> None:
    slots = held(backend.load(remembering()), BUCKETS[-1])
    taken = [slots.take() for _ in range(BUCKETS[-1])]
    for slot in taken:
        slots.put(slot, "person", np.full((2, 1), slot, np.float32))
    for count in BUCKETS:
        feeds = {"seen": np.ones((count, 2, 3), np.float32)}
        (found,) = slots.run(None, feeds, taken[::-1][:count], keep=False)
        assert found[:, 0, 0].tolist() == taken[::-1][:count]
