"""The drawing nets in int8: static, calibrated on training pairs, ends in single precision.

Offline; ONNX Runtime's own quantiser.
Never decides what ships: `export.deploy.renderer_parity` compares.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from engines.values import F32


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Sequence[Mapping[str, F32]]) -> None:
        self._left: Iterator[Mapping[str, F32]] = iter(feeds)

    def get_next(self) -> dict[str, F32] | None:
        found = next(self._left, None)
        return None if found is None else dict(found)


def quantised(model: bytes, feeds: Sequence[Mapping[str, F32]]) -> bytes:
    """The net with its inner convolutions in int8 (weights by channel), calibrated on `feeds`.

    The first and the last convolution, which see and give levels, stay as they are, and so does
    all that is no convolution. Raises ValueError for a net with fewer than three of them.
    """
    convolutions = [node.name for node in onnx.load_from_string(model).graph.node if _conv(node)]
    if len(convolutions) < 3:
        raise ValueError("no inner convolution to quantise")
    with tempfile.TemporaryDirectory() as folder:
        plain, shaped, small = (Path(folder, f"{n}.onnx") for n in ("plain", "shaped", "small"))
        plain.write_bytes(model)
        quant_pre_process(str(plain), str(shaped), skip_symbolic_shape=True)
        quantize_static(
            str(shaped),
            str(small),
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[convolutions[0], convolutions[-1]],
            per_channel=True,
            # Processors with AVX2 and no VNNI add pairs of products in 16 bits: 7-bit weights
            # cannot overflow there, so that a net is the same net everywhere.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return small.read_bytes()


def _conv(node: onnx.NodeProto) -> bool:
    return str(node.op_type) == "Conv"
