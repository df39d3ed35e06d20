"""A card and a TensorRT of our own, for the code that drives real ones: they compute by ONNX
Runtime, and only when a stream is waited for, so that whoever reads too early reads wrong.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from engines.backends.base import DYNAMIC, Array, Model
from engines.backends.cuda import Cuda
from engines.backends.flavours import RTX
from engines.backends.networks import NETWORKS
from engines.backends.ort import OrtBackend
from engines.backends.plan_build import Builder, graph_inputs
from engines.backends.plan_store import PlanStore
from engines.backends.plans import Manifest
from engines.backends.trt import TrtBackend

OK, NO_MEMORY, LOST, NO_DEVICE, OLD_DRIVER = 0, 2, 700, 100, 35
Job = Callable[[], None]
GIB = 1 << 30


class FakeCudart:
    """What `cuda.bindings.runtime` has that we call; one card of `total` bytes."""

    cudaMemcpyKind = SimpleNamespace(
        cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2, cudaMemcpyDeviceToDevice=3
    )
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)

    def __init__(self, total: int = 8 * GIB, capability: tuple[int, int] = (8, 9)) -> None:
        self.total = total
        self.capability = capability
        self.codes: dict[str, int] = {}
        """Call -> error code that it answers from now on."""
        self.memory: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.streams: dict[int, list[Job]] = {}
        self.graphs: list[list[Job]] = []
        self.capturing: dict[int, list[Job]] = {}
        self.calls: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if not (name.startswith("cuda") and callable(found)):
            return found
        self.calls.append(name)
        code = self.codes.get(name, OK)
        return found if code == OK else lambda *_: (code,)

    @property
    def used(self) -> int:
        """Bytes of the card that are taken."""
        return sum(map(len, self.memory.values()))

    def cudaGetDeviceCount(self) -> tuple[int, int]:
        return OK, 1

    def cudaSetDevice(self, index: int) -> tuple[int]:
        return (OK,)

    def cudaGetDeviceProperties(self, index: int) -> tuple[int, Any]:
        major, minor = self.capability
        return OK, SimpleNamespace(name=b"made up\0\0", major=major, minor=minor)

    def cudaMemGetInfo(self) -> tuple[int, int, int]:
        return OK, self.total - self.used, self.total

    def cudaMalloc(self, size: int) -> tuple[int, int | None]:
        if self.used + size > self.total:
            return NO_MEMORY, None
        return OK, self._keep(self.memory, size)

    def cudaMallocHost(self, size: int) -> tuple[int, int]:
        return OK, self._keep(self.pinned, size)

    def cudaFree(self, address: int) -> tuple[int]:
        del self.memory[int(address)]
        return (OK,)

    def cudaFreeHost(self, address: int) -> tuple[int]:
        del self.pinned[int(address)]
        return (OK,)

    def cudaStreamCreateWithFlags(self, flags: int) -> tuple[int, int]:
        stream = len(self.streams) + 1
        self.streams[stream] = []
        return OK, stream

    def cudaStreamDestroy(self, stream: int) -> tuple[int]:
        self.streams[stream] = []
        return (OK,)

    def cudaMemcpyAsync(self, to: int, source: int, size: int, kind: int, stream: int) -> Any:
        def job() -> None:
            ctypes.memmove(int(to), int(source), size)

        self.add(stream, job)
        return (OK,)

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:
        assert stream not in self.capturing, "a stream that is recorded cannot be waited for"
        jobs, self.streams[stream] = self.streams[stream], []
        for job in jobs:
            job()
        return (OK,)

    def cudaStreamBeginCapture(self, stream: int, mode: int) -> tuple[int]:
        self.capturing[stream] = []
        return (OK,)

    def cudaStreamEndCapture(self, stream: int) -> tuple[int, list[Job]]:
        return OK, self.capturing.pop(stream)

    def cudaGraphInstantiate(self, graph: list[Job], flags: int) -> tuple[int, list[Job]]:
        self.graphs.append(graph)
        return OK, graph

    def cudaGraphDestroy(self, graph: list[Job]) -> tuple[int]:
        return (OK,)

    def cudaGraphExecDestroy(self, graph: list[Job]) -> tuple[int]:
        self.graphs.remove(graph)
        return (OK,)

    def cudaGraphLaunch(self, graph: list[Job], stream: int) -> tuple[int]:
        self.streams[stream].extend(graph)
        return (OK,)

    def add(self, stream: int, job: Job) -> None:
        """Work of a stream: done when it is waited for, or written down."""
        self.capturing.get(stream, self.streams[stream]).append(job)

    @staticmethod
    def _keep(where: dict[int, Any], size: int) -> int:
        buffer = (ctypes.c_uint8 * size)()
        # Fresh memory is not zero.
        ctypes.memset(buffer, 0x7F, size)
        where[ctypes.addressof(buffer)] = buffer
        return ctypes.addressof(buffer)


class FakeContext:
    """`IExecutionContext`."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._shapes = {t.name: t.shape for t in engine.network.inputs}
        self._addresses: dict[str, int] = {}
        self._scratch = 0

    def set_device_memory(self, address: int, size: int) -> None:
        assert size >= self._engine.device_memory_size_v2
        self._scratch = address

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        least, _, most = self._engine.profile[name]
        fits = all(a <= b <= c for a, b, c in zip(least, shape, most, strict=True))
        if fits:
            self._shapes[name] = shape
        return fits

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self._run(
            {
                t.name: np.zeros(self._shapes[t.name], np.dtype(t.dtype))
                for t in self._engine.network.inputs
            }
        )[name].shape

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        if self._engine.trt.refuses:
            return False
        assert self._scratch, "activations have no memory"
        shapes, addresses = dict(self._shapes), dict(self._addresses)

        def job() -> None:
            feeds = {
                t.name: _at(addresses[t.name], shapes[t.name], t.dtype).copy()
                for t in self._engine.network.inputs
            }
            for name, value in self._run(feeds).items():
                _at(addresses[name], value.shape, str(value.dtype))[...] = value

        self._engine.trt.cudart.add(stream, job)
        return True

    def _run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        network = self._engine.network
        names = [each.name for each in network.outputs]
        return dict(zip(names, network.run(names, feeds), strict=True))


