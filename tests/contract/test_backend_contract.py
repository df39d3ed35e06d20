"""What every user of a back-end may rely on, over all that can run here and the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engines.backends.base import (
    DYNAMIC,
    Backend,
    BackendError,
    BadFeeds,
    BadGraph,
    LibraryMissing,
    Model,
    Network,
    NoCard,
    NoDriver,
)
from engines.backends.cuda import Cuda
from engines.backends.fake import FakeBackend
from engines.backends.networks import NETWORKS
from engines.backends.ort import Device, OrtBackend
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from engines.backends.switching import SwitchingBackend
from engines.backends.torch_backend import TorchBackend
from engines.backends.trt import TrtBackend
from tests.support.fake_cuda import FakeCudart, fake_trt
from tests.support.tiny_graph import batched, static, text

MODELS = (batched(), static(), text())
NAME = batched().name


def cpu(folder: Any) -> Backend:
    return OrtBackend()


def cuda(folder: Any) -> Backend:
    try:
        return OrtBackend("cuda")
    except LibraryMissing as error:
        pytest.skip(str(error))


def fake(folder: Any) -> Backend:
    return FakeBackend()


def switching(folder: Any) -> Backend:
    return SwitchingBackend(FakeBackend(), OrtBackend(), start=lambda job: job())


def plans(folder: Any) -> Backend:
    """On a card."""
    try:
        builder = Builder.of(Cuda().card().capability)
    except (LibraryMissing, NoDriver, NoCard) as error:
        pytest.skip(f"not run: {error}")
    store = PlanStore(folder)
    for model in MODELS:
        builder.build(NETWORKS[model.name], model, store)
    return TrtBackend(store)


def plans_on_a_made_up_card(folder: Any) -> Backend:
    """The same code over a library and a card of our own that compute by ONNX Runtime."""
    trt = fake_trt()
    store = PlanStore(folder)
    for model in MODELS:
        trt.put_plan(store, model)
    return trt.backend(store, FakeCudart())


def torch_on_the_processor(folder: Any) -> Backend:
    return torch_or_skip("cpu")


def torch_on_a_card(folder: Any) -> Backend:
    return torch_or_skip("cuda")


def torch_on_a_made_up_card(folder: Any) -> Backend:
    """The same code over a `torch.cuda` of our own: graphs replay what was recorded."""
    pytest.importorskip("torch")
    from tests.support.fake_torch_cuda import made_up_card

    return TorchBackend(place=made_up_card())


def torch_or_skip(device: Device) -> Backend:
    try:
        return TorchBackend(device)
    except (LibraryMissing, NoDriver, NoCard) as error:
        pytest.skip(f"not run: {error}")


BACKENDS = (
    cpu,
    cuda,
    fake,
    switching,
    plans,
    plans_on_a_made_up_card,
    torch_on_the_processor,
    torch_on_a_card,
    torch_on_a_made_up_card,
)


@pytest.fixture(params=BACKENDS, ids=lambda make: make.__name__)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    make: Callable[[Any], Backend] = request.param
    made = make(tmp_path_factory.mktemp("plans"))
    yield made
    made.close()


def feeds_of(network: Network, count: int, seed: int = 0) -> dict[str, Any]:
    """Something for each input; `count` on the dynamic axis."""
    rng = np.random.default_rng(seed)
    out: dict[str, Any] = {}
    for each in network.inputs:
        shape = tuple(count if size == DYNAMIC else size for size in each.shape)
        if each.dtype == "int64":
            out[each.name] = rng.integers(1, 50, shape)
        else:
            out[each.name] = rng.uniform(-0.5, 0.5, shape).astype(each.dtype)
    return out


def test_it_says_what_it_is_and_what_a_network_takes_and_gives(backend: Backend) -> None:
    assert backend.kind
    network = backend.load(batched())
    assert network.name == NAME
    assert network.runs.backend and network.runs.version
    assert network.runs.precision in ("fp32", "fp16")
    assert [(t.name, t.dtype, t.shape) for t in network.inputs] == [
        ("picture", "float32", (DYNAMIC, 3, 4, 6)),
        ("bias", "float32", (DYNAMIC, 4, 1, 1)),
    ]
    found = [(t.name, t.dtype) for t in network.outputs]
    assert found == [("drawn", "float32"), ("mean", "float32")]


@pytest.mark.parametrize("count", [1, 3, 8])
def test_results_have_a_row_for_each_row_and_are_the_callers_own(
    backend: Backend, count: int
) -> None:
    network = backend.load(batched())
    (first,) = network.run(["drawn"], feeds_of(network, count))
    assert first.shape == (count, 4, 4, 6) and first.dtype == np.float32
    before = first.copy()
    (second,) = network.run(["drawn"], feeds_of(network, count, seed=1))
    np.testing.assert_array_equal(first, before)
    assert not np.array_equal(first, second)


def test_equal_feeds_give_equal_bits_whatever_ran_between(backend: Backend) -> None:
    network = backend.load(batched())
    feeds = feeds_of(network, 2)
    kept = {name: value.copy() for name, value in feeds.items()}
    (first,) = network.run(["drawn"], feeds)
    for seed in range(3):
        network.run(None, feeds_of(network, seed + 1, seed))
    (again,) = network.run(["drawn"], feeds)
    np.testing.assert_array_equal(first, again)
    for name, value in feeds.items():
        np.testing.assert_array_equal(value, kept[name])


def test_a_row_is_the_same_alone_and_among_others(backend: Backend) -> None:
    network = backend.load(batched())
    feeds = feeds_of(network, 5)
    (together,) = network.run(["drawn"], feeds)
    for index in range(5):
        (alone,) = network.run(["drawn"], {n: v[index : index + 1] for n, v in feeds.items()})
        np.testing.assert_allclose(alone[0], together[index], rtol=0, atol=1e-5)


def test_two_networks_of_one_backend_do_not_meet(backend: Backend) -> None:
    mouth, lips = backend.load(batched()), backend.load(static())
    feeds = feeds_of(mouth, 1)
    before, _ = mouth.run(None, feeds)
    lips.run(None, feeds_of(lips, 1))
    lips.close()
    after, _ = mouth.run(None, feeds)
    np.testing.assert_array_equal(before, after)


def test_a_network_without_a_batch_and_one_of_words(backend: Backend) -> None:
    lips = backend.load(static())
    found = lips.run(["next_state"], feeds_of(lips, 1))
    assert [each.shape for each in found] == [(1, 6)]
    scene = backend.load(text())
    sizes = [scene.run(["embedding"], feeds_of(scene, count))[0].shape for count in (3, 17, 3)]
    assert sizes == [(8,)] * 3


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda feeds: feeds.pop("bias"), "fed picture; wanted bias, picture"),
        (lambda feeds: feeds.update(more=feeds["bias"]), "fed bias, more, picture"),
        (lambda feeds: feeds.update(picture=feeds["picture"][:, :, :2]), r"float32\[2, 3, 2, 6\]"),
        (lambda feeds: feeds.update(bias=feeds["bias"].astype(np.float64)), "bias is float64"),
        (lambda feeds: feeds.update(bias=feeds["bias"][:0]), r"bias is float32\[0, 4, 1, 1\]"),
    ],
)
def test_wrong_feeds_are_refused_by_name(
    backend: Backend, spoil: Callable[[dict[str, Any]], object], said: str
) -> None:
    network = backend.load(batched())
    feeds = feeds_of(network, 2)
    spoil(feeds)
    with pytest.raises(BadFeeds, match=said):
        network.run(None, feeds)
    found, _ = network.run(None, feeds_of(network, 2))
    assert np.isfinite(found).all()


def test_an_output_that_is_not_there_is_refused(backend: Backend) -> None:
    network = backend.load(batched())
    with pytest.raises(BadFeeds, match="no output nothing; it has drawn, mean"):
        network.run(["nothing"], feeds_of(network, 1))


def test_what_is_no_network_is_refused(backend: Backend) -> None:
    with pytest.raises(BadGraph, match=NAME):
        backend.load(Model(NAME, b"no network at all"))


def test_closing_twice_is_allowed_and_running_after_it_is_not(backend: Backend) -> None:
    network = backend.load(batched())
    feeds = feeds_of(network, 1)
    network.close()
    network.close()
    with pytest.raises(BackendError, match="after it was closed"):
        network.run(None, feeds)
    other = backend.load(batched())
    backend.close()
    backend.close()
    with pytest.raises(BackendError, match="after it was closed"):
        other.run(None, feeds)
