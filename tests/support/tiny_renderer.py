"""Small untrained nets of the renderer's shapes, written as its weights folder.

Test support; needs `onnx`, no torch.
Never looks like a face: what counts is that every input changes what is drawn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engines.render import nets
from engines.render.boxes import KINDS, MASKS, Kind
from engines.render.nets import NETS, REFERENCE, RendererNets, shapes
from engines.render.sampler import SIGMA

OPSET = 17


def write_weights(folder: Path, *, gain: float = 0.2, steps: int = 1) -> Path:
    """Fill `folder`; `gain` is the largest residual, 0 draws nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS.values():
        onnx.save(_reference(kind), folder / f"{kind.name}_reference.onnx")
        onnx.save(_drawing(kind, gain), folder / f"{kind.name}.onnx")
    write_manifest(folder, steps=steps)
    return folder


def write_manifest(folder: Path, **changes: object) -> None:
    """A manifest true of the folder's files, but for `changes`."""
    manifest: dict[str, object] = {
        "schema": nets.SCHEMA,
        "sha256": {
            name: hashlib.sha256((folder / f"{name}.onnx").read_bytes()).hexdigest()
            for name in NETS
        },
        "steps": 1,
        "sigma": SIGMA,
        "cues": ["sound"],
        "figures": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


@cache
def tiny_nets(gain: float = 0.2, steps: int = 1) -> RendererNets:
    """The same, loaded."""
    with TemporaryDirectory() as folder:
        return nets.load(write_weights(Path(folder), gain=gain, steps=steps))


def _weight(rng: np.random.Generator, name: str, *shape: int) -> onnx.TensorProto:
    fan = int(np.prod(shape[1:]))
    values = rng.normal(0, fan**-0.5, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def _value(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape[1:]])


def _model(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, ...]],
    output: tuple[str, tuple[int, ...]],
    constants: list[onnx.TensorProto],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [_value(name, shape) for name, shape in inputs.items()],
        [_value(*output)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def _reference(kind: Kind) -> onnx.ModelProto:
    h, w = kind.shape
    rng = np.random.default_rng(h)
    nodes = [
        helper.make_node("Concat", ["rest", "masks"], ["planes"], axis=1),
        helper.make_node("Conv", ["planes", "first"], ["reference"], strides=[4, 4]),
    ]
    inputs = {"rest": (1, 3, h, w), "masks": (1, MASKS, h, w)}
    constants = [_weight(rng, "first", REFERENCE, 3 + MASKS, 4, 4)]
    return _model(nodes, inputs, ("reference", (1, REFERENCE, h // 4, w // 4)), constants)


def _drawing(kind: Kind, gain: float) -> onnx.ModelProto:
    """tanh(conv of the planes + a shift told by time, condition and reference) x gain."""
    inputs = shapes(kind)
    rng = np.random.default_rng(kind.width)
    nodes = [
        helper.make_node("Concat", ["picture", "masks", "previous", "noised"], ["planes"], axis=1),
        helper.make_node("Conv", ["planes", "first"], ["seen"], pads=[1, 1, 1, 1]),
        helper.make_node("Concat", ["time", "condition"], ["code"], axis=1),
        helper.make_node("MatMul", ["code", "second"], ["told"]),
        helper.make_node("GlobalAveragePool", ["reference"], ["person"]),
        helper.make_node("Reshape", ["person", "flat"], ["who"]),
        helper.make_node("MatMul", ["who", "third"], ["known"]),
        helper.make_node("Add", ["told", "known"], ["both"]),
        helper.make_node("Reshape", ["both", "tall"], ["shift"]),
        helper.make_node("Add", ["seen", "shift"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["bent"]),
        helper.make_node("Mul", ["bent", "gain"], ["residual"]),
    ]
    constants = [
        _weight(rng, "first", 3, 11, 3, 3),
        _weight(rng, "second", 1 + inputs["condition"][1], 3),
        _weight(rng, "third", REFERENCE, 3),
        numpy_helper.from_array(np.array([0, -1], np.int64), "flat"),
        numpy_helper.from_array(np.array([0, 3, 1, 1], np.int64), "tall"),
        numpy_helper.from_array(np.array(gain, np.float32), "gain"),
    ]
    return _model(nodes, inputs, ("residual", inputs["picture"]), constants)
