"""Each operator, alone, gives what ONNX Runtime gives; other uses of it are refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")
pytest.importorskip("onnx", reason="the extra torch is not installed")

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from engines.backends.base import Array, Model
from engines.backends.ort import OrtBackend
from engines.backends.torch_run.ops import OPS, Unsupported
from engines.backends.torch_run.program import Program

PICTURE, SQUARE, ROW = (2, 4, 6, 8), (4, 4), (1, 3, 9)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def scales(*values: float) -> Array:
    return np.array(values, np.float32)


def floats(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).normal(0.5, 1, shape).astype(np.float32)


def positive(*shape: int) -> Array:
    return np.abs(floats(*shape)) + np.float32(0.1)


NEAREST = {
    "mode": "nearest",
    "coordinate_transformation_mode": "asymmetric",
    "nearest_mode": "floor",
}
NONE = None
# Operator, its first input, the others (None: left out), attributes, version.
CASES: list[tuple[str, Array, list[Array | None], dict[str, Any], int]] = [
    ("Add", floats(*PICTURE), [floats(1, 4, 1, 1)], {}, 17),
    ("Sub", floats(*PICTURE), [floats(8)], {}, 17),
    ("Mul", floats(*PICTURE), [floats(1)], {}, 17),
    ("Div", floats(*PICTURE), [positive(6, 1)], {}, 17),
    ("Div", ints(7, -7, 9), [ints(2, 2, 4)], {}, 17),
    ("Max", floats(*SQUARE), [floats(4), floats(1)], {}, 17),
    *((op, positive(*PICTURE), [], {}, 17) for op in ("Sqrt", "Sin", "Cos", "Tanh", "Sigmoid")),
    ("Relu", floats(*PICTURE), [], {}, 17),
    ("Identity", floats(*SQUARE), [], {}, 17),
    ("Softmax", floats(*SQUARE), [], {}, 17),
    ("Softmax", floats(*SQUARE), [], {"axis": 0}, 17),
    ("Conv", floats(*PICTURE), [floats(3, 4, 3, 3), floats(3)], {"pads": [1, 1, 1, 1]}, 17),
    ("Conv", floats(*PICTURE), [floats(3, 4, 3, 3)], {"pads": [0, 1, 2, 1]}, 17),
    ("Conv", floats(*PICTURE), [floats(4, 2, 2, 2)], {"group": 2, "strides": [2, 2]}, 17),
    ("Conv", floats(*ROW), [floats(2, 3, 3)], {"dilations": [2]}, 17),
    ("Gelu", floats(*PICTURE), [], {}, 20),
    ("Gelu", floats(*PICTURE), [], {"approximate": "tanh"}, 20),
    ("Gemm", floats(2, 4), [floats(3, 4), floats(3)], {"transB": 1}, 17),
    ("Gemm", floats(4, 2), [floats(4, 3), floats(3)], {"transA": 1, "alpha": 2.0, "beta": 0.5}, 17),
    ("Gemm", floats(2, 4), [floats(4, 3)], {}, 17),
    ("MatMul", floats(2, 3, 4), [floats(4, 5)], {}, 17),
    (
        "BatchNormalization",
        floats(*PICTURE),
        [floats(4), floats(4), floats(4), positive(4)],
        {"epsilon": 1e-3},
        17,
    ),
    ("ReduceMean", floats(*PICTURE), [], {"axes": [1, 2, 3], "keepdims": 0}, 17),
    ("ReduceMean", floats(*PICTURE), [ints(-1)], {}, 18),
    ("ReduceMean", floats(*PICTURE), [], {}, 17),
    ("ReduceMean", floats(*SQUARE), [], {"noop_with_empty_axes": 1}, 18),
    ("ReduceMax", floats(*PICTURE), [ints(0, 2)], {"keepdims": 0}, 18),
    ("ReduceL2", floats(*PICTURE), [ints(1)], {}, 18),
    ("Reshape", floats(*PICTURE), [ints(0, -1, 2)], {}, 17),
    ("Flatten", floats(*PICTURE), [], {"axis": -2}, 17),
    ("Transpose", floats(*PICTURE), [], {"perm": [0, 2, 3, 1]}, 17),
    ("Transpose", floats(*PICTURE), [], {}, 17),
    ("Concat", floats(*SQUARE), [floats(4, 2)], {"axis": 1}, 17),
    ("Slice", floats(*PICTURE), [ints(1), ints(9), ints(2), ints(2)], {}, 17),
    ("Slice", floats(*SQUARE), [ints(-3, 0), ints(-1, 2)], {}, 17),
    ("Slice", floats(*SQUARE), [ints(-1), ints(-(2**62)), ints(0), ints(-1)], {}, 17),
    ("Slice", floats(*SQUARE), [ints(3), ints(0), ints(1), ints(-2)], {}, 17),
    ("Slice", floats(*SQUARE), [ints(2), ints(2), ints(1), ints(1)], {}, 17),
    ("Slice", floats(*SQUARE), [ints(1), ints(1), ints(1), ints(-1)], {}, 17),
    # Into one part: several results are tried with programs.
    ("Split", floats(*SQUARE), [ints(4)], {"axis": 1}, 17),
    ("Squeeze", floats(1, 3, 1), [ints(0)], {}, 17),
    ("Squeeze", floats(1, 3, 1), [], {}, 17),
    ("Unsqueeze", floats(3, 2), [ints(-1, 0)], {}, 17),
    ("Gather", floats(*PICTURE), [np.array([[3, -1], [0, 0]])], {"axis": 1}, 17),
    ("Gather", floats(*SQUARE), [np.array(2)], {}, 17),
    ("Resize", floats(*PICTURE), [NONE, NONE, ints(2, 4, 9, 20)], NEAREST, 17),
    ("Resize", floats(*PICTURE), [NONE, scales(1, 1, 2, 2)], NEAREST, 17),
    ("DepthToSpace", floats(*PICTURE), [], {"blocksize": 2, "mode": "CRD"}, 17),
    ("Cast", floats(*SQUARE), [], {"to": TensorProto.INT64}, 17),
    ("Shape", floats(*PICTURE), [], {"start": 1, "end": -1}, 17),
]


def made(
    op: str, first: Array, others: list[Array | None], attributes: dict[str, Any], version: int
) -> bytes:
    """A network of one operator (Shape: and a sum, since sizes are no data)."""
    names = ["" if each is None else f"in{i}" for i, each in enumerate(others)]
    stored = [
        numpy_helper.from_array(np.asarray(each), name)
        for each, name in zip(others, names, strict=True)
        if each is not None
    ]
    nodes = [helper.make_node(op, ["x", *names], ["y"], **attributes)]
    kind = helper.np_dtype_to_tensor_dtype(first.dtype)
    graph = helper.make_graph(
        nodes,
        op,
        [helper.make_tensor_value_info("x", kind, first.shape)],
        [helper.make_empty_tensor_value_info("y")],
        stored,
    )
    net = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(net, strict_mode=True)
    out: bytes = inferred.SerializeToString()
    return out


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_an_operator_gives_what_onnx_runtime_gives(case: Any) -> None:
    op, first, others, attributes, version = case
    graph = made(op, first, others, attributes, version)
    (want,) = OrtBackend().load(Model(op, graph)).run(None, {"x": first})
    if op == "Shape":
        # Sizes stay on the host and are no result of a network.
        found = OPS[op](torch.from_numpy(first), **attributes).numpy()
    else:
        program = Program(onnx, graph, torch.device("cpu"))
        found = program.run({"x": torch.from_numpy(first)})["y"].numpy()
    assert found.dtype == want.dtype and found.shape == want.shape
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-5)


def test_every_operator_is_tried() -> None:
    assert {case[0] for case in CASES} == set(OPS)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (("Conv", [floats(3, 4, 3, 3)], {"auto_pad": "SAME_UPPER"}), "auto_pad b'SAME_UPPER'"),
        (("DepthToSpace", [], {"blocksize": 2, "mode": "DCR"}), "mode b'DCR', wanted b'CRD'"),
        (("Resize", [NONE, scales(1, 1, 2, 2)], NEAREST | {"mode": "linear"}), "b'linear'"),
        (("Resize", [NONE, scales(1, 2, 2, 2)], NEAREST), "batch and channels"),
        (("Cast", [], {"to": TensorProto.STRING}), "to type 8"),
        (("Exp", [], {}), "operator Exp; there are Add, BatchNormalization"),
        (("Softmax", [], {"axis": 1, "speed": 3}), r"Softmax \(y\) with speed"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_not_among_them_is_refused_by_name(case: Any, said: str) -> None:
    op, others, attributes = case
    strange = {name: value for name, value in attributes.items() if name == "speed"}
    plain = {name: value for name, value in attributes.items() if name not in strange}
    net = onnx.load_from_string(made(op, floats(*PICTURE), others, plain, 17))
    for name, value in strange.items():
        net.graph.node[0].attribute.append(helper.make_attribute(name, value))
    # Types are told to torch alone here: ONNX itself may not know the use.
    net.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    with pytest.raises(Unsupported, match=said):
        program = Program(onnx, net.SerializeToString(), torch.device("cpu"))
        program.run({"x": torch.from_numpy(floats(*PICTURE))})
