"""Two graphs in one: the input chooses, and weights that differ are refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines.backends.ort import open_session
from export.nets.either import either


def graph(operator: str, weight: float = 3.0) -> onnx.ModelProto:
    """y = x `operator` w."""
    made = helper.make_graph(
        [helper.make_node(operator, ["x", "w"], ["y"])],
        operator,
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2]),
            helper.make_tensor_value_info("phase", TensorProto.FLOAT, [1, 4]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(np.array([[weight]], np.float32), "w")],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def test_the_input_chooses() -> None:
    joined = either("phase", graph("Mul"), graph("Add"))
    assert [weight.name for weight in joined.graph.initializer].count("w") == 1
    session = open_session(joined.SerializeToString())
    x = np.array([[1.0, 2.0]], np.float32)
    answers = []
    for frame in range(4):
        phase = np.eye(4, dtype=np.float32)[frame][None]
        answers.append(session.run(["y"], {"x": x, "phase": phase})[0].tolist())
    assert answers == [[[3.0, 6.0]], *[[[4.0, 5.0]]] * 3]


def test_other_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="weight w"):
        either("phase", graph("Mul"), graph("Add", 4.0))
