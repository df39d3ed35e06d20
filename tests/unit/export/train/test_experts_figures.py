"""Figures of face experts beside their floors."""

from __future__ import annotations

import numpy as np
import pytest

from export.nets.expert import ExpertConfig, ExpertNet
from export.train.experts_data import made_up, outputs
from export.train.experts_figures import figures, of_classes, of_units, read


def test_units_right_wrong_and_still() -> None:
    target = np.random.default_rng(1).random((50, 3), dtype=np.float32)
    target[:, 2] = 0.4
    names = ("a", "b", "still")
    usual = target.mean(0)
    right = of_units(target, target, usual, names)
    assert right["r"] == pytest.approx(1) and right["error"] == 0 and right["floor"] > 0.2
    assert "r still" not in right and {"r a", "r b"} <= set(right)
    turned = of_units(1 - target, target, usual, names)
    assert turned["r"] == pytest.approx(-1)


def test_recall_counts_classes_alike() -> None:
    target = np.array([0] * 9 + [1])
    scores = np.eye(3, dtype=np.float32)[np.zeros(10, int)]
    row = of_classes(scores, target, ("a", "b", "c"))
    assert row["recall"] == 0.5 and row["floor"] == pytest.approx(1 / 3)
    assert row["recall a"] == 1 and row["recall b"] == 0 and "recall c" not in row


def test_agreement_is_meant_over_the_sentences_of_an_action() -> None:
    net = ExpertNet(ExpertConfig(6, says=True, width=4)).eval()
    some = made_up("action", "eye", 9)
    vectors = [np.random.default_rng(i).random((2, 80), dtype=np.float32) for i in range(7)]
    both = read(net, some, vectors)
    first = read(net, some, [rows[:1] for rows in vectors])
    second = read(net, some, [rows[1:] for rows in vectors])
    assert both.shape == (9, len(outputs("action", "eye")))
    np.testing.assert_allclose(both, (first + second) / 2, atol=1e-5)
    assert 0 <= figures(net, "action", "eye", some, vectors)["recall"] <= 1
