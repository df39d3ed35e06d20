"""Running plans, over a card and a library of our own: buckets, graphs, memory, refusals."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.backends.base import (
    Array,
    BackendError,
    BadFeeds,
    BadGraph,
    CardLost,
    Model,
    OutOfDeviceMemory,
)
from engines.backends.cuda import Cuda
from engines.backends.networks import BUCKETS, NETWORKS
from engines.backends.ort import OrtBackend
from engines.backends.plan_store import RUNTIME, PlanStore
from engines.backends.plans import (
    NoPlan,
    PlanDamaged,
    PlanOfAnotherCard,
    PlanOfAnotherNetwork,
    WrongProfile,
)
from engines.backends.trt import TrtBackend
from tests.support.fake_cuda import FakeContext, FakeCudart, FakeEngine, FakeTrt, fake_trt
from tests.support.tiny_graph import batched, static, text

MODEL = batched()
ROW = NETWORKS[MODEL.name]


@pytest.fixture
def trt() -> FakeTrt:
    return fake_trt()


@pytest.fixture
def store(tmp_path: Path) -> PlanStore:
    return PlanStore(tmp_path)


@pytest.fixture
def backend(trt: FakeTrt, store: PlanStore) -> TrtBackend:
    for model in (MODEL, static(), text()):
        trt.put_plan(store, model)
    return trt.backend(store, trt.cudart)


def feeds(count: int, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "picture": rng.uniform(0, 255, (count, 3, 4, 6)).astype(np.float32),
        "bias": rng.uniform(-1, 1, (count, 4, 1, 1)).astype(np.float32),
    }


@pytest.mark.parametrize("count", [1, 2, 3, 7, 33, 64])
def test_any_batch_gives_what_onnx_runtime_gives(backend: TrtBackend, count: int) -> None:
    network, reference = backend.load(MODEL), OrtBackend().load(MODEL)
    for seed in range(3):
        given = feeds(count, seed)
        have = network.run(["mean", "drawn"], given)
        want = reference.run(["mean", "drawn"], given)
        for one, other in zip(have, want, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_each_bucket_is_one_graph_and_after_the_start_there_are_only_launches(
    backend: TrtBackend, trt: FakeTrt
) -> None:
    network = backend.load(MODEL)
    assert len(trt.cudart.graphs) == len(BUCKETS)
    trt.cudart.calls.clear()
    network.run(None, feeds(5))
    assert trt.cudart.calls == ["cudaGraphLaunch", "cudaStreamSynchronize"]


def test_memory_is_taken_at_the_start_told_and_given_back(
    backend: TrtBackend, trt: FakeTrt, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        network = backend.load(MODEL)
    (record,) = (r for r in caplog.records if r.message == "plan loaded")
    before = trt.cudart.used
    rows = 64 * 4 * (3 * 4 * 6 + 4 + 4 * 4 * 6 + 1)
    assert before == record.__dict__["bytes"] == rows + 4096
    for count in (1, 64, 3):
        network.run(None, feeds(count))
    assert trt.cudart.used == before
    backend.close()
    assert not trt.cudart.memory and not trt.cudart.pinned and not trt.cudart.graphs


def test_more_rows_than_the_largest_bucket_are_refused(backend: TrtBackend) -> None:
    network = backend.load(MODEL)
    with pytest.raises(BadFeeds, match="65 rows, wanted 1 to 64"):
        network.run(None, feeds(65))
    mixed = feeds(2) | {"bias": feeds(3)["bias"]}
    with pytest.raises(BadFeeds, match=r"inputs of \[2, 3\] rows"):
        network.run(None, mixed)


def test_words_of_any_number_run_without_a_graph_for_each(
    backend: TrtBackend, trt: FakeTrt
) -> None:
    network, reference = backend.load(text()), OrtBackend().load(text())
    assert trt.cudart.graphs == []
    for count in (1, 40, 7):
        tokens = {"tokens": np.arange(count, dtype=np.int64)}
        np.testing.assert_allclose(
            network.run(None, tokens)[0], reference.run(None, tokens)[0], atol=1e-5
        )
    with pytest.raises(BadFeeds, match="257 rows, wanted 1 to 256"):
        network.run(None, {"tokens": np.zeros(257, np.int64)})


def test_compiled_kernels_are_kept_for_the_next_start(
    backend: TrtBackend, trt: FakeTrt, store: PlanStore
) -> None:
    backend.load(MODEL)
    key = backend.builder.key(ROW, MODEL)
    assert store.cache(key, RUNTIME) == b"kernels" and trt.seen_caches == []
    trt.backend(store, FakeCudart()).load(MODEL)
    assert trt.seen_caches == [b"kernels"]


def test_kernels_of_another_driver_are_compiled_anew(
    backend: TrtBackend, store: PlanStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.put_cache(backend.builder.key(ROW, MODEL), RUNTIME, b"of another driver")
    with caplog.at_level(logging.INFO):
        backend.load(MODEL)
    assert "kernels are compiled anew" in caplog.messages


def test_a_plan_that_is_missing_or_anothers_is_refused_by_name(
    trt: FakeTrt, store: PlanStore
) -> None:
    backend = trt.backend(store, trt.cudart)
    with pytest.raises(NoPlan, match="plan build renderer/mouth_reference"):
        backend.load(MODEL)
    trt.put_plan(store, MODEL)
    with pytest.raises(PlanOfAnotherNetwork):
        backend.load(batched(scale=2))
    trt.builder = replace(trt.builder, target="sm75")
    with pytest.raises(PlanOfAnotherCard):
        trt.backend(store, trt.cudart).load(MODEL)
    with pytest.raises(BadGraph, match="somebody/else: not among"):
        backend.load(Model("somebody/else", MODEL.graph))


def test_a_plan_that_the_library_cannot_read_is_damage(trt: FakeTrt, store: PlanStore) -> None:
    manifest = trt.put_plan(store, MODEL)
    rot = b"not a plan"
    digest = hashlib.sha256(rot).hexdigest()
    store.put(replace(manifest, sha256=digest, bytes=len(rot)), rot)
    with pytest.raises(PlanDamaged, match="tensorrt_rtx cannot read the plan; run: synchrorama"):
        trt.backend(store, trt.cudart).load(MODEL)


def test_a_plan_with_other_shapes_inside_than_its_key_says_is_refused(
    trt: FakeTrt, store: PlanStore
) -> None:
    small = [(1, 3, 4, 6), (1, 3, 4, 6), (2, 3, 4, 6)]
    trt.put_plan(store, MODEL, {"picture": small, "bias": [(1, 4, 1, 1)] * 3})
    with pytest.raises(WrongProfile, match=r"takes picture .*wanted .*64, 3, 4, 6"):
        trt.backend(store, trt.cudart).load(MODEL)


def test_no_room_at_the_start_is_told_and_nothing_is_left_behind(
    trt: FakeTrt, store: PlanStore
) -> None:
    manifest = trt.put_plan(store, MODEL)
    card = FakeCudart(total=manifest.bytes + 8192)
    with pytest.raises(OutOfDeviceMemory, match="cudaMalloc"):
        trt.backend(store, card).load(MODEL)
    assert not card.memory and not card.pinned
    with pytest.raises(OutOfDeviceMemory, match="wants 0 MiB of the card, 0 MiB are free"):
        trt.backend(store, FakeCudart(total=100)).load(MODEL)
    trt.full = True
    with pytest.raises(OutOfDeviceMemory, match="no room for a context"):
        trt.backend(store, FakeCudart()).load(MODEL)


def test_a_card_lost_in_flight_is_told_and_closing_still_works(
    backend: TrtBackend, trt: FakeTrt, caplog: pytest.LogCaptureFixture
) -> None:
    network = backend.load(MODEL)
    for call in ("cudaStreamSynchronize", "cudaFree", "cudaFreeHost", "cudaGraphExecDestroy"):
        trt.cudart.codes[call] = 700
    with pytest.raises(CardLost, match="restart the server"):
        network.run(None, feeds(1))
    backend.close()
    assert "card lost before its memory was freed" in caplog.messages


def test_memory_that_runs_out_in_flight_ends_the_run_and_not_the_network(
    backend: TrtBackend, trt: FakeTrt
) -> None:
    network = backend.load(MODEL)
    trt.cudart.codes["cudaGraphLaunch"] = 2
    with pytest.raises(OutOfDeviceMemory):
        network.run(None, feeds(1))
    del trt.cudart.codes["cudaGraphLaunch"]
    assert network.run(None, feeds(1))[0].shape == (1, 4, 4, 6)


def test_a_plan_that_does_not_run_is_told_and_recording_is_ended(
    backend: TrtBackend, trt: FakeTrt
) -> None:
    network = backend.load(static())
    trt.refuses = True
    state = {name: np.zeros((1, 6), np.float32) for name in ("state", "sound")}
    with pytest.raises(BackendError, match="did not run; run: synchrorama plan build lips/lips"):
        network.run(None, state)
    with pytest.raises(BackendError, match="did not run"):
        backend.load(MODEL)
    assert trt.cudart.capturing == {}


def test_the_library_is_chosen_by_the_card(
    store: PlanStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    backend = TrtBackend(store, Cuda(FakeCudart(capability=(8, 6))))
    assert backend.kind == "tensorrt_rtx" and backend.builder.target == "sm80+"


def test_the_made_up_library_has_nothing_that_the_real_one_lacks(trt: FakeTrt) -> None:
    real = pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    for made, kind in (
        (FakeEngine, real.ICudaEngine),
        (FakeContext, real.IExecutionContext),
    ):
        names = {name for name in vars(made) if not name.startswith("_")}
        assert names and not [name for name in names if not hasattr(kind, name)]
    for name in (
        "ExecutionContextAllocationStrategy",
        "CudaGraphStrategy",
        "DynamicShapesKernelSpecializationStrategy",
    ):
        assert all(hasattr(getattr(real, name), part) for part in vars(getattr(trt, name)))
    for name in (
        "set_execution_context_allocation_strategy",
        "create_runtime_cache",
        "set_runtime_cache",
        "cuda_graph_strategy",
        "dynamic_shapes_kernel_specialization_strategy",
    ):
        assert hasattr(real.IRuntimeConfig, name)
    assert {"deserialize", "serialize"} <= set(dir(real.IRuntimeCache))
    assert hasattr(real.Runtime, "deserialize_cuda_engine") and hasattr(real, "Logger")
