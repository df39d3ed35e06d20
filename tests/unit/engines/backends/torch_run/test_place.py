"""The card as torch has it: what keeps it from being used, and what may go wrong on it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")

import torch

from engines.backends.base import (
    BackendError,
    BadGraph,
    CardLost,
    LibraryMissing,
    NoCard,
    NoDriver,
    OutOfDeviceMemory,
)
from engines.backends.torch_run.ops import Unsupported
from engines.backends.torch_run.place import CpuPlace, CudaPlace, errors, runs_on
from tests.support.fake_torch_cuda import CudaError, FakeTorchCuda, made_up_card


@pytest.mark.parametrize(
    ("said", "kind", "wanted"),
    [
        ("Torch not compiled with CUDA enabled", LibraryMissing, "is for the processor; pip"),
        ("Found no NVIDIA driver on your system.", NoDriver, "install or update the NVIDIA driver"),
        ("No CUDA GPUs are available", NoCard, "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_no_card_is_told_by_what_is_missing(
    said: str, kind: type[BackendError], wanted: str
) -> None:
    cuda = FakeTorchCuda()
    cuda.why_none = said
    with pytest.raises(kind, match=wanted):
        made_up_card(cuda)


def test_a_card_that_is_not_there_is_no_other_one() -> None:
    with pytest.raises(NoCard, match="1 cards, wanted number 3"):
        CudaPlace(3, FakeTorchCuda(), "cpu")


def test_a_card_that_this_torch_has_no_kernels_for_is_refused() -> None:
    with pytest.raises(LibraryMissing, match=r"built for sm_80, .* not for made up \(sm_75\)"):
        made_up_card(FakeTorchCuda((7, 5)))


@pytest.mark.parametrize(
    ("card", "runs"),
    [((8, 0), True), ((8, 9), True), ((7, 5), False), ((9, 0), True), ((10, 0), False)],
)
def test_machine_code_runs_on_its_own_generation(card: tuple[int, int], runs: bool) -> None:
    assert runs_on(["sm_80", "sm_90a", "sm_odd", ""], card) is runs


def test_intermediate_code_runs_on_all_that_come_later() -> None:
    assert runs_on(["compute_90"], (12, 0)) and not runs_on(["compute_90"], (8, 9))


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), OutOfDeviceMemory, "fewer sessions"),
        (RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"), OutOfDeviceMemory, "nvidia-smi"),
        (CudaError("CUDA error: illegal address", 700), CardLost, "restart the server"),
        (CudaError("CUDA error: no driver", 35), NoDriver, "driver"),
        (RuntimeError("shapes\ndo not fit"), BackendError, "RuntimeError: shapes$"),
        (ValueError(), BackendError, "ValueError"),
        (Unsupported("operator Exp"), BadGraph, "operator Exp; serve it with render.backend trt"),
    ],
)
def test_errors_of_torch_become_those_of_all_back_ends(
    error: Exception, kind: type[BackendError], said: str
) -> None:
    with pytest.raises(kind, match=f"(?s)^renderer/eye.*{said}"), errors("renderer/eye"):
        raise error


def test_a_card_that_failed_once_is_not_asked_again() -> None:
    cuda = FakeTorchCuda()
    place = made_up_card(cuda)
    cuda.faults["synchronize"] = CudaError("CUDA error: unspecified launch failure", 719)
    with pytest.raises(CardLost), place.turn("renderer/mouth"):
        pass
    cuda.faults.clear()
    done: list[Any] = []
    with pytest.raises(CardLost, match="renderer/mouth"), place.turn("renderer/eye"):
        done.append(1)
    place.give_back()
    assert not done and cuda.emptied == 0


def test_each_place_says_where_it_is() -> None:
    assert made_up_card().about()["card"] == "made up"
    assert CpuPlace().about()["threads"] == 1
