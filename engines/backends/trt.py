"""Networks as TensorRT plans on a card, by whichever of its two libraries the plan was made with.

Engine thread: each network has a stream, and memory that is taken once and never grows.
Never builds a plan, and never runs one that was made for another card, version or network.

Run by batch bucket: what is fed is filled up to the next bucket, copied, computed and copied back
as one CUDA graph, recorded at the bucket's second run (the first may still compile kernels).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from engines.backends.base import (
    DYNAMIC,
    Array,
    BackendError,
    BadFeeds,
    BadGraph,
    CardLost,
    Feeds,
    Model,
    Network,
    OutOfDeviceMemory,
    Tensor,
    checked,
)
from engines.backends.cuda import Card, Cuda
from engines.backends.flavours import load
from engines.backends.networks import NETWORKS, NetworkRow, Profile, bucket_of
from engines.backends.plan_build import Builder, check_card, type_of
from engines.backends.plan_store import RUNTIME, PlanStore
from engines.backends.plans import Key, PlanDamaged, WrongProfile, rebuild
from engines.backends.runs import Runs
from engines.backends.slots import Slots, held_tensors
from engines.backends.trt_ports import Bucket, Port
from engines.backends.trt_slots import CardMemory, CardSlots, Moves

log = logging.getLogger(__name__)
_FED: frozenset[str] = frozenset()
"""Nothing is held: every input is copied to the card."""


class TrtNetwork:
    """A plan on the card."""

    def __init__(self, row: NetworkRow, engine: Any, config: Any, cuda: Cuda, runs: Runs) -> None:
        """Takes all memory that it will ever use.

        Raises OutOfDeviceMemory, WrongProfile.
        """
        self.name, self.runs = row.name, runs
        self._row, self._cuda, self._engine, self._config = row, cuda, engine, config
        tensors = [_tensor(engine, index) for index in range(engine.num_io_tensors)]
        self.inputs = tuple(tensor for tensor, is_input in tensors if is_input)
        self.outputs = tuple(tensor for tensor, is_input in tensors if not is_input)
        self._buckets: dict[tuple[frozenset[str], int], Bucket] = {}
        self._open = True
        # A new avatar's first picture is drawn on another thread, on the same memory.
        self._lock = threading.Lock()
        with ExitStack() as stack:
            self._stream = cuda.stream()
            stack.callback(cuda.end_stream, self._stream)
            # One for all contexts: they run one after the other on the one stream.
            self._scratch_bytes = max(int(engine.device_memory_size_v2), 1)
            self._scratch = cuda.malloc(self._scratch_bytes)
            stack.callback(cuda.free, self._scratch)
            self._ports: dict[str, Port] = {}
            largest = self._shaped(self._context(), row.axis.most)
            for tensor in (*self.inputs, *self.outputs):
                self._ports[tensor.name] = self._port(stack, tensor, largest[tensor.name])
            for size in row.axis.buckets or (row.axis.usual,):
                self._buckets[_FED, size] = self._bucket(size)
            self._stack = stack.pop_all()
        self.device_bytes = self._scratch_bytes + sum(p.size(p.most) for p in self._ports.values())

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As `Network.run`."""
        with self._lock:
            names, count = checked(self, outputs, feeds), self._count(feeds)
            return self._run(names, feeds, count, _FED, ())

    def slots(self, names: Sequence[str], keep: Mapping[str, str], count: int) -> Slots:
        """As `HoldingNetwork.slots`."""
        tensors = held_tensors(self, names, keep)
        if not self._row.axis.buckets:
            raise BadFeeds(f"{self.name}: rows of what has no batch cannot be held")
        memory = CardMemory(self._cuda, self._stream, self._stack, self._lock)
        places = {name: self._ports[name].device for name in (*names, *keep.values())}
        made = CardSlots(self, memory, tensors, keep, count, places)
        self.device_bytes += made.device_bytes
        for size in self._row.axis.buckets:
            feeds = {
                each.name: np.zeros(_filled(each.shape, size), np.dtype(each.dtype))
                for each in self.inputs
                if each.name not in tensors
            }
            # Kernels and graph: no visitor waits for them.
            for _ in range(2):
                self.run_held(None, feeds, frozenset(tensors), size, ())
        return made

    def run_held(
        self,
        outputs: Sequence[str] | None,
        feeds: Feeds,
        held: frozenset[str],
        count: int,
        moves: Moves,
    ) -> list[Array]:
        """For `CardSlots`: a run of `count` rows; the inputs `held` are moved there on the card."""
        with self._lock:
            names = checked(self, outputs, feeds, held)
            if feeds and self._count(feeds) != count:
                raise BadFeeds(f"{self.name}: {count} slots, fed {self._count(feeds)} rows")
            return self._run(names, feeds, count, held, moves)

    def _run(
        self,
        names: Sequence[str],
        feeds: Feeds,
        count: int,
        held: frozenset[str],
        moves: Moves,
    ) -> list[Array]:
        if not self._open:
            raise BackendError(f"{self.name}: run after it was closed; load it again")
        axis = self._row.axis
        if not axis.least <= count <= axis.most:
            raise BadFeeds(f"{self.name}: {count} rows, wanted {axis.least} to {axis.most}")
        if axis.buckets:
            bucket = self._bucket_for(held, bucket_of(count, axis.buckets))
        else:
            # Hundreds of sizes, seldom run: one context for all of them, no graph.
            bucket = self._buckets[_FED, axis.usual]
            bucket.shapes = self._shaped(bucket.context, count)
        for each in self.inputs:
            if each.name not in held:
                self._fill(self._ports[each.name], bucket.shapes[each.name], feeds[each.name])
        self._compute(bucket, moves)
        return [self._result(name, bucket.shapes[name], count) for name in names]

    def _bucket_for(self, held: frozenset[str], size: int) -> Bucket:
        if (held, size) not in self._buckets:
            self._buckets[held, size] = self._bucket(size, held)
        return self._buckets[held, size]

    def close(self) -> None:
        """As `Network.close`."""
        if not self._open:
            return
        self._open = False
        for bucket in self._buckets.values():
            if bucket.recorded is not None:
                self._stack.callback(self._cuda.end_recorded, bucket.recorded)
        # Contexts go before the memory they were given, and before their engine.
        self._buckets.clear()
        self._engine = self._config = None
        try:
            self._stack.close()
        except CardLost as error:
            log.warning("card lost before its memory was freed", extra={"reason": str(error)})

    def _context(self) -> Any:
        context = self._engine.create_execution_context(self._config)
        if context is None:
            raise OutOfDeviceMemory(f"{self.name}: no room for a context; free the card's memory")
        context.set_device_memory(int(self._scratch), self._scratch_bytes)
        return context

    def _port(self, stack: ExitStack, tensor: Tensor, most: tuple[int, ...]) -> Port:
        size = int(np.prod(most)) * np.dtype(tensor.dtype).itemsize
        device = self._cuda.malloc(size)
        stack.callback(self._cuda.free, device)
        host = self._cuda.pinned(size)
        stack.callback(self._cuda.unpin, host)
        return Port(tensor, most, device, host)

    def _bucket(self, size: int, held: frozenset[str] = _FED) -> Bucket:
        context = self._context()
        shapes = self._shaped(context, size)
        for name, port in self._ports.items():
            context.set_tensor_address(name, int(port.device))
        return Bucket(context, shapes, held)

    def _shaped(self, context: Any, size: int) -> dict[str, tuple[int, ...]]:
        """Set a context to a size of the dynamic axis; the shapes that its tensors then have."""
        shapes = {each.name: _filled(each.shape, size) for each in self.inputs}
        for each in self.inputs:
            if DYNAMIC not in each.shape:
                continue
            if not context.set_input_shape(each.name, shapes[each.name]):
                raise WrongProfile(
                    f"{self.name}: the plan does not take {each.name} of "
                    f"{list(shapes[each.name])}; {rebuild(self.name)}"
                )
        return shapes | {
            each.name: tuple(context.get_tensor_shape(each.name)) for each in self.outputs
        }

    def _count(self, feeds: Feeds) -> int:
        """The size of the dynamic axis, of all inputs alike."""
        sizes = {
            feeds[each.name].shape[each.shape.index(DYNAMIC)]
            for each in self.inputs
            if DYNAMIC in each.shape and each.name in feeds
        }
        if len(sizes) > 1:
            raise BadFeeds(f"{self.name}: inputs of {sorted(sizes)} rows, wanted one number")
        return sizes.pop() if sizes else 1

    def _fill(self, port: Port, shape: tuple[int, ...], value: Array) -> None:
        view = port.view(shape)
        view[: len(value)] = value
        # Rows nobody reads: zeros, so that they are numbers whatever ran before.
        view[len(value) :] = 0

    def _compute(self, bucket: Bucket, moves: Moves) -> None:
        cuda, stream = self._cuda, self._stream
        for to, source, size, after in moves:
            if not after:
                cuda.move(to, source, size, stream)
        if bucket.runs == 1 and self._row.axis.buckets:
            self._record(bucket)
        if bucket.recorded is not None:
            cuda.launch(bucket.recorded, stream)
        else:
            self._enqueue(bucket)
        for to, source, size, after in moves:
            if after:
                cuda.move(to, source, size, stream)
        cuda.wait(stream)
        bucket.runs += 1

    def _record(self, bucket: Bucket) -> None:
        self._cuda.record(self._stream)
        try:
            self._enqueue(bucket)
        except BackendError:
            self._cuda.abandon(self._stream)
            raise
        bucket.recorded = self._cuda.recorded(self._stream)

    def _enqueue(self, bucket: Bucket) -> None:
        cuda, stream = self._cuda, self._stream
        for each in self.inputs:
            if each.name in bucket.held:
                continue
            port = self._ports[each.name]
            cuda.upload(port.device, port.host, port.size(bucket.shapes[each.name]), stream)
        if not bucket.context.execute_async_v3(stream):
            raise BackendError(f"{self.name}: the plan did not run; {rebuild(self.name)}")
        for each in self.outputs:
            port = self._ports[each.name]
            cuda.download(port.host, port.device, port.size(bucket.shapes[each.name]), stream)

    def _result(self, name: str, shape: tuple[int, ...], count: int) -> Array:
        whole = self._ports[name].view(shape)
        part = whole[:count] if self._row.axis.buckets else whole
        return part.copy()


