"""Where torch computes: the processor, or one card with a stream, pinned memory and CUDA graphs.

The thread that owns the networks; `CudaPlace` may be given a stand-in for `torch.cuda`.
Never takes the processor for a card that is not there, and lets no error of torch's own out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor

from engines.backends.base import (
    BackendError,
    BadGraph,
    CardLost,
    LibraryMissing,
    NoCard,
    NoDriver,
    OutOfDeviceMemory,
)
from engines.backends.cuda import named
from engines.backends.torch_run.ops import Unsupported

Work = Callable[[], None]
_WARM = 2
CUDA_TORCH = "pip install torch from its CUDA index (pytorch.org/get-started), or use TensorRT"
_NO_MEMORY = ("out of memory", "alloc_failed", "can't allocate memory", "not enough memory")
_FREE = "serve fewer sessions, or free the card's memory (nvidia-smi shows what uses it)"


class Place(Protocol):
    """One device of this process."""

    kind: str
    """As `Backend.kind`."""
    device: torch.device
    single: bool
    """Whether everything runs in single precision: halves are slower on the processor."""

    def about(self) -> dict[str, object]:
        """For the log: name, free memory."""

    def on_host(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Memory that copies to and from the device start at or end in."""

    def recorded(self, name: str, work: Work) -> Work:
        """What does the same as `work`, sooner. Raises what `turn` does."""

    def turn(self, name: str) -> AbstractContextManager[Work]:
        """What is asked for within has been done at its end, and when the work that it gives is
        called: that waits. `name` is for errors. One at a time:
        faces are looked at on other threads than they are drawn on.

        Raises BackendError for what torch raises; CardLost for ever after the card failed once.
        """

    def give_back(self) -> None:
        """Memory that nothing needs any more."""


