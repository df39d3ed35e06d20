"""A `torch.cuda` of our own over the processor: streams, graphs that replay operators on the very
memory they were recorded on, and faults when they are told to come.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from engines.backends.torch_run.place import CudaPlace

GIB = 1 << 30


class CudaError(RuntimeError):
    """As torch.AcceleratorError: with the runtime's code."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.error_code = code


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down every operator with the memory that it read and wrote."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out


class FakeGraph:
    """`torch.cuda.CUDAGraph`."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.replays = 0

    def replay(self) -> None:
        """Every operator again, its results into the memory of the first time."""
        self.replays += 1
        with torch.inference_mode():
            for func, args, kwargs, out in self.recorder.calls:
                again = func(*args, **kwargs)
                for old, new in zip(tree_flatten(out)[0], tree_flatten(again)[0], strict=True):
                    if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                        old.copy_(new)


class FakeStream:
    """`torch.cuda.Stream`."""

    def __init__(self, cuda: FakeTorchCuda) -> None:
        self.cuda = cuda

    def synchronize(self) -> None:
        self.cuda.fail("synchronize")


class FakeTorchCuda:
    """The module, with one card."""

    def __init__(self, capability: tuple[int, int] = (9, 0)) -> None:
        self.capability = capability
        self.built_for = ["sm_80", "sm_90", "compute_120"]
        self.cards = 1
        self.why_none = ""
        self.faults: dict[str, Exception] = {}
        self.graphs: list[FakeGraph] = []
        self.emptied = 0

    def fail(self, call: str) -> None:
        if call in self.faults:
            raise self.faults[call]

    def is_available(self) -> bool:
        return not self.why_none and self.cards > 0

    def init(self) -> None:
        if self.why_none:
            raise RuntimeError(self.why_none)

    def device_count(self) -> int:
        return self.cards

    def get_device_capability(self, index: int) -> tuple[int, int]:
        return self.capability

    def get_device_name(self, index: int) -> str:
        return "made up"

    def get_arch_list(self) -> list[str]:
        return self.built_for

    def mem_get_info(self, index: int) -> tuple[int, int]:
        return 7 * GIB, 8 * GIB

    def Stream(self, device: torch.device) -> FakeStream:
        return FakeStream(self)

    def graph_pool_handle(self) -> tuple[int, int]:
        return 0, 1

    def CUDAGraph(self) -> FakeGraph:
        self.graphs.append(FakeGraph())
        return self.graphs[-1]

    @contextmanager
    def graph(
        self, graph: FakeGraph, pool: Any, stream: FakeStream, capture_error_mode: str
    ) -> Iterator[None]:
        self.fail("graph")
        with graph.recorder:
            yield

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        self.fail("stream")
        yield

    def empty_cache(self) -> None:
        self.emptied += 1


def made_up_card(cuda: FakeTorchCuda | None = None) -> CudaPlace:
    """The real place over it."""
    return CudaPlace(0, FakeTorchCuda() if cuda is None else cuda, "cpu")
