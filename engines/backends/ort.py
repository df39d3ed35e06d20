"""Networks on ONNX Runtime: on the CPU everywhere, on a card where onnxruntime-gpu is installed.

Any thread; a network may be shared by threads that only run it.
Never falls back: a provider that was asked for and is not there is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import onnxruntime

from engines.backends.base import (
    DYNAMIC,
    Array,
    BackendError,
    BadGraph,
    Feeds,
    LibraryMissing,
    Model,
    Network,
    OutOfDeviceMemory,
    Tensor,
    checked,
)
from engines.backends.runs import Runs

Device = Literal["cpu", "cuda"]
PROVIDERS: dict[Device, str] = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_TYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(float16)": "float16"}
_NO_MEMORY = ("failed to allocate memory", "out of memory")
_QUANTISED = b"DequantizeLinear"
"""As the file has it: operators stand in it by name."""
_QUIET = 3
"""Errors only: what the runtime warns of (nodes it will not fold) nobody can act on."""


def open_session(
    weights: bytes, threads: int = 1, device: Device = "cpu", *, optimised: bool = True
) -> onnxruntime.InferenceSession:
    """A session over the bytes of an ONNX file, with the one set of options for all that ship.

    `optimised` off: every operator as it stands in the file, for comparisons.

    Raises what ONNX Runtime raises for bytes that are no net; its errors have no common type.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Spinning threads would steal the second core from the codecs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # With its fallback a provider that fails is replaced by the CPU, with a line of print.
    session = onnxruntime.InferenceSession(
        weights, options, providers=[PROVIDERS[device]], enable_fallback=0
    )
    if PROVIDERS[device] not in session.get_providers():
        raise RuntimeError(f"ONNX Runtime could not use {device}: see `synchrorama doctor`")
    return session


class OrtNetwork:
    """A session behind the names and the errors that all back-ends share."""

    def __init__(self, name: str, session: onnxruntime.InferenceSession, runs: Runs) -> None:
        self.name = name
        self.runs = runs
        self.inputs = tuple(_tensor(each) for each in session.get_inputs())
        self.outputs = tuple(_tensor(each) for each in session.get_outputs())
        self._session: onnxruntime.InferenceSession | None = session

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As `Network.run`."""
        if self._session is None:
            raise BackendError(f"{self.name}: run after it was closed; load it again")
        names = checked(self, outputs, feeds)
        try:
            found: list[Array] = self._session.run(list(names), dict(feeds))
        except Exception as error:
            # ONNX Runtime's own errors have no common type but this one.
            raise _named(self.name, error) from error
        return found

    def close(self) -> None:
        """As `Network.close`."""
        self._session = None


class OrtBackend:
    """ONNX Runtime on one device."""

    def __init__(self, device: Device = "cpu", threads: int = 1) -> None:
        """Raises LibraryMissing when the installed ONNX Runtime has no provider for the device."""
        have = onnxruntime.get_available_providers()
        if PROVIDERS[device] not in have:
            raise LibraryMissing(
                f"onnxruntime here runs on {', '.join(have)}, not on {device}; to use the card: "
                "pip uninstall onnxruntime && pip install onnxruntime-gpu"
            )
        self.kind = f"onnxruntime-{device}"
        self._device: Device = device
        self._threads = threads
        self._open: list[OrtNetwork] = []

    def load(self, model: Model) -> Network:
        """As `Backend.load`."""
        try:
            session = open_session(model.graph, self._threads, self._device)
        except Exception as error:
            # As above.
            raise _named(model.name, error, BadGraph) from error
        # Weights may lie there in halves: what is computed is single precision, or int8.
        precision = "int8" if _QUANTISED in model.graph else "fp32"
        runs = Runs(self.kind, onnxruntime.__version__, precision)
        network = OrtNetwork(model.name, session, runs)
        self._open.append(network)
        return network

    def close(self) -> None:
        """As `Backend.close`."""
        while self._open:
            self._open.pop().close()


def _tensor(spec: Any) -> Tensor:
    shape = tuple(size if isinstance(size, int) else DYNAMIC for size in spec.shape)
    return Tensor(spec.name, _TYPES.get(spec.type, spec.type), shape)


def _named(name: str, error: Exception, kind: type[BackendError] = BackendError) -> BackendError:
    said = str(error)
    if any(words in said.lower() for words in _NO_MEMORY):
        return OutOfDeviceMemory(f"{name}: {said}; serve fewer sessions, or free the card")
    return kind(f"{name}: {type(error).__name__}: {said}")
