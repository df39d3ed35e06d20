"""Small untrained nets of a whole face, written as their weights folder.

Test support; needs `onnx`, no torch.
Never looks like a face: what counts is that every input changes what is drawn.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from engines.render import nets
from engines.render.boxes import LATENT, LATENT_PX, MASKS, face_box
from engines.render.nets import FACE_NETS, REFERENCE, RendererNets, shapes
from engines.render.sampler import SIGMA
from tests.support.tiny_renderer import _model, _weight

SIDE = 256
_PATCH: dict[str, Any] = {"kernel_shape": [LATENT_PX] * 2, "strides": [LATENT_PX] * 2}


def write_wide(folder: Path, *, gain: float = 0.2, **changes: object) -> Path:
    """Fill `folder`; `gain` is the largest residual, 0 draws nothing; `changes` of the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, net in _all(gain).items():
        onnx.save(net, folder / f"{name}.onnx")
    digests = {
        n: hashlib.sha256((folder / f"{n}.onnx").read_bytes()).hexdigest() for n in FACE_NETS
    }
    manifest = {"schema": nets.SCHEMA, "sha256": digests, "steps": 2, "sigma": SIGMA,
                "cues": ["sound"], "figures": {}, "face": SIDE}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    return folder


@cache
def tiny_wide(gain: float = 0.2) -> RendererNets:
    """The same, loaded."""
    with TemporaryDirectory() as folder:
        return nets.load(write_wide(Path(folder), gain=gain))


def _all(gain: float) -> dict[str, onnx.ModelProto]:
    kind, rng = face_box(SIDE), np.random.default_rng(7)
    box, latent = (1, 3, SIDE, SIDE), (1, *kind.latent_shape)
    masks = (1, MASKS, SIDE, SIDE)
    reference = (1, REFERENCE, *kind.latent_shape[1:])
    encoder = _model(
        [helper.make_node("Conv", ["box", "first"], ["latent"], **_PATCH)],
        {"box": box}, ("latent", latent), [_weight(rng, "first", LATENT, 3, 8, 8)],
    )  # fmt: skip
    # A linear codec: what the residual adds is the residual decoded.
    decoder = _model(
        [
            helper.make_node("Add", ["picture", "residual"], ["sum"]),
            helper.make_node("ConvTranspose", ["sum", "first"], ["after"], **_PATCH),
            helper.make_node("ConvTranspose", ["picture", "first"], ["before"], **_PATCH),
            helper.make_node("Sub", ["after", "before"], ["change"]),
        ],
        {"picture": latent, "residual": latent}, ("change", box),
        [_weight(rng, "first", LATENT, 3, 8, 8)],
    )  # fmt: skip
    reads = _model(
        [
            helper.make_node("Concat", ["rest", "masks"], ["planes"], axis=1),
            helper.make_node("Conv", ["planes", "first"], ["reference"], **_PATCH),
        ],
        {"rest": box, "masks": masks}, ("reference", reference),
        [_weight(rng, "first", REFERENCE, 3 + MASKS, 8, 8)],
    )  # fmt: skip
    inputs = shapes(kind)
    draws = _model(
        [
            helper.make_node("AveragePool", ["masks"], ["small"], **_PATCH),
            helper.make_node(
                "Concat", ["picture", "small", "previous", "noised", "reference"], ["all"], axis=1
            ),
            helper.make_node("Conv", ["all", "first"], ["seen"]),
            helper.make_node("Concat", ["time", "condition"], ["code"], axis=1),
            helper.make_node("MatMul", ["code", "second"], ["told"]),
            helper.make_node("Reshape", ["told", "tall"], ["shift"]),
            helper.make_node("Add", ["seen", "shift"], ["both"]),
            helper.make_node("Tanh", ["both"], ["bent"]),
            helper.make_node("Mul", ["bent", "gain"], ["residual"]),
        ],
        inputs, ("residual", inputs["picture"]),
        [
            _weight(rng, "first", LATENT, 3 * LATENT + MASKS + REFERENCE, 1, 1),
            _weight(rng, "second", 1 + inputs["condition"][1], LATENT),
            numpy_helper.from_array(np.array([0, -1, 1, 1], np.int64), "tall"),
            numpy_helper.from_array(np.array(gain, np.float32), "gain"),
        ],
    )  # fmt: skip
    return dict(zip(FACE_NETS, (draws, reads, encoder, decoder), strict=True))
