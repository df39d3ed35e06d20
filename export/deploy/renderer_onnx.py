"""The renderer's nets as ONNX, and the folder that the engine loads.

Offline, torch; the same bytes for the same weights.
Never changes a weight by more than its rounding to half precision.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from engines.render.boxes import MASKS, Kind
from engines.render.nets import FACE_NETS, INT8, NETS, REFERENCE, SCHEMA, shapes
from engines.render.sampler import SIGMA
from export.deploy.renderer_run import RunNets

OPSET = 17
LEAST_HALVED = 256
"""Constants of fewer values stay in single precision: they are biases, and small."""


def to_onnx(run: RunNets) -> dict[str, bytes]:
    """Both nets of a run by name, in single precision."""
    kind, (h, w) = run.kind, run.kind.shape
    rest = {"rest": (1, 3, h, w), "masks": (1, MASKS, h, w)}
    return {
        kind.name: exported(run.box, shapes(kind), "residual"),
        f"{kind.name}_reference": exported(run.reference, rest, "reference"),
    }


def exported(net: nn.Module, inputs: Mapping[str, tuple[int, ...]], output: str) -> bytes:
    """A net as ONNX, in single precision; the first axis of inputs and output is free."""
    blank = tuple(torch.zeros(shape) for shape in inputs.values())
    names = [*inputs]
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        out = Path(folder, "net.onnx")
        # The tracing exporter is the one whose graphs ONNX Runtime fuses best.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net,
            blank,
            str(out),
            input_names=names,
            output_names=[output],
            dynamic_axes={name: {0: "N"} for name in [*names, output]},
            opset_version=OPSET,
            dynamo=False,
        )
        return out.read_bytes()


def halved(model: bytes) -> bytes:
    """The same net with its large constants kept in half precision: half the bytes on disk.

    A Cast stands behind each; ONNX Runtime folds it when the net is loaded, so the speed is that
    of single precision.
    """
    net = onnx.load_from_string(model)
    graph = net.graph
    kept: list[onnx.TensorProto] = []
    casts: list[onnx.NodeProto] = []
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype != np.float32 or values.size < LEAST_HALVED:
            kept.append(constant)
            continue
        name = f"{constant.name}.half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [constant.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    out: bytes = net.SerializeToString()
    return out


def write_folder(
    folder: Path,
    models: Mapping[str, bytes],
    *,
    steps: int,
    cues: Sequence[str],
    precision: Mapping[str, str],
    figures: Mapping[str, Any],
    training: Mapping[str, Any],
    small: Mapping[str, bytes] | None = None,
    face: int | None = None,
) -> None:
    """Write the nets, then the manifest that names them; each aside and renamed.

    `small`: drawing nets in int8, to stand beside those in floating point. `face`: pixels a side
    of the box, for nets of the whole face.
    Raises ValueError unless all of NETS, or of FACE_NETS, are there.
    """
    names = NETS if face is None else FACE_NETS
    if set(models) != set(names):
        raise ValueError(f"nets {', '.join(models)}: wanted {', '.join(names)}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in models.items():
        _write(folder / f"{name}.onnx", data)
    small = small or {}
    for name in names:
        file = folder / f"{name}{INT8}.onnx"
        if name in small:
            _write(file, small[name])
        else:
            # Of the nets that were there before: they would not be these in 8 bits.
            file.unlink(missing_ok=True)
    manifest = {
        "schema": SCHEMA,
        "sha256": {name: hashlib.sha256(models[name]).hexdigest() for name in names},
        "int8": {name: hashlib.sha256(data).hexdigest() for name, data in small.items()},
        "steps": steps,
        "sigma": SIGMA,
        "cues": list(cues),
        "reference": REFERENCE,
        "precision": dict(precision),
        "figures": dict(figures),
        "training": dict(training),
    }
    if face is not None:
        manifest["face"] = face
    _write(folder / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())


def _write(path: Path, data: bytes) -> None:
    aside = path.with_name(path.name + ".part")
    aside.write_bytes(data)
    os.replace(aside, path)


def blank_feeds(kind: Kind, count: int = 1) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """Smooth made-up inputs, the same each time: for speed and for parity without pairs."""
    rng = np.random.default_rng(kind.width)
    out = {}
    for name, shape in shapes(kind, count).items():
        spread = {"time": 0.0, "masks": 0.3, "previous": 0.05, "noised": SIGMA}.get(name, 0.5)
        values = rng.normal(1.0 if name == "time" else 0.0, spread, shape)
        low, high = (0.0, 1.0) if name in ("masks", "time") else (-3.0, 3.0)
        out[name] = np.clip(values, low, high).astype(np.float32)
    return out
