"""Tables and bars: parts, joined kinds, and a bar that can be missed."""

from __future__ import annotations

import json

from engines.render.boxes import MOUTH
from export.evaluate.renderer_draw import Way, floors
from export.evaluate.renderer_score import Scored, score
from export.evaluate.renderer_table import (
    STRANGERS,
    Row,
    as_json,
    bars,
    find,
    joined,
    markdown,
    rows_of,
)
from tests.support.made_pairs import Mender, made_pairs
from tests.support.tiny_judge import tiny_judge


def scored(kind: str, share: float, seed: int) -> Scored:
    ways = [
        *floors(),
        Way("plain regressor", Mender(0.2), plain=True),
        Way("teacher, 8 steps", Mender(share), 8),
        Way("1 step", Mender(share)),
    ]
    return score(MOUTH, made_pairs(20, kind=kind, seed=seed), 20, ways, tiny_judge())


def all_rows(share: float) -> list[Row]:
    parts = [scored("restore", share, 1), scored("cycle", share, 2)]
    whole = joined(STRANGERS, parts)
    assert whole is not None and len(whole.people) == 40 and whole.kind == STRANGERS
    return rows_of("mouth", whole)


def test_rows_bars_and_tables() -> None:
    rows = all_rows(0.95)
    assert {(row.kind, row.part) for row in rows} == {(STRANGERS, "all"), (STRANGERS, "open")}
    row = find(rows, STRANGERS, "open", "1 step")
    assert row is not None and row.psnr.count == 20 and row.gain.mean > 3
    assert row.gain.low <= row.gain.mean <= row.gain.high
    assert row.frechet is not None and row.frechet >= 0
    frame = find(rows, STRANGERS, "all", "motion frame")
    assert frame is not None and frame.lpips_share.mean == 1 and frame.gain.mean == 0
    lines = {line.name: line.verdict for line in bars({"mouth": rows}, "1 step", "teacher, 8 steps",
                                                      "plain regressor")}  # fmt: skip
    assert lines["mouth, strangers, all: dB over the motion frame"] == "met"
    assert lines["mouth, strangers, open: LPIPS-like share"] == "met"
    assert lines["mouth, LPIPS-like of the plain regressor's"] == "met"
    assert lines["mouth, grid, all: LPIPS-like share"] == "not measured"
    assert lines["eye, grid, blink: dB over the motion frame"] == "not measured"
    text = "\n".join(markdown("mouth", rows))
    assert "### mouth, strangers, open: 20 pictures of 5" in text and "| 1 step |" in text
    json.dumps(as_json(rows))


def test_a_harmful_net_misses_the_bars() -> None:
    lines = bars({"mouth": all_rows(-1.0)}, "1 step", "teacher, 8 steps", "plain regressor")
    verdicts = {line.name: line.verdict for line in lines}
    assert verdicts["mouth, strangers, all: dB over the motion frame"] == "MISSED"
    assert verdicts["mouth, strangers, all: LPIPS-like share"] == "MISSED"
    assert verdicts["mouth, LPIPS-like of the plain regressor's"] == "MISSED"


def test_nothing_joins_to_nothing() -> None:
    assert joined(STRANGERS, []) is None
