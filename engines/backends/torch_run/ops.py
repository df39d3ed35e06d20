"""The operators of the networks that ship, in torch: one function each, by their names in ONNX.

Pure; the thread that runs the network.
Never more than these: another operator or attribute is refused by name when a network is loaded.

Operators: onnx.ai/onnx/operators, versions 13 to 20. What ONNX calls an attribute is a keyword
here. Sizes, axes and the like are read on the host: `PARAMETERS` says which inputs those are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

TYPES = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16}
"""TensorProto's numbers of types."""
PARAMETERS: Mapping[str, int] = MappingProxyType(
    {
        "ReduceL2": 1,
        "ReduceMax": 1,
        "ReduceMean": 1,
        "Reshape": 1,
        "Resize": 1,
        "Slice": 1,
        "Split": 1,
        "Squeeze": 1,
        "Unsqueeze": 1,
    }
)
"""From this input on they are no data but sizes and axes."""


class Unsupported(ValueError):
    """An operator, or a use of one, that is not among these."""


def _ints(values: Tensor | None) -> list[int]:
    return [] if values is None else [int(each) for each in values.reshape(-1).tolist()]


def _want(what: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise Unsupported(f"{what} {got}, wanted {wanted}")


def _div(a: Tensor, b: Tensor) -> Tensor:
    whole = not (a.is_floating_point() or b.is_floating_point())
    return torch.div(a, b, rounding_mode="trunc" if whole else None)


def _max(*values: Tensor) -> Tensor:
    return reduce(torch.maximum, values)


def _softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


def _gelu(x: Tensor, *, approximate: bytes = b"none") -> Tensor:
    return F.gelu(x, approximate=approximate.decode())


def _conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    auto_pad: bytes = b"NOTSET",
    dilations: Sequence[int] = (),
    group: int = 1,
    kernel_shape: Sequence[int] = (),
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Tensor:
    _want("auto_pad", auto_pad, b"NOTSET")
    axes = weight.ndim - 2
    if axes not in (1, 2):
        raise Unsupported(f"{axes} axes, wanted 1 or 2")
    before, after = list(pads[:axes]) or [0] * axes, list(pads[axes:]) or [0] * axes
    if before != after:
        # Of the last axis first, as torch has it.
        ends = [end for pair in reversed([*zip(before, after, strict=True)]) for end in pair]
        x, before = F.pad(x, ends), [0] * axes
    ones = [1] * axes
    convolve: Callable[..., Tensor] = F.conv1d if axes == 1 else F.conv2d
    stride, dilation = list(strides) or ones, list(dilations) or ones
    return convolve(x, weight, bias, stride, before, dilation, group)


def _gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Tensor:
    product = (a.t() if transA else a) @ (b.t() if transB else b)
    if alpha != 1:
        product = product * alpha
    return product if c is None else product + (c if beta == 1 else c * beta)


def _batch_normalization(
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Tensor:
    _want("training_mode", training_mode, 0)
    shape = (1, -1, *[1] * (x.ndim - 2))
    # Small numbers in single precision: variance plus epsilon is where halves end.
    factor = scale.float() / torch.sqrt(variance.float() + epsilon)
    shift = bias.float() - mean.float() * factor
    return x * factor.to(x.dtype).reshape(shape) + shift.to(x.dtype).reshape(shape)


def _reduce(
    work: Callable[[Tensor, list[int], bool], Tensor],
) -> Callable[..., Tensor]:
    def reduced(
        x: Tensor,
        given: Tensor | None = None,
        *,
        axes: Sequence[int] = (),
        keepdims: int = 1,
        noop_with_empty_axes: int = 0,
    ) -> Tensor:
        over = _ints(given) or list(axes)
        if not over and noop_with_empty_axes:
            return x
        return work(x, over or list(range(x.ndim)), bool(keepdims))

    return reduced


def _l2(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    found: Tensor = torch.linalg.vector_norm(x, 2, axes, keep)
    return found


def _reshape(x: Tensor, sizes: Tensor, *, allowzero: int = 0) -> Tensor:
    wanted = _ints(sizes)
    if not allowzero:
        wanted = [x.shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    return x.reshape(wanted)


def _flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    axis += x.ndim if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), -1)


def _transpose(x: Tensor, *, perm: Sequence[int] = ()) -> Tensor:
    return x.permute(list(perm) or list(reversed(range(x.ndim))))


def _concat(*parts: Tensor, axis: int) -> Tensor:
    return torch.cat(parts, axis)


def _slice(
    x: Tensor,
    starts: Tensor,
    ends: Tensor,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    begins = _ints(starts)
    over = _ints(axes) or list(range(len(begins)))
    strides = _ints(steps) or [1] * len(begins)
    for begin, end, axis, step in zip(begins, _ints(ends), over, strides, strict=True):
        # Edges beyond the ends and from behind are as Python has them.
        taken = range(x.shape[axis])[begin:end:step]
        index = [slice(None)] * x.ndim
        if step > 0:
            index[axis] = slice(taken.start, taken.stop, step)
            x = x[tuple(index)]
        else:
            index[axis] = slice(taken[-1], taken[0] + 1, -step) if taken else slice(0, 0)
            x = x[tuple(index)].flip(axis)
    return x


def _split(x: Tensor, sizes: Tensor, *, axis: int = 0) -> tuple[Tensor, ...]:
    return torch.split(x, _ints(sizes), axis)


def _unsqueeze(x: Tensor, axes: Tensor) -> Tensor:
    places = _ints(axes)
    rank = x.ndim + len(places)
    for axis in sorted(axis % rank for axis in places):
        x = x.unsqueeze(axis)
    return x


def _squeeze(x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.squeeze(tuple(_ints(axes))) if axes is not None else x.squeeze()


def _gather(x: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    axis %= x.ndim
    flat = indices.reshape(-1)
    flat = torch.where(flat < 0, flat + x.shape[axis], flat)
    found = torch.index_select(x, axis, flat)
    return found.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def _resize(
    x: Tensor,
    roi: Tensor | None = None,
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
    *,
    coordinate_transformation_mode: bytes = b"half_pixel",
    mode: bytes = b"nearest",
    nearest_mode: bytes = b"round_prefer_floor",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
) -> Tensor:
    """Last four: of modes that are refused."""
    _want("mode", mode, b"nearest")
    _want("coordinates", coordinate_transformation_mode, b"asymmetric")
    _want("nearest_mode", nearest_mode, b"floor")
    wanted = _ints(sizes)
    if not wanted and scales is not None:
        factors = scales.reshape(-1).tolist()
        wanted = [math.floor(n * k) for n, k in zip(x.shape, factors, strict=True)]
    _want("batch and channels", tuple(wanted[:2]), tuple(x.shape[:2]))
    return F.interpolate(x, wanted[2:], mode="nearest")


def _depth_to_space(x: Tensor, *, blocksize: int, mode: bytes = b"DCR") -> Tensor:
    _want("mode", mode, b"CRD")
    return F.pixel_shuffle(x, blocksize)


def _cast(x: Tensor, *, to: int) -> Tensor:
    if to not in TYPES:
        raise Unsupported(f"to type {to}, wanted one of {', '.join(map(str, TYPES))}")
    return x.to(TYPES[to])


def _shape(x: Tensor, *, start: int = 0, end: int | None = None) -> Tensor:
    return torch.tensor(x.shape[start:end], dtype=torch.int64)


OPS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "Add": lambda a, b: a + b,
        "BatchNormalization": _batch_normalization,
        "Cast": _cast,
        "Concat": _concat,
        "Conv": _conv,
        "Cos": lambda x: torch.cos(x),
        "DepthToSpace": _depth_to_space,
        "Div": _div,
        "Flatten": _flatten,
        "Gather": _gather,
        "Gelu": _gelu,
        "Gemm": _gemm,
        "Identity": lambda x: x,
        "MatMul": lambda a, b: a @ b,
        "Max": _max,
        "Mul": lambda a, b: a * b,
        "ReduceL2": _reduce(_l2),
        "ReduceMax": _reduce(lambda x, axes, keep: torch.amax(x, axes, keep)),
        "ReduceMean": _reduce(lambda x, axes, keep: torch.mean(x, axes, keep)),
        "Relu": lambda x: torch.relu(x),
        "Reshape": _reshape,
        "Resize": _resize,
        "Shape": _shape,
        "Sigmoid": lambda x: torch.sigmoid(x),
        "Sin": lambda x: torch.sin(x),
        "Slice": _slice,
        "Softmax": _softmax,
        "Split": _split,
        "Sqrt": lambda x: torch.sqrt(x),
        "Squeeze": _squeeze,
        "Sub": lambda a, b: a - b,
        "Tanh": lambda x: torch.tanh(x),
        "Transpose": _transpose,
        "Unsqueeze": _unsqueeze,
    }
)
