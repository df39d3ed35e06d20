"""The calls of the CUDA runtime: every code is an error of its kind, and memory is real."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import numpy as np
import pytest

from engines.backends import cuda as cuda_module
from engines.backends.base import (
    BackendError,
    CardLost,
    LibraryMissing,
    NoCard,
    NoDriver,
    OutOfDeviceMemory,
)
from engines.backends.cuda import Cuda, named
from tests.support.fake_cuda import FakeCudart

CUDA_OK = 0


def test_the_card_is_told_with_its_memory() -> None:
    cudart = FakeCudart(total=1000, capability=(8, 6))
    cuda = Cuda(cudart)
    cuda.malloc(400)
    card = cuda.card()
    assert (card.name, card.capability) == ("made up", (8, 6))
    assert (card.free_bytes, card.total_bytes) == (600, 1000)


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (2, OutOfDeviceMemory, "fewer sessions"),
        (35, NoDriver, "NVIDIA driver"),
        (100, NoCard, "CUDA_VISIBLE_DEVICES"),
        (700, CardLost, "restart the server"),
        (719, CardLost, "restart the server"),
        (1, BackendError, "doctor"),
    ],
)
def test_codes_become_errors_with_remedies(code: int, kind: type[BackendError], said: str) -> None:
    assert type(named(code, "cudaMalloc", "x")) is kind
    cudart = FakeCudart()
    cuda = Cuda(cudart)
    cudart.codes["cudaMalloc"] = code
    with pytest.raises(kind, match=f"cudaMalloc.*{said}"):
        cuda.malloc(1)


def test_no_card_no_driver_no_package_are_three_things(monkeypatch: pytest.MonkeyPatch) -> None:
    cudart = FakeCudart()
    cudart.codes["cudaGetDeviceCount"] = 35
    with pytest.raises(NoDriver):
        Cuda(cudart)
    empty = FakeCudart()
    empty.cudaGetDeviceCount = lambda: (CUDA_OK, 0)  # type: ignore[method-assign]
    with pytest.raises(NoCard, match="no NVIDIA card"):
        Cuda(empty)

    def missing(name: str) -> Any:
        raise ImportError("no cuda")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(LibraryMissing, match="trt-rtx"):
        Cuda()


def test_copies_go_there_and_back_when_the_stream_is_waited_for() -> None:
    cudart = FakeCudart()
    cuda = Cuda(cudart)
    stream, there = cuda.stream(), cuda.malloc(4)
    host, back = cuda.pinned(4), cuda.pinned(4)
    host[:] = [1, 2, 3, 4]
    cuda.upload(there, host, 4, stream)
    cuda.download(back, there, 4, stream)
    assert not np.array_equal(back, host)
    cuda.wait(stream)
    np.testing.assert_array_equal(back, [1, 2, 3, 4])
    cuda.free(there)
    cuda.unpin(host)
    cuda.unpin(back)
    cuda.end_stream(stream)
    assert not cudart.memory and not cudart.pinned


def test_what_is_recorded_is_done_at_each_launch_and_not_before() -> None:
    cudart = FakeCudart()
    cuda = Cuda(cudart)
    stream, there, host = cuda.stream(), cuda.malloc(2), cuda.pinned(2)
    back = cuda.pinned(2)
    back[:] = 0
    cuda.record(stream)
    cuda.upload(there, host, 2, stream)
    cuda.download(back, there, 2, stream)
    recorded = cuda.recorded(stream)
    for values in ([5, 6], [7, 8]):
        host[:] = values
        cuda.wait(stream)
        assert not np.array_equal(back, values)
        cuda.launch(recorded, stream)
        cuda.wait(stream)
        np.testing.assert_array_equal(back, values)
    cuda.end_recorded(recorded)
    assert cudart.graphs == []


def test_the_binding_itself_says_when_there_is_no_card() -> None:
    """With the real package: on a machine without a card, by name; with one, its name."""
    pytest.importorskip("cuda.bindings.runtime", reason="the extra trt-rtx is not installed")
    try:
        cuda = Cuda()
    except (NoDriver, NoCard) as error:
        assert "cudaGetDeviceCount" in str(error) or "no NVIDIA card" in str(error)
    else:
        assert cuda.card().name and cuda.card().free_bytes > 0


def test_the_made_up_card_has_no_call_that_the_real_binding_lacks() -> None:
    real = pytest.importorskip("cuda.bindings.runtime", reason="the extra trt-rtx is not installed")
    for name in (name for name in vars(FakeCudart) if name.startswith("cuda")):
        made, there = getattr(FakeCudart, name), getattr(real, name)
        if not callable(made):
            assert all(hasattr(there, part) for part in vars(made)), name
            continue
        taken = re.match(rf"{name}\((.*?)\)", there.__doc__ or "")
        assert taken, name
        wanted = [part for part in taken[1].split(",") if part.strip()]
        assert len(inspect.signature(made).parameters) - 1 == len(wanted), name


def test_codes_are_those_of_the_real_binding() -> None:
    real = pytest.importorskip("cuda.bindings.runtime", reason="the extra trt-rtx is not installed")
    names = {int(code): code.name for code in real.cudaError_t}
    assert names[2] == "cudaErrorMemoryAllocation" and names[100] == "cudaErrorNoDevice"
    assert names[35] == "cudaErrorInsufficientDriver"
    lost = {names[code] for code in cuda_module._LOST}
    assert {
        "cudaErrorIllegalAddress",
        "cudaErrorLaunchFailure",
        "cudaErrorECCUncorrectable",
    } <= lost
