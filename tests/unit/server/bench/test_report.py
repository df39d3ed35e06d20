from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.bench.document import SCHEMA
from server.bench.report import (
    Bar,
    Result,
    document,
    markdown,
    pace_ms,
    put_table,
    row,
    write_json,
)


def test_bars_bound_the_quantile_they_name() -> None:
    samples = [float(value) for value in range(101)]
    assert row("a", "ms", samples, Bar("p50", high=50)).held is True
    assert row("a", "ms", samples, Bar("p95", high=94)).held is False
    assert row("a", "ms", samples, Bar("p50", low=-45, high=45)).held is False
    assert row("a", "ms", samples, Bar("p50", low=49)).held is True
    assert row("a", "ms", samples).held is None


def test_one_missed_bar_of_two_is_missed() -> None:
    found = row("a", "ms", [1.0, 2.0, 3.0], Bar("p50", high=5), Bar("high", high=2.5))
    assert found.held is False
    assert not Result("latency", "x", [found]).held


def test_nothing_measured_misses_its_bar_but_not_without_one() -> None:
    assert row("a", "ms", [None], Bar("p50", high=5)).held is False
    assert row("a", "ms", []).held is None


def test_table_shows_figures_bars_and_notes() -> None:
    result = Result(
        "latency",
        "synchrorama bench latency",
        [
            row("mouth", "ms", [100.0, 110.0, 120.0], Bar("p50", high=105)),
            row("cores", "", [0.456], Bar("p50", high=1)),
            row("echo", "ms", []),
            row("offset", "ms", [0.5, 1.5], Bar("p50", low=-45, high=45), Bar("p95", low=0)),
        ],
        ["said"],
        {
            "cpu": "Chip",
            "cores": 2,
            "memory_gib": 4,
            "system": "L",
            "python": "3",
            "busy_before": 0.02,
        },
    )
    lines = markdown(result).splitlines()
    assert lines[0] == "`synchrorama bench latency`"
    assert lines[2].startswith("Chip, 2 cores, 4 GiB")
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[4:10]]
    assert len({len(line) for line in lines[4:10]}) == 1
    assert table[2] == [
        "mouth (ms)",
        "3",
        "110 (100 to 120)",
        "119 (100 to 120)",
        "120 (100 to 120)",
        "120",
        "p50 <= 105",
        "NO",
    ]
    assert table[3] == ["cores", "1", "0.46", "", "", "", "<= 1", "yes"]
    assert table[4] == ["echo (ms)", "0", "-", "-", "-", "-", "", ""]
    assert table[5][-2:] == ["p50 -45 to 45, p95 >= 0", "yes"]
    assert lines[-1] == "- said"


def test_a_busy_machine_is_told() -> None:
    def table(busy: float) -> str:
        return markdown(Result("soak", "c", machine={"cores": 2, "busy_before": busy}))

    assert "other work" in table(0.11) and "other work" not in table(0.1)


def test_a_machine_that_was_not_its_own_is_told() -> None:
    def table(share: float) -> str:
        return markdown(Result("load", "c", machine={"cores": 2, "stolen": share}))

    assert "27.5% of its processor time taken by its host" in table(0.275)
    assert "gave part of it to others" in table(0.021) and "gave part" not in table(0.02)
    assert "taken by its host" not in markdown(Result("load", "c", machine={"cores": 2}))


def test_how_fast_the_machine_was_is_told() -> None:
    text = markdown(Result("load", "c", machine={"cores": 2, "loop_ms": [16.2, 25.0]}))
    assert ", a fixed loop in 16.2 ms before and 25 after\n" in text
    assert pace_ms({"loop_ms": [16.0, 25.0]}) == 20.5 and pace_ms({}) is None


def test_json_holds_everything_unrounded(tmp_path: Path) -> None:
    result = Result("soak", "c", [row("a", "ms", [1 / 3], Bar("p50", high=1))], raw={"x": [1]})
    write_json(result, tmp_path / "out.json")
    back = json.loads((tmp_path / "out.json").read_text())
    assert back.pop("when") <= document(result)["when"]
    assert back["schema"] == SCHEMA and back["held"] is True and back["raw"] == {"x": [1]}
    assert back["rows"][0]["summary"]["p50"] == 1 / 3
    assert back["rows"][0]["bars"] == [{"quantile": "p50", "high": 1, "low": None}]
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_table_goes_into_its_own_block() -> None:
    page = "a\n<!-- bench soak -->\nold\n<!-- /bench soak -->\nb <!-- bench cycles -->"
    after = put_table(page, Result("soak", "the command", [row("x", "ms", [1.0])]))
    assert after.startswith("a\n<!-- bench soak -->\n20") and "old" not in after
    assert "`the command`" in after and after.endswith(
        "<!-- /bench soak -->\nb <!-- bench cycles -->"
    )
    again = put_table(after, Result("soak", "another", []))
    assert "the command" not in again and again.count("bench soak") == 2
    with pytest.raises(ValueError, match="no block"):
        put_table(page, Result("cycles", "c", []))
