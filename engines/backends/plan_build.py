"""Compiling a network into a plan with whichever TensorRT was chosen.

Offline or in a process of its own: it takes seconds to minutes and much memory.
Never runs a plan, and never stores one: `plan_store` does.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from engines.backends.base import BackendError, BadGraph, Model, OutOfDeviceMemory, Tensor
from engines.backends.flavours import (
    PORTABLE,
    Capability,
    Flavour,
    choose,
    installed,
    load,
    said,
    target_of,
    version_of,
)
from engines.backends.networks import NetworkRow
from engines.backends.plan_store import TIMING, PlanStore
from engines.backends.plans import Key, Manifest, key_of
from engines.backends.typed_graph import typed

Progress = Callable[[str, int, int], None]
"""Phase, step and steps of a build under way."""
FP8_CARDS = (8, 9)
PORTABLE_FP8 = "sm89+"
"""As PORTABLE, of those cards."""
_TYPES = {"FLOAT": "float32", "HALF": "float16", "INT64": "int64", "INT32": "int32"}


class BuildFailed(BackendError):
    """The library gave no plan; the message holds what it said."""


class NotForThisCard(BackendError):
    """The card has no numbers of this precision."""


def check_card(row: NetworkRow, card: Capability) -> None:
    """Raises NotForThisCard."""
    if row.precision == "fp8" and card < FP8_CARDS:
        raise NotForThisCard(
            f"{row.name}: fp8 wants compute capability {said(FP8_CARDS)} or later, "
            f"not {said(card)}; use render.precision int8 or fp16"
        )


@dataclass(frozen=True, slots=True)
class Builder:
    """One library and the cards it builds for."""

    flavour: Flavour
    version: str
    target: str

    @classmethod
    def of(cls, card: Capability | None, have: Collection[Flavour] | None = None) -> Builder:
        """The one for a card (None: for none in particular) of what is installed.

        Raises LibraryMissing.
        """
        flavour = choose(installed() if have is None else have, card)
        return cls(flavour, version_of(flavour), target_of(flavour, card))

    def key(self, row: NetworkRow, model: Model) -> Key:
        """Of the plan that `build` would make; needs no card.

        Raises BadGraph, NotForThisCard.
        """
        library = (self.flavour.module, self.version, self.target_of(row))
        return key_of(row, model.graph, row.profile(graph_inputs(model)), library)

    def target_of(self, row: NetworkRow) -> str:
        """`target`, or for fp8 the cards of it that have such numbers. Raises NotForThisCard."""
        if row.precision != "fp8":
            return self.target
        if self.target == PORTABLE:
            return PORTABLE_FP8
        check_card(row, (int(self.target[2:-1]), int(self.target[-1])))
        return self.target

    def build(
        self, row: NetworkRow, model: Model, store: PlanStore, progress: Progress | None = None
    ) -> Manifest:
        """Compile and keep it.

        Raises BadGraph, BuildFailed, LibraryMissing, NoOnnx, NoRanges, NotForThisCard, OSError.
        """
        key = self.key(row, model)
        begun = time.perf_counter()
        trt = load(self.flavour)
        log = _log(trt)
        ranges = dict(row.ranges.largest) if row.ranges is not None else None
        graph = typed(model.graph, row.precision, ranges)
        builder, network = _parsed(trt, log, graph, row.name)
        config = self._config(trt, builder, network, key, store, progress)
        plan = builder.build_serialized_network(network, config)
        if plan is None:
            raise _failed(row.name, log)
        data = bytes(plan)
        manifest = Manifest(
            key=key,
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            inputs=tuple(_tensor(network.get_input(i)) for i in range(network.num_inputs)),
            outputs=tuple(_tensor(network.get_output(i)) for i in range(network.num_outputs)),
            layers=_layers(network),
            build_s=round(time.perf_counter() - begun, 2),
            device_bytes=log.activations,
        )
        if self.flavour.times_kernels:
            times = config.get_timing_cache().serialize()
            store.put_cache(key, TIMING, bytes(times))
        store.put(manifest, data)
        return manifest

    def _config(
        self, trt: Any, builder: Any, network: Any, key: Key, store: PlanStore,
        progress: Progress | None,
    ) -> Any:  # fmt: skip
        config = builder.create_builder_config()
        if self.flavour.builds_without_card and self.target != PORTABLE:
            config.num_compute_capabilities = 1
            config.set_compute_capability(getattr(trt.ComputeCapability, self.target.upper()), 0)
        profile = builder.create_optimization_profile()
        for index in range(network.num_inputs):
            tensor = network.get_input(index)
            if -1 in tuple(tensor.shape):
                profile.set_shape(tensor.name, *map(tuple, key.profile[tensor.name]))
        config.add_optimization_profile(profile)
        if self.flavour.times_kernels:
            times = config.create_timing_cache(store.cache(key, TIMING))
            config.set_timing_cache(times, ignore_mismatch=False)
        if progress is not None:
            config.progress_monitor = _monitor(trt, progress)
        return config


def graph_inputs(model: Model) -> tuple[Tensor, ...]:
    """Inputs of an ONNX file, told by ONNX Runtime. Raises BadGraph."""
    from engines.backends.ort import OrtBackend

    backend = OrtBackend()
    try:
        return backend.load(model).inputs
    finally:
        backend.close()


def _parsed(trt: Any, log: Any, graph: bytes, name: str) -> tuple[Any, Any]:
    builder = trt.Builder(log)
    # Newer libraries know no other networks and may drop the flag.
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if flag is None else 1 << int(flag))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(graph):
        said = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise BadGraph(f"{name}: {said or 'no ONNX file'}")
    return builder, network


def _tensor(tensor: Any) -> Tensor:
    return Tensor(tensor.name, type_of(tensor.dtype), tuple(tensor.shape))


def type_of(dtype: Any) -> str:
    """Name in numpy of a TensorRT type."""
    name: str = dtype.name
    return _TYPES.get(name, name)


def _layers(network: Any) -> dict[str, int]:
    found: Counter[str] = Counter()
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        found.update([layer.get_output_type(0).name] if layer.num_outputs else [])
    return dict(sorted(found.items()))


def _failed(name: str, log: Any) -> BackendError:
    said = "; ".join(log.errors) or "the library said nothing"
    if "out of memory" in said.lower():
        return OutOfDeviceMemory(f"{name}: {said}; stop what else uses the card and build again")
    return BuildFailed(f"{name}: no plan: {said}")


def _log(trt: Any) -> Any:
    """A logger that keeps errors for the exception and prints nothing."""

    class Log(trt.ILogger):  # type: ignore[misc]
        """Called from threads of the library."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []
            self.activations = 0

        def log(self, severity: Any, message: str) -> None:
            """Keep what is said."""
            if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                self.errors.append(message)
            elif message.startswith("Total Activation Memory: "):
                self.activations = int(message.split()[3])

    return Log()


def _monitor(trt: Any, progress: Progress) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        """Called from threads of the library."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            """A phase begins."""
            self.steps[phase_name] = num_steps
            progress(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            """Go on."""
            progress(phase_name, step + 1, self.steps.get(phase_name, 0))
            return True

        def phase_finish(self, phase_name: str) -> None:
            """A phase ends."""
            steps = self.steps.pop(phase_name, 0)
            progress(phase_name, steps, steps)

    return Monitor()
