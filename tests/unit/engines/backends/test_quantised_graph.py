"""Explicit quantising: what becomes 8 bits, what stays, and what the numbers are."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the extra trt-rtx is not installed")

import onnx

from engines.backends.ort import open_session
from engines.backends.quantised_graph import NoRanges, inner_convolutions
from engines.backends.typed_graph import Precision, typed
from tests.support.tiny_graph import batched, convolutions

RANGES = {"two": 3.0, "three": 3.0}
FEEDS = {"x": np.random.default_rng(5).uniform(-1, 1, (2, 3, 8, 8)).astype(np.float32)}


@pytest.mark.parametrize(("precision", "kind"), [("int8", "INT8"), ("fp8", "FLOAT8E4M3FN")])
def test_inner_convolutions_alone_are_quantised_both_sides(precision: Precision, kind: str) -> None:
    graph = onnx.load_from_string(typed(convolutions().graph, precision, RANGES)).graph
    made = {name: node for node in graph.node for name in node.output}
    stored = {each.name: each for each in graph.initializer}
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        sides = [made[name].op_type if name in made else "" for name in node.input[:2]]
        quantised = node.name in RANGES
        assert sides == ["DequantizeLinear"] * 2 if quantised else sides != ["DequantizeLinear"] * 2
        if quantised:
            weights = stored[made[node.input[1]].input[0]]
            assert weights.data_type == getattr(onnx.TensorProto, kind)
    # Both see one result: it is quantised once.
    assert [n.op_type for n in graph.node].count("QuantizeLinear") == 1
    zeros = [onnx.numpy_helper.to_array(v) for n, v in stored.items() if "zero" in n]
    assert zeros and not any(np.asarray(each, np.float32).any() for each in zeros), "symmetric"


@pytest.mark.parametrize(("precision", "bar"), [("int8", 0.02), ("fp8", 0.08)])
def test_the_numbers_are_near(precision: Precision, bar: float) -> None:
    (want,) = open_session(typed(convolutions().graph, "fp32")).run(None, FEEDS)
    for halves in (False, True):
        graph = typed(convolutions().graph, precision, RANGES, halves=halves)
        (found,) = open_session(graph, optimised=False).run(None, FEEDS)
        assert 0 < np.abs(found - want).max() <= bar * np.abs(want).max()


def test_a_range_too_small_shows() -> None:
    """That is: the ranges are used."""
    (want,) = open_session(typed(convolutions().graph, "fp32")).run(None, FEEDS)
    graph = typed(convolutions().graph, "int8", dict.fromkeys(RANGES, 0.1), halves=False)
    (found,) = open_session(graph, optimised=False).run(None, FEEDS)
    assert np.abs(found - want).max() > 0.2 * np.abs(want).max()


def test_what_was_not_measured_is_refused() -> None:
    with pytest.raises(NoRanges, match="no range of three; run: python -m export calibrate"):
        typed(convolutions().graph, "int8", {"two": 1.0})
    with pytest.raises(NoRanges, match="1 convolutions, wanted 3 or more"):
        typed(batched().graph, "int8", {})


def test_inner_ones_are_all_but_the_ends() -> None:
    graph = onnx.load_from_string(convolutions().graph).graph
    assert [node.name for node in inner_convolutions(graph)] == ["two", "three"]


def test_a_filter_that_gives_one_channel_is_no_inner_one() -> None:
    graph = onnx.load_from_string(convolutions().graph).graph
    weights = onnx.numpy_helper.from_array(np.ones((1, 3, 1, 3), np.float32), "grey")
    graph.initializer.append(weights)
    graph.node.append(onnx.helper.make_node("Conv", ["residual", "grey"], ["shown"], name="five"))
    assert [node.name for node in inner_convolutions(graph)] == ["two", "three"]
