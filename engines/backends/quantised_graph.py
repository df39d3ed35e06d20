"""The inner convolutions of a typed graph in 8 bits, as explicit quantising, which plans want.

Pure; any thread; needs the package `onnx`, given by the caller.
Never chooses ranges: they were measured on training pairs (`python -m export calibrate`) and lie
beside the weights.

Symmetric, one scale for the data, one for each channel of weights; the first and the last
convolution, which see and give levels, and all that is no convolution stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engines.backends.base import BackendError

LARGEST = {"int8": 127.0, "fp8": 448.0}
"""Of the 8-bit types; fp8 is e4m3, without infinities."""
_OPSET = 19
"""From here on the operators take halves, and give fp8."""
_LEAST_SCALE = 2.0**-14
"""Smallest normal half: below it a scale itself would be rounded coarsely."""


class NoRanges(BackendError):
    """There are no measured ranges for this network, or they are of other weights."""


def inner_convolutions(graph: Any) -> list[Any]:
    """Those that are quantised, in order. Raises NoRanges for a graph with fewer than three.

    A filter that gives one channel is none of them: it makes grey of a picture, or weighs it.
    """
    single = {each.name for each in graph.initializer if list(each.dims[:1]) == [1]}
    every = [node for node in graph.node if node.op_type == "Conv"]
    found = [node for node in every if node.input[1] not in single]
    if len(found) < 3:
        raise NoRanges(f"{len(found)} convolutions, wanted 3 or more: none would be inner ones")
    return found[1:-1]


def quantise(onnx: Any, net: Any, precision: str, ranges: Mapping[str, float]) -> Any:
    """The net with inner convolutions in `precision`; `ranges`: node -> largest data it sees.

    Raises NoRanges for a convolution that was not measured.
    """
    wanted = inner_convolutions(net.graph)
    if missing := [node.name for node in wanted if node.name not in ranges]:
        raise NoRanges(f"no range of {', '.join(missing)}; run: python -m export calibrate")
    net = onnx.version_converter.convert_version(net, _OPSET)
    work = _Quantiser(onnx, net.graph, precision)
    chosen = {node.name for node in wanted}
    nodes = []
    for node in net.graph.node:
        if node.name in chosen:
            nodes += work.around(node, ranges[node.name])
        nodes.append(node)
    copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del net.graph.node[:]
    net.graph.node.extend(copies)
    work.sweep()
    return net


class _Quantiser:
    """New constants and nodes of one graph."""

    def __init__(self, onnx: Any, graph: Any, precision: str) -> None:
        self.onnx, self.graph = onnx, graph
        self.largest = LARGEST[precision]
        proto = onnx.TensorProto
        self.type = proto.INT8 if precision == "int8" else proto.FLOAT8E4M3FN
        self.stored = {each.name: each for each in graph.initializer}
        self.made: dict[tuple[str, float], tuple[str, list[Any]]] = {}

    def around(self, node: Any, largest: float) -> list[Any]:
        """Nodes before a convolution, which then takes their results."""
        weights = self.onnx.numpy_helper.to_array(self.stored[node.input[1]])
        kind = weights.dtype
        node.input[0], before = self._data(node.input[0], largest, kind)
        node.input[1], more = self._weights(node.input[1], weights)
        return before + more

    def _data(self, name: str, largest: float, kind: Any) -> tuple[str, list[Any]]:
        # A result that several convolutions see is quantised once.
        if (name, largest) in self.made:
            return self.made[name, largest][0], []
        scale = self._scale(f"{name}.scale", np.array(largest), kind)
        make, here = self.onnx.helper.make_node, [scale, self._zero()]
        small, back = f"{name}.small", f"{name}.back"
        nodes = [
            make("QuantizeLinear", [name, *here], [small], name=small),
            make("DequantizeLinear", [small, *here], [back], name=back),
        ]
        self.made[name, largest] = back, nodes
        return back, nodes

    def _weights(self, name: str, weights: Any) -> tuple[str, list[Any]]:
        over = tuple(range(1, weights.ndim))
        scale = self._scale(f"{name}.scale", np.abs(weights).max(over), weights.dtype)
        steps = self.onnx.numpy_helper.to_array(self.stored[scale]).astype(np.float32)
        scaled = weights.astype(np.float32) / steps.reshape(-1, *[1] * (weights.ndim - 1))
        scaled = np.clip(scaled, -self.largest, self.largest)
        small, back = f"{name}.small", f"{name}.back"
        if self.type == self.onnx.TensorProto.INT8:
            scaled = np.rint(scaled)
        kind = self.onnx.helper.tensor_dtype_to_np_dtype(self.type)
        self._store(self.onnx.numpy_helper.from_array(scaled.astype(kind), small))
        zeros = self._zeros(f"{name}.zero", len(weights))
        node = self.onnx.helper.make_node(
            "DequantizeLinear", [small, scale, zeros], [back], name=back, axis=0
        )
        return back, [node]

    def _scale(self, name: str, largest: Any, kind: Any) -> str:
        steps = np.maximum(largest / self.largest, _LEAST_SCALE).astype(kind)
        self._store(self.onnx.numpy_helper.from_array(steps, name))
        return name

    def _zero(self) -> str:
        return self._zeros("zero.small", None)

    def _zeros(self, name: str, count: int | None) -> str:
        kind = self.onnx.helper.tensor_dtype_to_np_dtype(self.type)
        shape = () if count is None else (count,)
        if name not in self.stored:
            self._store(self.onnx.numpy_helper.from_array(np.zeros(shape, kind), name))
        return name

    def _store(self, tensor: Any) -> None:
        self.stored[tensor.name] = tensor

    def sweep(self) -> None:
        """Keep the constants that are used."""
        used = {name for node in self.graph.node for name in node.input}
        kept = [each for each in self.stored.values() if each.name in used]
        copies = [type(each).FromString(each.SerializeToString()) for each in kept]
        del self.graph.initializer[:]
        self.graph.initializer.extend(copies)
