"""The torch back-end on the card: near ONNX Runtime, in every bucket, with memory that stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engines.backends.base import BackendError
from engines.backends.networks import NETWORKS
from engines.backends.slots import HoldingNetwork, HostSlots, Slots
from engines.backends.torch_backend import TorchBackend
from engines.backends.trial import made_feeds
from engines.render.nets import HELD, KEPT
from export.specs import FP16_BAR, FP32_BAR
from tests.gpu.apart import batches_apart, golden_apart

pytestmark = pytest.mark.gpu


@pytest.fixture
def backend() -> Iterator[TorchBackend]:
    try:
        made = TorchBackend("cuda")
    except BackendError as error:
        pytest.skip(f"not run: {error}")
    yield made
    made.close()


@pytest.mark.parametrize("name", NETWORKS)
def test_golden_inputs_give_what_onnx_runtime_gives(backend: TorchBackend, name: str) -> None:
    row = NETWORKS[name]
    bar = FP16_BAR if row.precision == "fp16" else FP32_BAR
    assert golden_apart(backend, name) <= bar


@pytest.mark.parametrize("name", [n for n, row in NETWORKS.items() if row.axis.buckets])
def test_every_batch_is_near_filled_up_or_not(backend: TorchBackend, name: str) -> None:
    assert batches_apart(backend, name) <= FP16_BAR


def test_memory_is_taken_at_load_and_does_not_grow(backend: TorchBackend) -> None:
    import torch

    row = NETWORKS["renderer/mouth"]
    network = backend.load(row.model())
    before = torch.cuda.memory_reserved()
    for size in (1, 64, 3, 33, 64):
        network.run(None, made_feeds(network, size))
    assert torch.cuda.memory_reserved() == before


def test_equal_feeds_give_equal_bits(backend: TorchBackend) -> None:
    network = backend.load(NETWORKS["renderer/eye"].model())
    feeds = made_feeds(network, 3)
    (first,) = network.run(None, feeds)
    network.run(None, made_feeds(network, 3, seed=1))
    np.testing.assert_array_equal(first, network.run(None, feeds)[0])


@pytest.mark.parametrize("name", ["renderer/mouth", "renderer/eye"])
def test_rows_held_there_give_the_bits_of_rows_that_are_sent(
    backend: TorchBackend, name: str
) -> None:
    import torch

    network = backend.load(NETWORKS[name].model())
    assert isinstance(network, HoldingNetwork)
    both: tuple[Slots, Slots] = (network.slots(HELD, KEPT, 8), HostSlots(network, HELD, KEPT, 8))
    taken = [[each.take() for _ in range(8)] for each in both]
    assert taken[0] == taken[1]
    before = torch.cuda.memory_reserved()
    for frame, count in enumerate((8, 3, 1, 5)):
        feeds = dict(made_feeds(network, count, seed=frame))
        for at, slot in enumerate(taken[0][::-1][:count]):
            for one in ("noised", "reference"):
                for each in both:
                    each.put(slot, one, feeds[one][at])
        fed = {one: value for one, value in feeds.items() if one not in HELD}
        held = taken[0][::-1][:count]
        (there,), (sent,) = (each.run(None, fed, held, keep=True) for each in both)
        np.testing.assert_array_equal(there, sent)
    assert torch.cuda.memory_reserved() == before
