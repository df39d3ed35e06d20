"""Halves by arithmetic: the same numbers that numpy's own halves give."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from engines.backends.base import Model
from engines.backends.ort import OrtBackend
from engines.backends.typed_graph import typed
from export.deploy.half import rounded
from tests.support.tiny_graph import batched

FEEDS = {
    "picture": np.random.default_rng(0).uniform(0, 255, (3, 3, 4, 6)).astype(np.float32),
    "bias": np.random.default_rng(1).uniform(-1, 1, (3, 4, 1, 1)).astype(np.float32),
}


def through(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> object:
    """A graph that casts to halves and back, as `rounded` writes it."""
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("Cast", ["h"], ["y"], to=TensorProto.FLOAT),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in "xy"]
    graph = helper.make_graph(nodes, "cast", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    net = OrtBackend().load(Model("cast", rounded(model.SerializeToString())))
    return net.run(None, {"x": values})[0]


def test_numbers_are_rounded_as_halves_are() -> None:
    rng = np.random.default_rng(0)
    values = (rng.normal(0, 1, 5000) * 10.0 ** rng.integers(-3, 4, 5000)).astype(np.float32)
    want = values.astype(np.float16).astype(np.float32)
    # Below the least normal half a half has fewer bits than are kept here.
    normal = np.abs(values) > np.finfo(np.float16).smallest_normal
    have = np.asarray(through(values))
    np.testing.assert_array_equal(have[normal], want[normal])
    assert np.abs(have - want).max() < 2**-24


def test_what_a_half_cannot_hold_becomes_infinite() -> None:
    out = np.asarray(through(np.array([65504, 65500, 1e6, -1e6], np.float32)))
    assert np.isfinite(out[:2]).all() and np.isinf(out[2:]).all()


def test_a_typed_graph_gives_what_an_evaluator_of_halves_gives() -> None:
    graph = typed(batched().graph, "fp16")
    want = ReferenceEvaluator(onnx.load_from_string(graph)).run(None, FEEDS)
    have = OrtBackend().load(Model("x", rounded(graph))).run(None, FEEDS)
    exact = OrtBackend().load(batched()).run(None, FEEDS)
    for one, other, true in zip(have, want, exact, strict=True):
        step = np.spacing(np.float16(np.abs(true).max()))
        assert np.abs(one - other).max() <= 2 * float(step)
    assert np.abs(have[0] - exact[0]).max() > 0
