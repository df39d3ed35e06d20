"""Small ONNX files made on the spot, with what real networks of each kind have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engines.backends.base import Array, Model


def batched(name: str = "renderer/mouth_reference", *, scale: float = 1.0) -> Model:
    """Two inputs and two outputs with a batch: levels are normalised, then a convolution."""
    rng = np.random.default_rng(1)
    weight = (rng.normal(0, 0.3, (4, 3, 3, 3)) * scale).astype(np.float32)
    constants: dict[str, Array] = {
        "weight.half": weight.astype(np.float16),
        "over": np.array(1 / 255, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["weight.half"], ["weight"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["picture", "picture"], ["squared"]),
        helper.make_node("Mul", ["squared", "over"], ["smaller"]),
        helper.make_node("Mul", ["smaller", "over"], ["levels"]),
        helper.make_node("Conv", ["levels", "weight"], ["felt"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["felt", "bias"], ["moved"]),
        helper.make_node("Relu", ["moved"], ["drawn"]),
        helper.make_node("ReduceMean", ["drawn"], ["mean"], axes=[1, 2, 3], keepdims=0),
    ]
    inputs = {"picture": ("N", 3, 4, 6), "bias": ("N", 4, 1, 1)}
    outputs = {"drawn": ("N", 4, 4, 6), "mean": ("N",)}
    return Model(name, _graph(nodes, inputs, outputs, constants))


def remembering(name: str = "renderer/mouth") -> Model:
    """One output that may be an input of the next run, of a batch."""
    nodes = [
        helper.make_node("Mul", ["previous", "share"], ["fading"]),
        helper.make_node("Add", ["seen", "fading"], ["sum"]),
        helper.make_node("Mul", ["sum", "person"], ["residual"]),
    ]
    inputs = {"seen": ("N", 2, 3), "previous": ("N", 2, 3), "person": ("N", 2, 1)}
    constants: dict[str, Array] = {"share": np.array(0.5, np.float32)}
    return Model(name, _graph(nodes, inputs, {"residual": ("N", 2, 3)}, constants))


def static(name: str = "lips/lips") -> Model:
    """A state that goes on from run to run, no batch."""
    weight = np.random.default_rng(2).normal(0, 0.5, (6, 6)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["state", "weight"], ["turned"]),
        helper.make_node("Add", ["turned", "sound"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["next_state"]),
    ]
    inputs = {"state": (1, 6), "sound": (1, 6)}
    return Model(name, _graph(nodes, inputs, {"next_state": (1, 6)}, {"weight": weight}))


def text(name: str = "scene/scene") -> Model:
    """Words of any number, looked up in a table of int8."""
    table = np.random.default_rng(3).integers(-100, 100, (50, 8)).astype(np.int8)
    nodes = [
        helper.make_node("Gather", ["table", "tokens"], ["rows"]),
        helper.make_node("Cast", ["rows"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values"], ["embedding"], axes=[0], keepdims=0),
    ]
    net = _graph(nodes, {}, {"embedding": (8,)}, {"table": table})
    model = onnx.load_from_string(net)
    model.graph.input.append(helper.make_tensor_value_info("tokens", TensorProto.INT64, ["T"]))
    return Model(name, model.SerializeToString())


def convolutions(name: str = "renderer/mouth") -> Model:
    """Four in a row, the two in the middle side by side: what 8 bits are for."""
    rng = np.random.default_rng(4)
    sizes = {"one": (4, 3), "two": (4, 4), "three": (4, 4), "four": (3, 4)}
    weights: dict[str, Array] = {
        f"{node}.weight": rng.normal(0, 0.3, (*size, 3, 3)).astype(np.float32)
        for node, size in sizes.items()
    }

    def conv(node: str, source: str, result: str) -> onnx.NodeProto:
        pads = [1, 1, 1, 1]
        return helper.make_node("Conv", [source, f"{node}.weight"], [result], name=node, pads=pads)

    nodes = [
        conv("one", "x", "a"),
        helper.make_node("Relu", ["a"], ["b"]),
        conv("two", "b", "c"),
        conv("three", "b", "d"),
        helper.make_node("Add", ["c", "d"], ["e"]),
        conv("four", "e", "residual"),
    ]
    sides = ({"x": ("N", 3, 8, 8)}, {"residual": ("N", 3, 8, 8)})
    return Model(name, _graph(nodes, *sides, weights))


def _graph(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int | str, ...]],
    outputs: Mapping[str, tuple[int | str, ...]],
    constants: Mapping[str, Array],
) -> bytes:
    def infos(sides: Mapping[str, tuple[int | str, ...]]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
            for name, shape in sides.items()
        ]

    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", infos(inputs), infos(outputs), stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    out: bytes = model.SerializeToString()
    return out
