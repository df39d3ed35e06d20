"""A network as a list of steps in torch: read once from a typed ONNX graph, run with tensors.

The thread that runs the network.
Never reads from the card while it runs: sizes and axes stay on the host, so that a run can be
recorded as a CUDA graph.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engines.backends.base import DYNAMIC
from engines.backends.base import Tensor as Spec
from engines.backends.torch_run.ops import OPS, PARAMETERS, Unsupported

OPSETS = range(13, 21)
"""Versions of the standard operators that `ops` follows."""
_TYPES = {1: "float32", 7: "int64", 10: "float16"}


@dataclass(frozen=True, slots=True)
class Step:
    """One operator."""

    op: str
    name: str
    inputs: tuple[str, ...]
    """"" for one that is left out."""
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    done: tuple[str, ...]
    """Results that nothing needs after this step."""


class Program:
    """Steps and constants on one device."""

    def __init__(self, onnx: Any, graph: bytes, device: torch.device) -> None:
        """`onnx`: the package; `graph`: as `typed_graph.typed` gives it.

        Raises Unsupported for what `ops` has not, naming it.
        """
        net = onnx.load_from_string(graph)
        _check_opset(net)
        self.inputs = tuple(_spec(each) for each in net.graph.input)
        self.outputs = tuple(_spec(each) for each in net.graph.output)
        self._steps = _steps(onnx, net.graph)
        stored = {
            each.name: torch.from_numpy(onnx.numpy_helper.to_array(each).copy())
            for each in net.graph.initializer
        }
        host = _host_names(self._steps, stored)
        self._host = {name: value for name, value in stored.items() if name in host}
        # An index that is data of one step may be a size of another: it then lies at both.
        needed = {name for step in self._steps for name in _data(step, host)}
        needed |= {each.name for each in self.outputs}
        self._device = {n: value.to(device) for n, value in stored.items() if n in needed}
        self._on_host = host

    @property
    def bytes(self) -> int:
        """Of the constants on the device."""
        return sum(each.numel() * each.element_size() for each in self._device.values())

    def close(self) -> None:
        """Give back the constants: it cannot be run after this."""
        self._device.clear()
        self._host.clear()

    def run(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Outputs by name; they may be the feeds' or the constants' own memory.

        Raises Unsupported, and what torch raises.
        """
        values = self._device | dict(feeds)
        host = dict(self._host)
        for step in self._steps:
            at_host = _all_on_host(step, self._on_host)
            data = host if at_host else values
            first = PARAMETERS.get(step.op, len(step.inputs))
            arguments = [
                None if not name else (data if index < first else host)[name]
                for index, name in enumerate(step.inputs)
            ]
            try:
                result = OPS[step.op](*arguments, **step.attributes)
            except Unsupported as error:
                raise Unsupported(f"{step.op} ({step.name}): {error}") from error
            results = (result,) if isinstance(result, Tensor) else result
            to = host if step.outputs[0] in self._on_host else values
            to.update(zip(step.outputs, results, strict=True))
            for name in step.done:
                values.pop(name, None)
        return {each.name: values[each.name] for each in self.outputs}


def _check_opset(net: Any) -> None:
    for each in net.opset_import:
        if each.domain not in ("", "ai.onnx"):
            raise Unsupported(f"operators of {each.domain}, wanted ONNX's own")
        if each.version not in OPSETS:
            said = f"{OPSETS[0]} to {OPSETS[-1]}"
            raise Unsupported(f"operators of version {each.version}, wanted {said}")


def _spec(value: Any) -> Spec:
    about = value.type.tensor_type
    shape = tuple(
        int(dim.dim_value) if dim.HasField("dim_value") else DYNAMIC for dim in about.shape.dim
    )
    kind = _TYPES.get(about.elem_type)
    if kind is None:
        raise Unsupported(f"{value.name} of type {about.elem_type}, wanted float or int64")
    return Spec(value.name, kind, shape)


def _steps(onnx: Any, graph: Any) -> tuple[Step, ...]:
    if unknown := sorted({node.op_type for node in graph.node} - set(OPS)):
        raise Unsupported(f"operator {', '.join(unknown)}; there are {', '.join(OPS)}")
    kept = {each.name for each in graph.output}
    last = {name: index for index, node in enumerate(graph.node) for name in node.input}
    steps = []
    for index, node in enumerate(graph.node):
        name = node.name or node.output[0]
        if len(node.output) != 1 and node.op_type != "Split":
            raise Unsupported(f"{node.op_type} ({name}) with {len(node.output)} results, wanted 1")
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        known = inspect.signature(OPS[node.op_type]).parameters
        if strange := sorted(attributes.keys() - known.keys()):
            raise Unsupported(f"{node.op_type} ({name}) with {', '.join(strange)}")
        done = tuple(n for n in set(node.input) if last[n] == index and n not in kept)
        step = Step(node.op_type, name, tuple(node.input), tuple(node.output), attributes, done)
        steps.append(step)
    return tuple(steps)


def _host_names(steps: Iterable[Step], stored: Mapping[str, Tensor]) -> frozenset[str]:
    """Values that are kept on the host: whole constants, shapes, and what is made of those.

    Raises Unsupported for sizes that depend on data.
    """
    host = {name for name, value in stored.items() if not value.is_floating_point()}
    # Scales of a Resize are floating point, and no data either.
    for step in steps:
        host.update(name for name in _parameters(step) if name in stored)
    for step in steps:
        if step.op == "Shape" or _all_on_host(step, host):
            host.update(step.outputs)
        if late := [name for name in _parameters(step) if name not in host]:
            raise Unsupported(f"{step.op} ({step.name}): {', '.join(late)} depends on data")
        if late := [n for n in _data(step, host) if n in host and n not in stored]:
            raise Unsupported(f"{step.op} ({step.name}): {', '.join(late)}, a shape, as data")
    return frozenset(host)


def _parameters(step: Step) -> list[str]:
    return [name for name in step.inputs[PARAMETERS.get(step.op, len(step.inputs)) :] if name]


def _data(step: Step, host: frozenset[str] | set[str]) -> list[str]:
    """Inputs that must lie where the step is done, when that is the device."""
    if _all_on_host(step, host):
        return []
    return [name for name in step.inputs[: PARAMETERS.get(step.op, len(step.inputs))] if name]


def _all_on_host(step: Step, host: frozenset[str] | set[str]) -> bool:
    """Whether a step is arithmetic of sizes."""
    return step.op != "Shape" and all(name in host for name in step.inputs if name)
