"""Ranges measured, losses weighed; the pairs themselves are not in the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.backends.ort import open_session
from engines.backends.typed_graph import typed
from engines.render.boxes import EYE
from engines.render.nets import DEFAULT_FOLDER
from engines.values import F32
from export.deploy.calibrate import drawing, largest, main, weighed
from tests.support.made_pairs import made_pairs
from tests.support.tiny_graph import convolutions

RNG = np.random.default_rng(6)


def feeds(scale: float) -> dict[str, F32]:
    return {"x": RNG.uniform(-scale, scale, (2, 3, 8, 8)).astype(np.float32)}


def test_the_largest_that_each_inner_convolution_sees() -> None:
    model = convolutions().graph
    small, both = largest(model, [feeds(1)]), largest(model, [feeds(1), feeds(5)])
    assert set(small) == {"two", "three"} and small["two"] == small["three"] > 0
    assert both["two"] > 3 * small["two"]


def test_a_net_is_drawn_as_its_graph_is_written() -> None:
    model, given = convolutions().graph, feeds(1)
    (want,) = open_session(typed(model, "fp32")).run(None, given)
    for precision in ("int8", "fp8"):
        found = drawing(model, precision, largest(model, [given]))(given)
        assert 0 < np.abs(found - want).max() < 0.1 * np.abs(want).max()


@pytest.mark.parametrize(("off", "held"), [(0.001, True), (0.3, False)])
def test_losses_are_weighed_against_single_precision(off: float, held: bool) -> None:
    pairs = made_pairs(2, EYE)
    count = len(pairs)
    whole = np.zeros((count, 3, *EYE.shape), np.float32)
    draws = {"fp32": lambda feeds: whole, "int8": lambda feeds: whole + np.float32(off)}

    def judge(shown: object, truth: object) -> F32:
        return np.full(count, 0.5, np.float32)

    found = weighed(EYE, draws, [{}], pairs, judge)["int8"]
    assert found.held is held
    assert not weighed(EYE, draws, [{}], pairs, None)["int8"].held, "nobody judged"


def test_no_pairs_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cache", str(tmp_path)]) == 1
    assert "calibrate: " in capsys.readouterr().err
    assert not list(DEFAULT_FOLDER.glob("*.part"))
