"""A program with memory of its own: buckets, graphs that are replayed, faults in flight."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")
pytest.importorskip("onnx", reason="the extra torch is not installed")

import torch

from engines.backends.base import Array, BadFeeds, BadGraph, CardLost, Model, OutOfDeviceMemory
from engines.backends.networks import BUCKETS
from engines.backends.torch_backend import TorchBackend
from tests.support.fake_torch_cuda import CudaError, FakeTorchCuda
from tests.support.tiny_graph import batched, static, text


def feeds(count: int, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    shapes = {"picture": (count, 3, 4, 6), "bias": (count, 4, 1, 1)}
    return {n: rng.uniform(-0.5, 0.5, shape).astype(np.float32) for n, shape in shapes.items()}


def test_every_bucket_is_recorded_at_load_and_replayed_afterwards(
    backend: TorchBackend, cuda: FakeTorchCuda
) -> None:
    network = backend.load(batched())
    assert len(cuda.graphs) == len(BUCKETS) and not any(g.replays for g in cuda.graphs)
    network.run(None, feeds(3))
    network.run(None, feeds(4))
    # The largest is recorded first.
    replays = dict(zip(reversed(BUCKETS), (g.replays for g in cuda.graphs), strict=True))
    assert replays == {size: 2 * (size == 4) for size in BUCKETS}
    assert len(cuda.graphs) == len(BUCKETS)


def test_what_is_not_fed_is_zeros_whatever_ran_before(backend: TorchBackend) -> None:
    network = backend.load(batched())
    network.run(None, feeds(64))
    network.run(None, feeds(3))
    port = network._ports["picture"]  # type: ignore[attr-defined]  # what nobody is given
    assert port.device[:3].any() and not port.device[3:4].any()


def test_the_made_up_card_gives_what_the_processor_gives(backend: TorchBackend) -> None:
    single = TorchBackend("cpu").load(batched())
    for count in (1, 5):
        (have, _), (want, _) = (
            n.run(None, feeds(count)) for n in (backend.load(batched()), single)
        )
        np.testing.assert_allclose(have, want, rtol=0, atol=1e-2 * np.abs(want).max())


def test_a_state_is_recorded_once_and_words_never(
    backend: TorchBackend, cuda: FakeTorchCuda
) -> None:
    backend.load(static())
    assert len(cuda.graphs) == 1
    backend.load(text())
    assert len(cuda.graphs) == 1


def test_more_than_the_largest_bucket_and_unlike_rows_are_refused(backend: TorchBackend) -> None:
    network = backend.load(batched())
    with pytest.raises(BadFeeds, match="65 rows, wanted 1 to 64"):
        network.run(None, feeds(65))
    with pytest.raises(BadFeeds, match=r"inputs of \[2, 3\] rows"):
        network.run(None, feeds(2) | {"bias": feeds(3)["bias"]})


def test_results_are_read_after_the_stream_was_waited_for(
    backend: TorchBackend, cuda: FakeTorchCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = backend.load(batched())
    seen: list[str] = []
    inner = network._result  # type: ignore[attr-defined]
    monkeypatch.setattr(cuda, "fail", seen.append)

    def result(*of: object) -> object:
        seen.append("result")
        return inner(*of)

    monkeypatch.setattr(network, "_result", result)
    network.run(["mean"], feeds(1))
    assert seen == ["stream", "synchronize", "result", "synchronize"]


def test_no_room_in_flight_ends_that_run_and_the_network_goes_on(
    backend: TorchBackend, cuda: FakeTorchCuda
) -> None:
    network = backend.load(batched())
    cuda.faults["synchronize"] = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(OutOfDeviceMemory, match="renderer/mouth_reference"):
        network.run(None, feeds(1))
    cuda.faults.clear()
    assert network.run(["drawn"], feeds(1))[0].any()


def test_no_room_at_the_start_is_named(backend: TorchBackend, cuda: FakeTorchCuda) -> None:
    cuda.faults["graph"] = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(OutOfDeviceMemory, match="renderer/mouth_reference.*fewer sessions"):
        backend.load(batched())


def test_a_lost_card_is_lost_for_all_networks(backend: TorchBackend, cuda: FakeTorchCuda) -> None:
    first, other = backend.load(batched()), backend.load(static())
    cuda.faults["synchronize"] = CudaError("CUDA error: an illegal memory access", 700)
    with pytest.raises(CardLost, match="restart the server"):
        first.run(None, feeds(1))
    cuda.faults.clear()
    state = {name: np.zeros((1, 6), np.float32) for name in ("state", "sound")}
    with pytest.raises(CardLost):
        other.run(None, state)


def test_arrays_that_may_not_be_written_are_taken(backend: TorchBackend) -> None:
    network = backend.load(batched())
    given = feeds(2)
    for value in given.values():
        value.flags.writeable = False
    assert network.run(["mean"], given)[0].shape == (2,)


def test_memory_goes_back_when_it_is_closed(backend: TorchBackend, cuda: FakeTorchCuda) -> None:
    network = backend.load(batched())
    assert network.device_bytes > 0  # type: ignore[attr-defined]  # of this back-end alone
    network.close()
    assert network.device_bytes == 0 and cuda.emptied == 1  # type: ignore[attr-defined]


def test_a_second_size_that_changes_is_refused(backend: TorchBackend) -> None:
    import onnx

    net = onnx.load_from_string(batched().graph)
    net.graph.input[0].type.tensor_type.shape.dim[3].dim_param = "W"
    with pytest.raises(BadGraph, match=r"picture of \[-1, 3, 4, -1\]: only its first size"):
        backend.load(Model(batched().name, net.SerializeToString()))
