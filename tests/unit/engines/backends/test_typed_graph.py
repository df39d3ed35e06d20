"""Typing a graph: halves where it costs, single precision before that, and the ends untouched."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from engines.backends.base import Model
from engines.backends.ort import OrtBackend
from engines.backends.typed_graph import NoOnnx, typed
from tests.support.tiny_graph import batched, static, text

FEEDS = {
    "picture": np.random.default_rng(0).uniform(0, 255, (2, 3, 4, 6)).astype(np.float32),
    "bias": np.random.default_rng(1).uniform(-1, 1, (2, 4, 1, 1)).astype(np.float32),
}


def types(graph: bytes) -> dict[str, str]:
    """Operator -> type that it computes in, by onnx's own inference."""
    net = onnx.shape_inference.infer_shapes(onnx.load_from_string(graph), strict_mode=True)
    known = {
        each.name: each.type.tensor_type.elem_type
        for each in (*net.graph.value_info, *net.graph.output)
    }
    return {n.op_type: TensorProto.DataType.Name(known[n.output[0]]) for n in net.graph.node}


def test_what_costs_and_follows_is_half_what_stands_before_is_single() -> None:
    found = types(typed(batched().graph, "fp16"))
    assert found["Conv"] == found["Add"] == found["Relu"] == found["ReduceMean"] == "FLOAT16"
    # The square of a level is 65025: a half ends at 65504.
    assert found["Mul"] == "FLOAT"


def test_inputs_and_outputs_keep_names_types_and_free_sizes() -> None:
    for model in (batched(), static(), text()):
        before = OrtBackend().load(model)
        for precision in ("fp32", "fp16"):
            after = OrtBackend().load(Model(model.name, typed(model.graph, precision)))
            assert (after.inputs, after.outputs) == (before.inputs, before.outputs)


def test_single_precision_gives_the_same_bits() -> None:
    before = OrtBackend().load(batched()).run(None, FEEDS)
    model = Model("x", typed(batched().graph, "fp32"))
    for have, want in zip(OrtBackend().load(model).run(None, FEEDS), before, strict=True):
        np.testing.assert_array_equal(have, want)


def test_half_precision_is_near_and_not_the_same() -> None:
    before = OrtBackend().load(batched()).run(None, FEEDS)
    graph = typed(batched().graph, "fp16")
    # ONNX Runtime computes in single precision on the CPU: it would tell of the weights alone.
    after = ReferenceEvaluator(onnx.load_from_string(graph)).run(None, FEEDS)
    apart = [
        float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(after, before, strict=True)
    ]
    assert 0 < max(apart) < 5e-3


def test_an_output_that_is_used_inside_too_is_cast_once_at_its_end() -> None:
    net = onnx.load_from_string(typed(batched().graph, "fp16"))
    ends = [node for node in net.graph.node if node.op_type == "Cast" and node.output[0] == "drawn"]
    assert len(ends) == 1
    (mean,) = (node for node in net.graph.node if node.op_type == "ReduceMean")
    assert mean.input[0] == ends[0].input[0]


def test_stored_types_are_gone_tables_of_int8_too() -> None:
    for model in (batched(), text()):
        net = onnx.load_from_string(typed(model.graph, "fp32"))
        assert {each.data_type for each in net.graph.initializer} == {TensorProto.FLOAT}
        assert not [node for node in net.graph.node if node.op_type in ("Cast", "Constant")]
    tokens = {"tokens": np.array([3, 1, 4], np.int64)}
    want = OrtBackend().load(text()).run(None, tokens)
    have = OrtBackend().load(Model("x", typed(text().graph, "fp32"))).run(None, tokens)
    np.testing.assert_array_equal(have[0], want[0])


def test_equal_files_give_equal_graphs() -> None:
    assert typed(batched().graph, "fp16") == typed(batched().graph, "fp16")


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(Exception, match="(?i)pars|decod"):
        typed(b"\xff\xff no graph", "fp32")


def test_without_onnx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def missing(name: str, *rest: Any) -> Any:
        if name == "onnx":
            raise ImportError("no onnx")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(NoOnnx, match="trt-rtx"):
        typed(batched().graph, "fp32")
