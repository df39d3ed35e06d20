"""Measured ranges: of these weights, held, or a named error with what to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.backends import ranges as ranges_module
from engines.backends.base import Model
from engines.backends.networks import NETWORKS, Ranges
from engines.backends.ranges import FILE, NETS, Loss, ParityMissed, ranges_of, rows_of
from engines.backends.typed_graph import NoRanges

MODEL = Model("renderer/eye", b"eye")


def write(folder: Path, change: Callable[[dict[str, Any]], object] = lambda told: None) -> Path:
    mine = {
        "graph": hashlib.sha256(MODEL.graph).hexdigest(),
        "largest": {"two": 2.0, "one": 1.0},
        "loss": {
            "int8": {"db": 0.1, "worse": 0.01, "held": True},
            "fp8": {"db": 0.9, "worse": 0.2, "held": False},
        },
    }
    told: dict[str, Any] = {"schema": 1, "networks": {MODEL.name: mine}}
    change(told)
    (folder / FILE).write_text(json.dumps(told))
    return folder


def test_they_are_of_a_network_and_a_precision(tmp_path: Path) -> None:
    assert ranges_of(MODEL, "int8", write(tmp_path)) == Ranges((("one", 1.0), ("two", 2.0)))


def test_a_precision_that_loses_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParityMissed, match="loses 0.90 dB and 20% .* in fp8.*precision fp16"):
        ranges_of(MODEL, "fp8", write(tmp_path))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.update(schema=2), "schema 2, wanted 1"),
        (lambda told: told["networks"].clear(), "no 'renderer/eye'"),
        (lambda told: told["networks"][MODEL.name]["loss"].clear(), "no 'int8'"),
        (lambda told: told["networks"][MODEL.name].update(graph="00"), "with other weights"),
        (lambda told: told["networks"][MODEL.name]["largest"].update(one=0), "that are none"),
        (lambda told: told["networks"][MODEL.name]["largest"].update(one="?"), "could not convert"),
        (lambda told: told["networks"].update({MODEL.name: []}), "list indices"),
    ],
)
def test_what_is_wrong_is_named_with_the_command_that_mends_it(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    with pytest.raises(NoRanges, match=f"{said}.*run: python -m export calibrate"):
        ranges_of(MODEL, "int8", write(tmp_path, change))


def test_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoRanges, match="No such file.*python -m export calibrate"):
        ranges_of(MODEL, "int8", tmp_path)


def test_only_the_drawing_nets_change(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rows_of("fp16") is NETWORKS
    given = Ranges((("one", 1.0),))
    monkeypatch.setattr(ranges_module, "ranges_of", lambda *_: given)
    rows = rows_of("int8")
    changed = {name for name in NETWORKS if rows[name] != NETWORKS[name]}
    assert changed == set(NETS)
    assert {(rows[n].precision, rows[n].ranges) for n in NETS} == {("int8", given)}


def test_those_that_ship_hold_or_say_why_not() -> None:
    for precision in ("int8", "fp8"):
        try:
            rows = rows_of(precision)
        except (NoRanges, ParityMissed) as error:
            assert "render.precision fp16" in str(error)
        else:
            assert rows["renderer/mouth"].ranges is not None
    assert Loss(0.1, 0.0, True).held
