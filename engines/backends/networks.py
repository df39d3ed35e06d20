"""The networks that ship: one row each, with what a plan of it must hold.

Plain data; any thread.
Never loads anything: back-ends do. Golden inputs and bars of each row: export/specs.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from engines.backends.base import DYNAMIC, Model, Tensor
from engines.backends.typed_graph import Precision

WEIGHTS = Path(__file__).parents[1] / "weights"
BUCKETS = (1, 2, 4, 8, 16, 32, 64)
"""Batch sizes that are run: others are filled up to the next."""
Profile = Mapping[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]
"""Input -> least, usual and largest shape."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The sizes that the one dynamic axis of a network may have."""

    least: int
    usual: int
    """What a plan is tuned for."""
    most: int
    buckets: tuple[int, ...] = ()
    """Sizes that are run; () for an axis that is no batch: it cannot be filled up."""


STATIC = Axis(1, 1, 1)
BATCH = Axis(1, 8, BUCKETS[-1], BUCKETS)
"""Sessions: one mouth each, two eyes each."""
CROPS = Axis(1, 2, 16, (1, 2, 4, 8, 16))
"""Views of one photo: faces are looked for once per avatar, not per frame."""


FACES = Axis(1, 4, BUCKETS[-1], BUCKETS)
"""Sessions whose whole face is drawn: thirty times the sums of a mouth."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """What the inner convolutions of a network see at most, for 8 bits."""

    largest: tuple[tuple[str, float], ...]
    """Node and value."""


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One network."""

    name: str
    """Folder and file below engines/weights, without .onnx."""
    axis: Axis
    precision: Precision
    """Of what costs; see `typed_graph` for what stays in single precision anyway."""
    ranges: Ranges | None = None
    """For int8 and fp8."""

    @property
    def path(self) -> Path:
        """Of the ONNX file."""
        return WEIGHTS / f"{self.name}.onnx"

    def model(self) -> Model:
        """The file's bytes. Raises OSError."""
        return Model(self.name, self.path.read_bytes())

    def profile(self, inputs: tuple[Tensor, ...]) -> Profile:
        """Least, usual and largest shape of each input."""
        sizes = (self.axis.least, self.axis.usual, self.axis.most)
        return {
            each.name: tuple(  # type: ignore[misc]  # three sizes, three shapes
                tuple(size if dim == DYNAMIC else dim for dim in each.shape) for size in sizes
            )
            for each in inputs
        }


# Sound and motion stay in single precision: their states go on from frame to frame, and what is
# lost to rounding adds up; they cost nothing (0.4 million multiplications a frame).
_ROWS = (
    NetworkRow("face/scene", CROPS, "fp16"),
    NetworkRow("face/mesh", CROPS, "fp16"),
    NetworkRow("face/lips", CROPS, "fp16"),
    NetworkRow("face/eye", CROPS, "fp16"),
    NetworkRow("face/occlusion", CROPS, "fp16"),
    NetworkRow("face/person", CROPS, "fp16"),
    NetworkRow("lips/lips", STATIC, "fp32"),
    NetworkRow("motion/motion", STATIC, "fp32"),
    NetworkRow("scene/scene", Axis(1, 16, 256), "fp32"),
    NetworkRow("renderer/mouth", BATCH, "fp16"),
    NetworkRow("renderer/mouth_reference", BATCH, "fp16"),
    NetworkRow("renderer/eye", BATCH, "fp16"),
    NetworkRow("renderer/eye_reference", BATCH, "fp16"),
)
# None ship: they are rows where somebody has trained and installed them (docs/wide.md).
WIDE = (
    NetworkRow("wide/face", FACES, "fp16"),
    NetworkRow("wide/face_reference", FACES, "fp16"),
    NetworkRow("wide/face_encoder", FACES, "fp16"),
    NetworkRow("wide/face_decoder", FACES, "fp16"),
)
_HERE = (*_ROWS, *(row for row in WIDE if row.path.is_file()))
NETWORKS: Mapping[str, NetworkRow] = MappingProxyType({row.name: row for row in _HERE})


def bucket_of(count: int, buckets: tuple[int, ...]) -> int:
    """The least bucket that holds `count`. Raises ValueError when none does."""
    for bucket in buckets:
        if count <= bucket:
            return bucket
    raise ValueError(f"batch of {count}: at most {buckets[-1]}")
