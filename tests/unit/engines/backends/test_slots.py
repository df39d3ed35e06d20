"""Which slots are taken, and rows as they may be written; runs have a contract suite."""

from __future__ import annotations

import numpy as np
import pytest

from engines.backends.base import BadFeeds, OutOfDeviceMemory, Tensor
from engines.backends.ort import OrtBackend
from engines.backends.slots import HoldingNetwork, Places, checked_row, held_tensors
from tests.support.tiny_graph import batched

ROW = Tensor("person", "float32", (-1, 2, 1))


def test_places_are_given_out_once_and_come_back() -> None:
    places = Places("net", 2)
    taken = {places.take(), places.take()}
    assert taken == {0, 1}
    with pytest.raises(OutOfDeviceMemory, match="net: all 2 slots are taken"):
        places.take()
    places.free(1)
    assert places.take() == 1
    places.check([1, 0])
    with pytest.raises(BadFeeds, match="each once"):
        places.check([0, 0])


def test_a_row_is_made_whole_before_it_is_copied() -> None:
    turned = np.zeros((1, 2), np.float32).T
    assert checked_row("net", ROW, turned).flags.c_contiguous
    with pytest.raises(BadFeeds, match="wanted float32"):
        checked_row("net", ROW, np.zeros((1, 2, 1), np.float32))


def test_onnx_runtime_holds_nothing_and_has_names_to_hold() -> None:
    network = OrtBackend().load(batched())
    assert not isinstance(network, HoldingNetwork)
    assert list(held_tensors(network, ("bias",), {})) == ["bias"]
    with pytest.raises(BadFeeds, match="bias out of drawn"):
        held_tensors(network, ("bias",), {"bias": "drawn"})
