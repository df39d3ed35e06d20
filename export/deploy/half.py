"""What a half-precision graph would give on a card, computed on the CPU in single precision.

Offline; pure.
Never trusts ONNX Runtime's CPU with halves: it removes the casts and computes in single precision,
so that rounding of activations would not show. Here each half is rounded by arithmetic instead.

A product of x and 2^13 + 1, and two differences (Dekker, A floating-point technique, 1971), leave
the 11 bits that a half has. Sums inside a convolution stay in single precision, as they do on a
card; what a half cannot hold becomes infinite, as it does there.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SPLIT = float(2**13 + 1)
MOST = 65504.0
_SPLIT, _MOST, _INFINITE = "half.split", "half.most", "half.infinite"


def rounded(graph: bytes) -> bytes:
    """A typed graph of fp16 as one of fp32 whose halves are rounded where they are written."""
    net = onnx.shape_inference.infer_shapes(onnx.load_from_string(graph), strict_mode=True)
    types = {
        each.name: each.type.tensor_type.elem_type
        for each in (*net.graph.value_info, *net.graph.input, *net.graph.output)
    }
    stored = [_single(each) for each in net.graph.initializer]
    for name, value in ((_SPLIT, SPLIT), (_MOST, MOST), (_INFINITE, np.inf)):
        stored.append(numpy_helper.from_array(np.array(value, np.float32), name))
    nodes: list[onnx.NodeProto] = []
    for node in net.graph.node:
        if node.op_type == "Cast" and _to(node) in (TensorProto.FLOAT16, TensorProto.FLOAT):
            node = helper.make_node("Identity", list(node.input), list(node.output))
        halves = [name for name in node.output if types.get(name) == TensorProto.FLOAT16]
        for index, name in enumerate(node.output):
            if name in halves:
                node.output[index] = f"{name}.exact"
        nodes.append(node)
        for name in halves:
            nodes += _round(f"{name}.exact", name)
    made = helper.make_graph(
        nodes, "rounded", list(net.graph.input), list(net.graph.output), stored
    )
    model = helper.make_model(made, opset_imports=net.opset_import, ir_version=net.ir_version)
    out: bytes = model.SerializeToString()
    return out


def _to(cast: onnx.NodeProto) -> int:
    return next(int(attribute.i) for attribute in cast.attribute if attribute.name == "to")


def _single(tensor: onnx.TensorProto) -> onnx.TensorProto:
    values = numpy_helper.to_array(tensor)
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    return numpy_helper.from_array(values, tensor.name)


def _round(source: str, name: str) -> list[onnx.NodeProto]:
    def node(kind: str, *inputs: str, to: str) -> onnx.NodeProto:
        return helper.make_node(kind, list(inputs), [to])

    return [
        node("Mul", source, _SPLIT, to=f"{name}.far"),
        node("Sub", f"{name}.far", source, to=f"{name}.rest"),
        node("Sub", f"{name}.far", f"{name}.rest", to=f"{name}.kept"),
        node("Abs", f"{name}.kept", to=f"{name}.size"),
        node("Greater", f"{name}.size", _MOST, to=f"{name}.over"),
        node("Where", f"{name}.over", _INFINITE, f"{name}.kept", to=name),
    ]
