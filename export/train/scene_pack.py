"""The scene encoder as one ONNX graph of int8 token vectors and head, with vocabulary and manifest.

Offline.
Never ships what `SceneEncoder` does not load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from engines.emotion.values import EMOTIONS
from engines.motion.style import STYLE_NAMES, STYLE_SIZE
from engines.scene.encoder import SCHEMA
from engines.values import F32
from export.nets.scene import SceneNet


def quantise(table: F32) -> tuple[NDArray[np.int8], F32]:
    """A table f32[V,D] as i8[V,D] and a scale f32[D] for each column."""
    scale = np.abs(table).max(0).astype(np.float32) / 127 + np.float32(1e-9)
    return np.round(table / scale).astype(np.int8), scale


def graph(table: NDArray[np.int8], scale: F32, net: SceneNet) -> onnx.ModelProto:
    """Of tokens i64[T] to embedding f32[D] (length 1), dials f32[7], feelings f32[8]."""
    size = table.shape[1]
    held = {
        **{"table": table, "scale": scale, "tiny": np.array([1e-12], np.float32)},
        **{"last": np.array([-1], np.int64), "first": np.array([0], np.int64)},
    }
    for name, tensor in net.state_dict().items():
        held[name] = tensor.detach().cpu().numpy().astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "tokens"], ["codes"], axis=0),
        helper.make_node("Cast", ["codes"], ["plain"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["plain", "scale"], ["vectors"]),
        helper.make_node("ReduceMean", ["vectors", "first"], ["mean"], keepdims=0),
        helper.make_node("ReduceL2", ["mean", "first"], ["length"], keepdims=1),
        helper.make_node("Max", ["length", "tiny"], ["divisor"]),
        helper.make_node("Div", ["mean", "divisor"], ["embedding"]),
        helper.make_node("Transpose", ["vectors"], ["across"], perm=[1, 0]),
        helper.make_node("Unsqueeze", ["across", "first"], ["row"]),
        helper.make_node(
            "Conv", ["row", "conv.weight", "conv.bias"], ["heard"], kernel_shape=[3], pads=[1, 1]
        ),
        helper.make_node("Relu", ["heard"], ["grams"]),
        helper.make_node("ReduceMax", ["grams", "last"], ["most"], keepdims=0),
        helper.make_node("ReduceMean", ["grams", "last"], ["average"], keepdims=0),
        helper.make_node("Concat", ["most", "average"], ["pooled"], axis=1),
        helper.make_node("Gemm", ["pooled", "hidden.weight", "hidden.bias"], ["inner"], transB=1),
        helper.make_node("Relu", ["inner"], ["hidden"]),
    ]
    for name, ending in (("dials", "Sigmoid"), ("feelings", "Softmax")):
        weights = [f"{name}.weight", f"{name}.bias"]
        nodes.append(helper.make_node("Gemm", ["hidden", *weights], [f"{name}_raw"], transB=1))
        nodes.append(helper.make_node(ending, [f"{name}_raw"], [f"{name}_row"]))
        nodes.append(helper.make_node("Squeeze", [f"{name}_row", "first"], [name]))
    outputs = {"embedding": size, "dials": STYLE_SIZE, "feelings": len(EMOTIONS)}
    whole = helper.make_graph(
        nodes,
        "scene",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["T"])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [s]) for n, s in outputs.items()],
        [numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in held.items()],
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def pack(
    tokens: Sequence[str], table: F32, net: SceneNet, training: Mapping[str, object], out: Path
) -> None:
    """Write scene.onnx, vocab.txt and manifest.json."""
    out.mkdir(parents=True, exist_ok=True)
    codes, scale = quantise(table)
    (out / "scene.onnx").write_bytes(graph(codes, scale, net.eval()).SerializeToString())
    (out / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    manifest = {
        "schema": SCHEMA,
        "sha256": {
            name: hashlib.sha256((out / name).read_bytes()).hexdigest()
            for name in ("scene.onnx", "vocab.txt")
        },
        "dials": list(STYLE_NAMES),
        "feelings": list(EMOTIONS),
        "net": asdict(net.config),
        "training": dict(training),
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def shipped_table(folder: Path) -> tuple[list[str], F32]:
    """Tokens and vectors f32[V,D] of packed weights: a head can be trained without the teacher.

    Raises FileNotFoundError.
    """
    model = onnx.load(str(folder / "scene.onnx"))
    held = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    tokens = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    table: F32 = (held["table"].astype(np.float32) * held["scale"]).astype(np.float32)
    return tokens, table
