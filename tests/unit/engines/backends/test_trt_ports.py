"""An array's bytes at the front of a larger place."""

from __future__ import annotations

import numpy as np

from engines.backends.base import Tensor
from engines.backends.cuda import DeviceMemory
from engines.backends.trt_ports import Port


def test_a_view_is_the_front_of_the_place() -> None:
    place = np.zeros(64, np.uint8)
    port = Port(Tensor("x", "float32", (-1, 2)), (8, 2), DeviceMemory(0), place)
    assert port.size((3, 2)) == 24
    port.view((3, 2))[:] = 1.0
    assert place[:24].view(np.float32).tolist() == [1.0] * 6 and not place[24:].any()