class FakeEngine:
    """`ICudaEngine` of a plan that is a line of JSON and an ONNX file."""

    device_memory_size_v2 = 4096

    def __init__(self, trt: FakeTrt, profile: dict[str, Any], graph: bytes) -> None:
        self.trt = trt
        self.profile = profile
        self.network = OrtBackend().load(Model("fake", graph))
        self._tensors = {t.name: t for t in (*self.network.inputs, *self.network.outputs)}
        self.num_io_tensors = len(self._tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self._tensors)[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self._tensors[name].shape

    def get_tensor_mode(self, name: str) -> Any:
        inputs = {each.name for each in self.network.inputs}
        return SimpleNamespace(name="INPUT" if name in inputs else "OUTPUT")

    def get_tensor_dtype(self, name: str) -> Any:
        types = {"float32": "FLOAT", "int64": "INT64"}
        return SimpleNamespace(name=types[self._tensors[name].dtype])

    def get_tensor_profile_shape(self, name: str, index: int) -> list[Any]:
        return list(self.profile[name])

    def create_runtime_config(self) -> Any:
        cache = SimpleNamespace(
            deserialize=self.trt.seen,
            serialize=lambda: b"kernels",
        )
        return SimpleNamespace(
            set_execution_context_allocation_strategy=lambda strategy: None,
            create_runtime_cache=lambda: cache,
            set_runtime_cache=lambda given: None,
        )

    def create_execution_context(self, config: Any) -> FakeContext | None:
        return None if self.trt.full else FakeContext(self)


class FakeTrt:
    """The module."""

    ExecutionContextAllocationStrategy = SimpleNamespace(USER_MANAGED=2)
    CudaGraphStrategy = SimpleNamespace(DISABLED=0)
    DynamicShapesKernelSpecializationStrategy = SimpleNamespace(EAGER=1)

    def __init__(self) -> None:
        self.cudart = FakeCudart()
        self.full = False
        self.refuses = False
        self.seen_caches: list[bytes] = []
        self.builder = Builder(RTX, "0", "sm80+")

    class Logger:
        ERROR = 1

        def __init__(self, level: int) -> None:
            self.level = level

    def seen(self, cache: bytes) -> bool:
        self.seen_caches.append(cache)
        return cache == b"kernels"

    def Runtime(self, log: Any) -> Any:
        return SimpleNamespace(deserialize_cuda_engine=self._read)

    def _read(self, plan: bytes) -> FakeEngine | None:
        head, newline, graph = plan.partition(b"\n")
        return FakeEngine(self, json.loads(head), graph) if newline else None

    def put_plan(
        self, store: PlanStore, model: Model, profile: dict[str, Any] | None = None
    ) -> Manifest:
        """A "plan" of the network; `profile` in place of the right one."""
        row = NETWORKS[model.name]
        inputs = graph_inputs(model)
        right = {t.name: row.profile(inputs)[t.name] for t in inputs if DYNAMIC in t.shape}
        plan = json.dumps(right if profile is None else profile).encode() + b"\n" + model.graph
        digest = hashlib.sha256(plan).hexdigest()
        key = self.builder.key(row, model)
        manifest = Manifest(key, digest, len(plan), inputs, (), {"HALF": 1}, 0.1)
        store.put(manifest, plan)
        return manifest

    def backend(self, store: PlanStore, cudart: FakeCudart) -> TrtBackend:
        """The real back-end over this library and that card."""
        self.cudart = cudart
        return TrtBackend(store, Cuda(cudart), self.builder, self)


def fake_trt() -> FakeTrt:
    """A fresh one."""
    return FakeTrt()


def _at(address: int, shape: tuple[int, ...], dtype: str) -> Array:
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    raw = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))
    return raw.view(kind).reshape(shape)
