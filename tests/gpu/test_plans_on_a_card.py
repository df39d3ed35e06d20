"""Every plan on the card: near ONNX Runtime, in every bucket, and quick to start again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engines.backends.base import BackendError
from engines.backends.cuda import Cuda
from engines.backends.networks import NETWORKS
from engines.backends.plan_build import Builder
from engines.backends.plan_store import RUNTIME, PlanStore
from engines.backends.trt import TrtBackend
from export.specs import FP16_BAR
from tests.gpu.apart import batches_apart, golden_apart

pytestmark = pytest.mark.gpu
SINGLE_BAR = 1e-3
"""Cards add in another order than processors, and convolve in TF32."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PlanStore:
    return PlanStore(tmp_path_factory.mktemp("plans"))


@pytest.fixture(scope="module")
def backend(store: PlanStore) -> Iterator[TrtBackend]:
    try:
        builder = Builder.of(Cuda().card().capability)
    except BackendError as error:
        pytest.skip(f"not run: {error}")
    for row in NETWORKS.values():
        builder.build(row, row.model(), store)
    made = TrtBackend(store)
    yield made
    made.close()


@pytest.mark.parametrize("name", NETWORKS)
def test_golden_inputs_give_what_onnx_runtime_gives(backend: TrtBackend, name: str) -> None:
    row = NETWORKS[name]
    bar = FP16_BAR if row.precision == "fp16" else SINGLE_BAR
    assert golden_apart(backend, name) <= bar


@pytest.mark.parametrize("name", [n for n, row in NETWORKS.items() if row.axis.buckets])
def test_every_batch_is_near_filled_up_or_not(backend: TrtBackend, name: str) -> None:
    assert batches_apart(backend, name) <= FP16_BAR


def test_a_row_is_the_same_bits_wherever_in_a_bucket_it_stands(backend: TrtBackend) -> None:
    row = NETWORKS["renderer/eye_reference"]
    network = backend.load(row.model())
    rng = np.random.default_rng(0)
    one = {
        each.name: rng.uniform(-0.5, 0.5, (1, *each.shape[1:])).astype(np.float32)
        for each in network.inputs
    }
    four = {name: np.repeat(value, 4, 0) for name, value in one.items()}
    (found,) = network.run(None, four)
    for index in range(1, 4):
        np.testing.assert_array_equal(found[index], found[0])


def test_compiled_kernels_lie_beside_the_plan(backend: TrtBackend, store: PlanStore) -> None:
    row = NETWORKS["renderer/mouth"]
    backend.load(row.model())
    if backend.builder.flavour.times_kernels:
        pytest.skip("this library compiles when it builds")
    assert store.cache(backend.builder.key(row, row.model()), RUNTIME)
