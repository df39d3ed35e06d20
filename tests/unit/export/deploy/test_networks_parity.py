"""Parity of what ships, in the precision of its plan, held on golden inputs."""

from __future__ import annotations

import numpy as np
import pytest

from engines.backends.networks import NETWORKS
from export.deploy.networks_parity import ParityRow, compare, relative, table
from export.specs import FP16_BAR, FP32_BAR, SPECS


@pytest.mark.parametrize("name", SPECS)
def test_every_network_holds_its_bars(name: str) -> None:
    row = compare(SPECS[name])
    assert row.fp32 <= FP32_BAR
    assert row.plan <= (FP16_BAR if NETWORKS[name].precision == "fp16" else FP32_BAR)
    assert row.held
    # Rounding to halves is there to be seen, or it was not computed.
    assert (row.plan > 1e-5) == (row.precision == "fp16")


def test_differences_count_over_all_calls_and_nan_is_the_worst() -> None:
    want = [{"y": np.array([1.0, -4.0])}, {"y": np.array([0.0])}]
    have = [{"y": np.array([1.0, -4.0])}, {"y": np.array([0.2])}]
    assert relative(have, want, "y") == pytest.approx(0.05)
    assert relative([*have[:1], {"y": np.array([np.nan])}], want, "y") == float("inf")


def test_a_missed_bar_is_told() -> None:
    rows = [
        ParityRow("a", "fp16", 3, 0.0, 0.02, "points", FP16_BAR),
        ParityRow("b", "fp32", 3, 1e-3, 0.0, "y", FP32_BAR),
        ParityRow("c", "fp32", 3, 0.0, 0.0, "y", FP32_BAR),
    ]
    assert [row.held for row in rows] == [False, False, True]
    assert [line.split("|")[-2].strip() for line in table(rows)[2:]] == ["MISSED", "MISSED", "held"]
