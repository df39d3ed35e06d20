"""Where a plan's inputs and outputs lie, here and on the card, and the shapes that are run.

The thread that runs the network; plain data.
Never takes or gives back memory: the network does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engines.backends.base import Array, Tensor
from engines.backends.cuda import DeviceMemory
from engines.values import U8


@dataclass(slots=True)
class Port:
    """Where one input or output lies, here and on the card, at its largest."""

    tensor: Tensor
    most: tuple[int, ...]
    device: DeviceMemory
    host: U8

    def view(self, shape: tuple[int, ...]) -> Array:
        """The host's side as an array."""
        return self.host[: self.size(shape)].view(np.dtype(self.tensor.dtype)).reshape(shape)

    def size(self, shape: tuple[int, ...]) -> int:
        """Bytes of an array."""
        return int(np.prod(shape)) * np.dtype(self.tensor.dtype).itemsize


@dataclass(slots=True)
class Bucket:
    """One set of shapes that is run, in a context of its own: a graph holds its context's state."""

    context: Any
    shapes: dict[str, tuple[int, ...]]
    """Of inputs and outputs."""
    held: frozenset[str] = frozenset()
    """Inputs that are on the card already: they are not copied there."""
    runs: int = 0
    recorded: Any = None
