"""Silero's net as a detector: its windows, its states; on a tiny net of the same kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engines.turns.silero import RELEASE, BadSilero, Silero
from engines.turns.taker import Began, Ended, TurnTaker

HOP = 320
LOUD = np.full(HOP, 0.5, np.float32)
QUIET = np.zeros(HOP, np.float32)


def tiny(path: Path, first: str = "input") -> Path:
    """The mean level of the window, doubled, is its probability; the state counts windows."""
    nodes = [
        helper.make_node("Abs", [first], ["level"]),
        helper.make_node("ReduceMean", ["level"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["mean", "two"], ["output"]),
        helper.make_node("Add", ["state", "one"], ["counted"]),
        helper.make_node("Cast", ["sr"], ["rate"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["rate", "none"], ["nothing"]),
        helper.make_node("Add", ["counted", "nothing"], ["stateN"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            value(first, TensorProto.FLOAT, ["batch", None]),
            value("state", TensorProto.FLOAT, [2, None, 128]),
            value("sr", TensorProto.INT64, []),
        ],
        [
            value("output", TensorProto.FLOAT, [None, None]),
            value("stateN", TensorProto.FLOAT, [2, None, 128]),
        ],
        [
            helper.make_tensor("two", TensorProto.FLOAT, [], [2.0]),
            helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
            helper.make_tensor("none", TensorProto.FLOAT, [], [0.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def test_a_voice_opens_it_and_a_pause_closes_it(tmp_path: Path) -> None:
    net = Silero(tiny(tmp_path / "vad.onnx"))
    one, other = net.new_state(), net.new_state()
    heard = [net.step(one, LOUD) for _ in range(6)]
    assert heard[-1] and not heard[0]
    assert not net.step(other, QUIET)
    closing = [net.step(one, QUIET) for _ in range(RELEASE + 4)]
    assert closing[0] and not closing[-1]
    # 16 hops are 10 windows; each session has a state of its own.
    assert one.recurrent[0, 0, 0] == (6 + RELEASE + 4) * HOP // 512
    assert other.recurrent[0, 0, 0] == 0


def test_it_serves_a_turn_taker(tmp_path: Path) -> None:
    taker = TurnTaker(Silero(tiny(tmp_path / "vad.onnx")))
    events = []
    for index in range(120):
        taker.played(QUIET)
        events += taker.hear(LOUD if 10 <= index < 60 else QUIET)
    assert [type(e) for e in events if isinstance(e, Began | Ended)] == [Began, Ended]


def test_what_is_no_such_net_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSilero, match="no file"):
        Silero(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(BadSilero, match="no ONNX net"):
        Silero(tmp_path / "text.onnx")
    with pytest.raises(BadSilero, match="wanted"):
        Silero(tiny(tmp_path / "odd.onnx", "picture"))
