"""Made-up feeds, differences between back-ends, and multiplications counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engines.backends.base import Feeds, Network
from engines.backends.networks import NETWORKS, Ranges
from engines.backends.ort import OrtBackend
from engines.backends.trial import apart, gmacs, made_feeds, reference_of
from tests.support.tiny_graph import batched, convolutions, static, text


class Off:
    """A network that is off by a share, or not a number."""

    def __init__(self, inner: Network, factor: float) -> None:
        self.inner, self.factor = inner, factor
        self.name, self.inputs, self.outputs = inner.name, inner.inputs, inner.outputs
        self.runs = inner.runs

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Any]:
        return [value * np.float32(self.factor) for value in self.inner.run(outputs, feeds)]

    def close(self) -> None:
        self.inner.close()


def test_feeds_fit_any_network_and_are_the_same_each_time() -> None:
    for model in (batched(), static(), text(), NETWORKS["face/eye"].model()):
        network = OrtBackend().load(model)
        feeds, again = made_feeds(network, 3), made_feeds(network, 3)
        network.run(None, feeds)
        assert all(np.array_equal(feeds[name], again[name]) for name in feeds)
    assert made_feeds(network, 1)["pictures"].max() > 200


def test_what_differs_is_measured_against_the_largest_value() -> None:
    network = OrtBackend().load(batched())
    assert apart(network, network, 4) == 0
    assert apart(Off(network, 1.01), network, 4) == pytest.approx(0.01, rel=1e-3)
    assert apart(Off(network, float("nan")), network, 4) == float("inf")


def test_multiplications_are_counted_by_hand_too() -> None:
    row = NETWORKS["renderer/mouth_reference"]
    assert gmacs(row, batched()) == pytest.approx(4 * 4 * 6 * 3 * 9 / 1e9)
    assert gmacs(NETWORKS["lips/lips"], static()) == pytest.approx(36 / 1e9)
    assert gmacs(NETWORKS["scene/scene"], text()) == 0


def test_the_mouth_net_is_as_large_as_its_page_says() -> None:
    row = NETWORKS["renderer/mouth"]
    assert 0.2 < gmacs(row, row.model()) < 0.35


def test_a_plan_in_eight_bits_is_compared_with_the_same_graph() -> None:
    pytest.importorskip("onnx", reason="the extra trt-rtx is not installed")
    model, row = convolutions(), NETWORKS["renderer/mouth"]
    plain = reference_of(row, model)
    assert apart(OrtBackend().load(model), plain, 2) == 0 and plain.runs.precision == "fp32"
    rounded = replace(row, precision="int8", ranges=Ranges((("three", 3.0), ("two", 3.0))))
    small = reference_of(rounded, model)
    assert small.runs.precision == "int8" and 0 < apart(small, plain, 2) < 0.05
