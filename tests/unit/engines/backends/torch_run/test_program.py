"""What a program reads on the host, what it keeps, and what it refuses before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")
pytest.importorskip("onnx", reason="the extra torch is not installed")

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from engines.backends.base import DYNAMIC
from engines.backends.networks import NETWORKS
from engines.backends.ort import OrtBackend
from engines.backends.torch_run.ops import OPS, Unsupported
from engines.backends.torch_run.program import Program
from engines.backends.typed_graph import typed

HOST = torch.device("cpu")


def net(
    nodes: list[Any],
    inputs: Mapping[str, tuple[int, list[Any]]],
    stored: dict[str, Any] | None = None,
    **options: Any,
) -> bytes:
    """A graph whose last node's result is the output, a float of any shape."""
    kinds = [helper.make_tensor_value_info(n, kind, dims) for n, (kind, dims) in inputs.items()]
    constants = [numpy_helper.from_array(value, name) for name, value in (stored or {}).items()]
    last = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "made", kinds, [last], constants)
    opset = helper.make_opsetid(options.get("domain", ""), options.get("version", 17))
    out: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    return out


PICTURE: dict[str, tuple[int, list[Any]]] = {"x": (TensorProto.FLOAT, ["N", 3, 4, 4])}


def test_shapes_are_reckoned_on_the_host() -> None:
    """As the drawing nets cut their features in two by half of their channels."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["channels"]),
        helper.make_node("Add", ["channels", "one"], ["more"]),
        helper.make_node("Div", ["more", "two"], ["half"]),
        helper.make_node("Slice", ["x", "zero", "half", "one"], ["y"]),
    ]
    numbers = {n: np.array([v]) for n, v in (("zero", 0), ("one", 1), ("two", 2))}
    program = Program(onnx, net(nodes, PICTURE, numbers), HOST)
    assert program.bytes == 0, "no size lies on the device"
    x = torch.arange(96.0).reshape(2, 3, 4, 4)
    assert torch.equal(program.run({"x": x})["y"], x[:, :2])


def test_a_split_gives_its_parts() -> None:
    """As the nets of motion cut their left contexts."""
    nodes = [
        helper.make_node("Split", ["x", "sizes"], ["first", "rest"], axis=1),
        helper.make_node("Add", ["rest", "first"], ["y"]),
    ]
    program = Program(onnx, net(nodes, PICTURE, {"sizes": np.array([1, 2])}), HOST)
    x = torch.arange(96.0).reshape(2, 3, 4, 4)
    assert torch.equal(program.run({"x": x})["y"], x[:, 1:] + x[:, :1])


def test_sizes_that_depend_on_data_are_refused() -> None:
    inputs = PICTURE | {"sizes": (TensorProto.INT64, [1])}
    nodes = [helper.make_node("Reshape", ["x", "sizes"], ["y"])]
    with pytest.raises(Unsupported, match=r"Reshape \(y\): sizes depends on data"):
        Program(onnx, net(nodes, inputs), HOST)


def test_a_shape_that_is_used_as_data_is_refused() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Mul", ["x", "shape"], ["y"]),
    ]
    with pytest.raises(Unsupported, match=r"Mul \(y\): shape, a shape, as data"):
        Program(onnx, net(nodes, PICTURE), HOST)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"version": 12}, "version 12, wanted 13 to 20"),
        ({"version": 22}, "version 22, wanted 13 to 20"),
        ({"domain": "com.microsoft", "version": 1}, "operators of com.microsoft"),
    ],
)
def test_other_operator_sets_are_refused(options: dict[str, Any], said: str) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    with pytest.raises(Unsupported, match=said):
        Program(onnx, net(nodes, PICTURE, **options), HOST)


def test_inputs_of_other_types_are_refused() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    with pytest.raises(Unsupported, match="x of type 11, wanted float or int64"):
        Program(onnx, net(nodes, {"x": (TensorProto.DOUBLE, [1])}), HOST)


def test_results_are_let_go_when_nothing_needs_them() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Add", ["a", "a"], ["b"]),
        helper.make_node("Add", ["b", "x"], ["y"]),
    ]
    program = Program(onnx, net(nodes, PICTURE), HOST)
    assert [set(step.done) for step in program._steps] == [set(), {"a"}, {"b", "x"}]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_that_ships_is_of_these_operators(name: str) -> None:
    program = Program(onnx, typed(NETWORKS[name].model().graph, "fp32"), HOST)
    assert {step.op for step in program._steps} <= set(OPS)
    reference = OrtBackend().load(NETWORKS[name].model())
    assert program.inputs == reference.inputs
    assert [each.name for each in program.outputs] == [each.name for each in reference.outputs]


def test_closing_gives_back_the_constants() -> None:
    from tests.support.tiny_graph import batched

    program = Program(onnx, typed(batched().graph, "fp32"), HOST)
    assert program.inputs[0].shape[0] == DYNAMIC and program.bytes > 0
    program.close()
    assert program.bytes == 0
