"""An ONNX network with its precision written into the graph, as strongly typed plans want it.

Pure; any thread; needs the package `onnx` (extras `trt-rtx` and `train`), asked for when called.
Never touches inputs and outputs: they stay as they are in the file, so that back-ends are alike.

Half precision is for what costs: convolutions and matrix products, and what follows on them. What
stands before the first of them (normalising levels, sines of time) stays in single precision: the
square of a level of 0..255 is already at the end of what a half can hold.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Literal

from engines.backends.quantised_graph import LARGEST, NoRanges, quantise
from engines.extras import install_hint

__all__ = ["EIGHT_BITS", "NoOnnx", "NoRanges", "Precision", "onnx_package", "typed"]
Precision = Literal["fp32", "fp16", "int8", "fp8"]
EIGHT_BITS = LARGEST.keys()
RECIPE = 1
"""Part of a plan's key: to be raised whenever the same file would be typed otherwise."""
COSTLY = frozenset({"Conv", "Gemm", "MatMul"})
_DATA_ONLY_FIRST = frozenset({"Resize"})
"""Operators of which only the first input has the type of the data."""
_FLOAT, _HALF, _INT8 = 1, 10, 3
"""TensorProto's numbers of the types."""


class NoOnnx(ImportError):
    """The package `onnx` is not installed."""


def onnx_package() -> Any:
    """The package `onnx`, which serving does not need. Raises NoOnnx."""
    try:
        return importlib.import_module("onnx")
    except ImportError as error:
        raise NoOnnx(f"plans are built with the package onnx; {install_hint('trt-rtx')}") from error


def typed(
    model: bytes,
    precision: Precision,
    ranges: Mapping[str, float] | None = None,
    *,
    halves: bool = True,
) -> bytes:
    """The graph ready for a builder; equal bytes for equal arguments and versions.

    `ranges`: for 8 bits, see `quantised_graph`; the rest is then in halves, or (`halves` off, for
    comparisons on the processor) in single precision.

    Raises NoOnnx, NoRanges, and what `onnx` raises for bytes that are no network.
    """
    onnx = onnx_package()
    net = onnx.load_from_string(model)
    _fold(onnx, net.graph)
    if precision != "fp32" and halves:
        net = onnx.shape_inference.infer_shapes(net)
        _halve(onnx, net.graph)
    if precision in EIGHT_BITS:
        net = quantise(onnx, net, precision, ranges or {})
    onnx.checker.check_model(net, full_check=True)
    out: bytes = net.SerializeToString()
    return out


def _fold(onnx: Any, graph: Any) -> None:
    """Constants out of their storage types: halves behind a Cast, tables of int8 behind a Gather.

    ONNX Runtime does so when it loads; TensorRT takes int8 constants for quantised ones.
    """
    stored = {each.name: each for each in graph.initializer}
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    kept = []
    for node in graph.node:
        source = stored.get(node.input[0]) if node.input else None
        if node.op_type == "Cast" and source is not None:
            graph.initializer.append(_cast(onnx, source, _to(node), node.output[0]))
            continue
        if node.op_type == "Gather" and source is not None and source.data_type == _INT8:
            (cast,) = users[node.output[0]]
            name = f"{source.name}.float"
            graph.initializer.append(_cast(onnx, source, _to(cast), name))
            node.input[0] = name
            cast.op_type = "Identity"
            del cast.attribute[:]
        elif node.op_type == "Constant":
            (value,) = node.attribute
            values = onnx.numpy_helper.to_array(value.t)
            graph.initializer.append(onnx.numpy_helper.from_array(values, node.output[0]))
            continue
        kept.append(node)
    _replace(graph.node, kept)
    _sweep(graph)


def _to(cast: Any) -> int:
    (to,) = (attribute.i for attribute in cast.attribute if attribute.name == "to")
    return int(to)


def _cast(onnx: Any, source: Any, to: int, name: str) -> Any:
    values = onnx.numpy_helper.to_array(source)
    kind = onnx.helper.tensor_dtype_to_np_dtype(to)
    return onnx.numpy_helper.from_array(values.astype(kind), name)


def _sweep(graph: Any) -> None:
    used = {name for node in graph.node for name in node.input}
    used |= {each.name for each in graph.output}
    _replace(graph.initializer, [each for each in graph.initializer if each.name in used])


def _replace(field: Any, items: list[Any]) -> None:
    copies = [type(item).FromString(item.SerializeToString()) for item in items]
    del field[:]
    field.extend(copies)


class _Halver:
    """Types of tensors as the walk over the nodes leaves them, and the casts between them."""

    def __init__(self, onnx: Any, graph: Any) -> None:
        self.onnx = onnx
        self.stored = {each.name: each for each in graph.initializer}
        self.types = {each.name: each.data_type for each in graph.initializer}
        for each in (*graph.input, *graph.output, *graph.value_info):
            self.types[each.name] = each.type.tensor_type.elem_type
        self.outputs = {each.name for each in graph.output}
        self.behind_costly: set[str] = set()
        self.made: dict[tuple[str, int], str] = {}
        self.nodes: list[Any] = []

    def as_type(self, name: str, wanted: int) -> str:
        """The tensor in the wanted type: itself, a converted constant, or behind a Cast."""
        have = self.types.get(name)
        if have not in (_FLOAT, _HALF) or have == wanted:
            return name
        key = (name, wanted)
        if key not in self.made:
            new = self.made[key] = f"{name}.{'half' if wanted == _HALF else 'float'}"
            self.types[new] = wanted
            if name in self.stored:
                self.stored[new] = _cast(self.onnx, self.stored[name], wanted, new)
            else:
                make = self.onnx.helper.make_node
                self.nodes.append(make("Cast", [name], [new], name=new, to=wanted))
        return self.made[key]

    def add(self, node: Any) -> None:
        """Take the next node, in half precision when it costs or follows on one that does."""
        costly = node.op_type in COSTLY or any(i in self.behind_costly for i in node.input)
        wanted = _HALF if costly else _FLOAT
        for index, name in enumerate(node.input):
            first_only = node.op_type in _DATA_ONLY_FIRST and index > 0
            node.input[index] = self.as_type(name, _FLOAT if first_only else wanted)
        self.nodes.append(node)
        if not costly:
            return
        if node.op_type == "Cast" and _to(node) == _FLOAT:
            node.attribute[0].i = _HALF
        self.behind_costly.update(node.output)
        for index, name in enumerate(node.output):
            if self.types.get(name) != _FLOAT:
                continue
            if name not in self.outputs:
                self.types[name] = _HALF
                continue
            inner = f"{name}.inner"
            node.output[index] = inner
            self.types[inner], self.made[name, _HALF] = _HALF, inner
            self.behind_costly.add(inner)
            make = self.onnx.helper.make_node
            self.nodes.append(make("Cast", [inner], [name], name=name, to=_FLOAT))


def _halve(onnx: Any, graph: Any) -> None:
    walk = _Halver(onnx, graph)
    for node in graph.node:
        walk.add(node)
    _replace(graph.node, walk.nodes)
    _replace(graph.initializer, list(walk.stored.values()))
    del graph.value_info[:]
    _sweep(graph)