class TrtBackend:
    """Plans out of a store, on the first card."""

    def __init__(
        self,
        store: PlanStore,
        cuda: Cuda | None = None,
        builder: Builder | None = None,
        module: Any = None,
        rows: Mapping[str, NetworkRow] | None = None,
    ) -> None:
        """The three before `rows` are for tests; None takes the first card and what suits it.

        `rows`: networks in the precision of their plans, see `ranges.rows_of`.

        Raises LibraryMissing, NoDriver, NoCard.
        """
        self._cuda = Cuda() if cuda is None else cuda
        self.card: Card = self._cuda.card()
        self.builder = Builder.of(self.card.capability) if builder is None else builder
        self.kind = self.builder.flavour.module
        self._store, self._rows = store, NETWORKS if rows is None else rows
        self._trt = load(self.builder.flavour) if module is None else module
        self._log = self._trt.Logger(self._trt.Logger.ERROR)
        self._runtime = self._trt.Runtime(self._log)
        self._open: list[TrtNetwork] = []

    def load(self, model: Model) -> Network:
        """As `Backend.load`. Raises PlanError for a plan that is missing or not to be used."""
        row = self._rows.get(model.name)
        if row is None:
            raise BadGraph(f"{model.name}: not among {', '.join(NETWORKS)}")
        check_card(row, self.card.capability)
        key = self.builder.key(row, model)
        manifest, plan = self._store.get(key)
        self._room(row, manifest.device_bytes + manifest.bytes)
        engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise PlanDamaged(
                f"{model.name}: {self.kind} cannot read the plan; {rebuild(row.name)}"
            )
        check_profile(row, engine, key.profile)
        config, cache = self._config(row, engine, key)
        runs = Runs(self.kind, self.builder.version, key.precision)
        network = TrtNetwork(row, engine, config, self._cuda, runs)
        self._open.append(network)
        self._warm(network, key, cache)
        free = self._cuda.card().free_bytes
        log.info(
            "plan loaded",
            extra={"network": row.name, "bytes": network.device_bytes, "free_bytes": free},
        )
        return network

    def close(self) -> None:
        """As `Backend.close`."""
        while self._open:
            self._open.pop().close()

    def _room(self, row: NetworkRow, wanted: int) -> None:
        free = self._cuda.card().free_bytes
        if wanted > free:
            raise OutOfDeviceMemory(
                f"{row.name}: wants {wanted >> 20} MiB of the card, {free >> 20} MiB are free; "
                "stop what else uses it (nvidia-smi shows what)"
            )

    def _config(self, row: NetworkRow, engine: Any, key: Key) -> tuple[Any, Any]:
        """How contexts are made and, where the library keeps one, its cache of compiled kernels."""
        trt, config, cache = self._trt, engine.create_runtime_config(), None
        config.set_execution_context_allocation_strategy(
            trt.ExecutionContextAllocationStrategy.USER_MANAGED
        )
        if hasattr(config, "create_runtime_cache"):
            cache = config.create_runtime_cache()
            known = self._store.cache(key, RUNTIME)
            if known and not cache.deserialize(known):
                log.info("kernels are compiled anew", extra={"network": row.name})
            config.set_runtime_cache(cache)
            # Graphs are recorded here, with the copies in them, of kernels that are final: lazy
            # ones would be replaced behind the graph's back.
            config.cuda_graph_strategy = trt.CudaGraphStrategy.DISABLED
            lazy = trt.DynamicShapesKernelSpecializationStrategy
            config.dynamic_shapes_kernel_specialization_strategy = lazy.EAGER
        return config, cache

    def _warm(self, network: TrtNetwork, key: Key, cache: Any) -> None:
        """Run every bucket: no visitor waits for kernels or graphs; keep what was compiled."""
        axis = self._rows[network.name].axis
        for size in axis.buckets or (axis.usual,):
            feeds = {
                each.name: np.zeros(_filled(each.shape, size), np.dtype(each.dtype))
                for each in network.inputs
            }
            for _ in range(2):
                network.run(None, feeds)
        if cache is not None:
            self._store.put_cache(key, RUNTIME, bytes(cache.serialize()))


def check_profile(row: NetworkRow, engine: Any, wanted: Profile) -> None:
    """Whether the plan takes the shapes that its key says. Raises WrongProfile."""
    for index in range(engine.num_io_tensors):
        tensor, is_input = _tensor(engine, index)
        if not is_input or DYNAMIC not in tensor.shape:
            continue
        have = [list(shape) for shape in engine.get_tensor_profile_shape(tensor.name, 0)]
        want = [list(shape) for shape in wanted.get(tensor.name, ())]
        if have != want:
            raise WrongProfile(
                f"{row.name}: the plan takes {tensor.name} {have}, wanted {want}; "
                f"{rebuild(row.name)}"
            )


def _tensor(engine: Any, index: int) -> tuple[Tensor, bool]:
    name = engine.get_tensor_name(index)
    shape = tuple(engine.get_tensor_shape(name))
    is_input = engine.get_tensor_mode(name).name == "INPUT"
    return Tensor(name, type_of(engine.get_tensor_dtype(name)), shape), is_input


def _filled(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(size if dim == DYNAMIC else dim for dim in shape)
