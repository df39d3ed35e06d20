"""The few calls of the CUDA runtime that plans are run with, by NVIDIA's own binding.

The thread that owns the card; the package `cuda-bindings` is asked for when a `Cuda` is made.
Never lets an error code pass: each becomes a named error that says what to do.
"""

from __future__ import annotations

import ctypes
import importlib
from dataclasses import dataclass
from typing import Any, NewType

import numpy as np

from engines.backends.base import (
    BackendError,
    CardLost,
    LibraryMissing,
    NoCard,
    NoDriver,
    OutOfDeviceMemory,
)
from engines.backends.flavours import Capability
from engines.extras import install_hint
from engines.values import U8

DeviceMemory = NewType("DeviceMemory", int)
PACKAGE = "cuda.bindings.runtime"
_OK, _NO_MEMORY = 0, 2
# cudaErrorInsufficientDriver, cudaErrorStubLibrary, cudaErrorSystemDriverMismatch.
_NO_DRIVER = frozenset({35, 34, 803})
# cudaErrorNoDevice, cudaErrorInvalidDevice, cudaErrorDevicesUnavailable.
_NO_CARD = frozenset({100, 101, 46})
# Illegal address, assert, launch timeout and failure, hardware faults, ECC: "the process must be
# terminated and relaunched", as the runtime's own page of errors has it.
_LOST = frozenset({214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 999})


@dataclass(frozen=True, slots=True)
class Card:
    """The card as it is now."""

    name: str
    capability: Capability
    total_bytes: int
    free_bytes: int


def runtime() -> Any:
    """The binding. Raises LibraryMissing."""
    try:
        return importlib.import_module(PACKAGE)
    except ImportError as error:
        raise LibraryMissing(f"cuda-bindings: {error}; {install_hint('trt-rtx')}") from error


class Cuda:
    """One card of this process."""

    def __init__(self, binding: Any | None = None, index: int = 0) -> None:
        """Raises LibraryMissing, NoDriver, NoCard."""
        self._cudart = runtime() if binding is None else binding
        if not self._call("cudaGetDeviceCount"):
            raise NoCard("there is no NVIDIA card here; serve with render.device cpu")
        self._call("cudaSetDevice", index)
        self._index = index

    def card(self) -> Card:
        """Name, capability, memory."""
        about = self._call("cudaGetDeviceProperties", self._index)
        free, total = self._call("cudaMemGetInfo")
        name = about.name.decode() if isinstance(about.name, bytes) else str(about.name)
        return Card(name.rstrip("\0"), (about.major, about.minor), total, free)

    def malloc(self, size: int) -> DeviceMemory:
        """Memory on the card. Raises OutOfDeviceMemory."""
        return DeviceMemory(int(self._call("cudaMalloc", size)))

    def free(self, memory: DeviceMemory) -> None:
        """Give it back."""
        self._call("cudaFree", memory)

    def pinned(self, size: int) -> U8:
        """u8[size] that the card reads and writes by itself; to be given to `unpin`."""
        address = int(self._call("cudaMallocHost", size))
        array: U8 = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))
        return array

    def unpin(self, array: U8) -> None:
        """Give back what `pinned` made: nothing may look at it any more."""
        self._call("cudaFreeHost", array.ctypes.data)

    def stream(self) -> int:
        """A stream that waits for no other."""
        return int(self._call("cudaStreamCreateWithFlags", 1))  # cudaStreamNonBlocking

    def end_stream(self, stream: int) -> None:
        """Give it back."""
        self._call("cudaStreamDestroy", stream)

    def upload(self, to: DeviceMemory, array: U8, size: int, stream: int) -> None:
        """The first `size` bytes of a pinned array to the card."""
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._call("cudaMemcpyAsync", to, array.ctypes.data, size, kind, stream)

    def download(self, array: U8, memory: DeviceMemory, size: int, stream: int) -> None:
        """The first `size` bytes from the card to a pinned array."""
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._call("cudaMemcpyAsync", array.ctypes.data, memory, size, kind, stream)

    def move(self, to: int, source: int, size: int, stream: int) -> None:
        """Bytes from one place on the card to another."""
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyDeviceToDevice
        self._call("cudaMemcpyAsync", to, source, size, kind, stream)

    def wait(self, stream: int) -> None:
        """Until all is done. Raises CardLost for what went wrong meanwhile."""
        self._call("cudaStreamSynchronize", stream)

    def record(self, stream: int) -> None:
        """From here on the stream's work is written down, not done."""
        mode = self._cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call("cudaStreamBeginCapture", stream, mode)

    def recorded(self, stream: int) -> Any:
        """End `record`: what can be launched as one."""
        graph = self._call("cudaStreamEndCapture", stream)
        try:
            return self._call("cudaGraphInstantiate", graph, 0)
        finally:
            self._call("cudaGraphDestroy", graph)

    def abandon(self, stream: int) -> None:
        """End `record` after a failure: what was written down is thrown away."""
        self._cudart.cudaStreamEndCapture(stream)

    def launch(self, recorded: Any, stream: int) -> None:
        """Do what was recorded."""
        self._call("cudaGraphLaunch", recorded, stream)

    def end_recorded(self, recorded: Any) -> None:
        """Give it back."""
        self._call("cudaGraphExecDestroy", recorded)

    def _call(self, name: str, *arguments: Any) -> Any:
        """The results without the error code: none, one or a tuple."""
        code, *results = getattr(self._cudart, name)(*arguments)
        if int(code) != _OK:
            raise named(int(code), name, getattr(code, "name", str(int(code))))
        return None if not results else results[0] if len(results) == 1 else tuple(results)


def named(code: int, call: str, said: str) -> BackendError:
    """The error of a code of the runtime."""
    where = f"{call}: {said}"
    if code == _NO_MEMORY:
        return OutOfDeviceMemory(f"{where}; serve fewer sessions, or free the card's memory")
    if code in _NO_DRIVER:
        return NoDriver(f"{where}; install or update the NVIDIA driver (see `synchrorama doctor`)")
    if code in _NO_CARD:
        return NoCard(f"{where}; see nvidia-smi and CUDA_VISIBLE_DEVICES, or serve on the CPU")
    if code in _LOST:
        return CardLost(f"{where}; the card failed: restart the server, see nvidia-smi and dmesg")
    return BackendError(f"{where}; see `synchrorama doctor`")
