"""Joins two ONNX graphs of one net into one that runs either, over the same weights.

Offline; pure.
Never runs both: what only one of them needs costs the other nothing.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def either(choice: str, first: onnx.ModelProto, other: onnx.ModelProto) -> onnx.ModelProto:
    """`first` where the first number of the input `choice` f32[1,N] is not 0, else `other`.

    Both as torch exports them: the same inputs, outputs and names of weights. Inputs and weights
    are those of `first`. Raises ValueError when `other` has a weight that it lacks or differs in.
    """
    known = {weight.name: weight for weight in first.graph.initializer}
    for weight in other.graph.initializer:
        if known.get(weight.name) != weight:
            raise ValueError(f"the graphs differ in the weight {weight.name}")
    at = numpy_helper.from_array(np.array([0], np.int64), "choice.at")
    names = [output.name for output in first.graph.output]
    nodes = [
        helper.make_node("Gather", [choice, "choice.at"], ["choice.number"], axis=1),
        helper.make_node("Cast", ["choice.number"], ["choice.first"], to=TensorProto.BOOL),
        helper.make_node(
            "If",
            ["choice.first"],
            names,
            then_branch=_branch(first.graph, "first"),
            else_branch=_branch(other.graph, "other"),
        ),
    ]
    graph = helper.make_graph(
        nodes,
        first.graph.name,
        list(first.graph.input),
        list(first.graph.output),
        [*first.graph.initializer, at],
    )
    joined = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    onnx.checker.check_model(joined)
    return joined


def _branch(graph: onnx.GraphProto, name: str) -> onnx.GraphProto:
    """Its nodes alone; inputs and weights are seen from outside."""
    outer = {output.name for output in graph.output}
    # A branch may not give a value the name of one outside.
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in graph.node]
    for node in nodes:
        for values in (node.input, node.output):
            values[:] = [f"{name}.{value}" if value in outer else value for value in values]
    outputs = [
        helper.make_tensor_value_info(f"{name}.{output.name}", TensorProto.FLOAT, None)
        for output in graph.output
    ]
    return helper.make_graph(nodes, name, [], outputs)
