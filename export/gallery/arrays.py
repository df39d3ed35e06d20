"""Array types of the gallery and the one cast to them.

Pure; any thread.
Never copies an array that already fits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]


def f32(values: Any) -> F32:
    """Values as float32: OpenCV and numpy's own types promise less than they return."""
    return np.asarray(values, dtype=np.float32)


def f64(values: Any) -> F64:
    """Values as float64."""
    return np.asarray(values, dtype=np.float64)