class CpuPlace:
    """The processor, for development and tests."""

    kind = "torch-cpu"
    single = True

    def __init__(self, threads: int = 1) -> None:
        """`threads`: of the whole process; more would take cores from the codecs."""
        self.device = torch.device("cpu")
        self._lock = threading.Lock()
        torch.set_num_threads(threads)

    def about(self) -> dict[str, object]:
        """As `Place.about`."""
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def on_host(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """As `Place.on_host`."""
        return torch.zeros(list(shape), dtype=dtype)

    def recorded(self, name: str, work: Work) -> Work:
        """As `Place.recorded`: nothing is gained by recording."""
        return work

    @contextmanager
    def turn(self, name: str) -> Iterator[Work]:
        """As `Place.turn`."""
        with self._lock, errors(name):
            yield lambda: None

    def give_back(self) -> None:
        """As `Place.give_back`: it has gone."""


class CudaPlace:
    """A card."""

    kind = "torch-cuda"
    single = False

    def __init__(self, index: int = 0, cuda: Any = torch.cuda, device: str = "cuda") -> None:
        """The last two are for tests. Raises LibraryMissing, NoDriver, NoCard."""
        _check_card(cuda, index)
        self.device = torch.device(device, index)
        self._cuda, self._index = cuda, index
        self._lost: CardLost | None = None
        self._lock = threading.Lock()
        with errors("torch"):
            self._stream = cuda.Stream(self.device)
            # One pool for all graphs: they run one after the other on the one stream, and what
            # they give is copied out before the next.
            self._pool = cuda.graph_pool_handle()

    def about(self) -> dict[str, object]:
        """As `Place.about`."""
        free, total = self._cuda.mem_get_info(self._index)
        name = self._cuda.get_device_name(self._index)
        told = {"card": name, "free_bytes": free, "total_bytes": total}
        return {"torch": torch.__version__} | told

    def on_host(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """As `Place.on_host`: pinned."""
        return torch.zeros(list(shape), dtype=dtype, pin_memory=self.device.type == "cuda")

    def recorded(self, name: str, work: Work) -> Work:
        """As `Place.recorded`: a CUDA graph."""
        # Before it, kernels are chosen and workspaces taken: that cannot be recorded.
        for _ in range(_WARM):
            with self.turn(name):
                work()
        graph = self._cuda.CUDAGraph()
        # Other threads may use the card meanwhile: only what this one does must be recordable.
        with (
            errors(name),
            _exact(),
            self._cuda.graph(
                graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
            ),
        ):
            work()
        replay: Work = graph.replay
        return replay

    @contextmanager
    def turn(self, name: str) -> Iterator[Work]:
        """As `Place.turn`."""
        try:
            with self._lock, errors(name), _exact(), self._cuda.stream(self._stream):
                if self._lost is not None:
                    raise self._lost
                yield self._stream.synchronize
                self._stream.synchronize()
        except CardLost as error:
            self._lost = error
            raise

    def give_back(self) -> None:
        """As `Place.give_back`: torch keeps what was freed, for itself alone."""
        if self._lost is None:
            self._cuda.empty_cache()


@contextmanager
def _exact() -> Iterator[None]:
    """Equal feeds give equal bits, and single precision is single: kernels chosen within."""
    with torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    ):
        yield


@contextmanager
def errors(name: str) -> Iterator[None]:
    """What torch raises, as errors of all back-ends, with the network's name before them."""
    try:
        yield
    except BackendError:
        raise
    except Unsupported as error:
        raise BadGraph(
            f"{name}: torch back-end: {error}; serve it with render.backend trt or ort"
        ) from error
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise _named(name, error) from error


def _named(name: str, error: Exception) -> BackendError:
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    no_memory = any(words in said.lower() for words in _NO_MEMORY)
    if isinstance(error, torch.OutOfMemoryError) or no_memory:
        return OutOfDeviceMemory(f"{name}: {said}; {_FREE}")
    code = getattr(error, "error_code", None)
    if isinstance(code, int):
        return named(code, name, said)
    return BackendError(f"{name}: {type(error).__name__}: {said}")


def _check_card(cuda: Any, index: int) -> None:
    """Raises LibraryMissing, NoDriver, NoCard."""
    if not cuda.is_available():
        try:
            cuda.init()
        except (RuntimeError, AssertionError) as error:
            raise _why_none(str(error)) from error
    count = cuda.device_count()
    if index >= count:
        raise NoCard(f"torch: {count} cards, wanted number {index}; see CUDA_VISIBLE_DEVICES")
    capability = cuda.get_device_capability(index)
    if not runs_on(cuda.get_arch_list(), capability):
        have = ", ".join(cuda.get_arch_list())
        raise LibraryMissing(
            f"torch {torch.__version__} is built for {have}, not for {cuda.get_device_name(index)}"
            f" (sm_{capability[0]}{capability[1]}); {CUDA_TORCH}"
        )


def _why_none(said: str) -> BackendError:
    first = said.strip().splitlines()[0] if said.strip() else "no reason given"
    if "not compiled with CUDA" in first:
        return LibraryMissing(f"torch {torch.__version__} is for the processor; {CUDA_TORCH}")
    if "driver" in first.lower():
        return NoDriver(f"torch: {first}; install or update the NVIDIA driver")
    return NoCard(f"torch: {first}; see nvidia-smi and CUDA_VISIBLE_DEVICES, or use the CPU")


def runs_on(built_for: Sequence[str], capability: tuple[int, int]) -> bool:
    """Whether kernels of a build run on a card: of its generation, or compiled by its driver.

    NVIDIA, "CUDA compatibility": machine code runs on later cards of the same major number,
    intermediate code ("compute_90") on all later cards.
    """
    for each in built_for:
        kind, _, number = each.partition("_")
        digits = number.rstrip("af")
        if not digits.isdigit():
            continue
        have = (int(digits[:-1]), int(digits[-1]))
        same = have[0] == capability[0] and have <= capability
        if same if kind == "sm" else have <= capability:
            return True
    return False
