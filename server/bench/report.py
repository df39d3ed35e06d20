"""The bench's output: rows with their bars, a Markdown table, one JSON document.

Pure but for the one file it is asked to write.
Never rounds what goes into the JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from server.bench.document import SCHEMA, Document
from server.bench.machine import commit
from server.bench.stats import Summary, summarise

QUIET_SHARE = 0.1
"""Share of all cores in use before a run, above which a machine counts as busy."""
STOLEN_SHARE = 0.02
"""Of the processor time asked for, taken by the host: above it a machine is not its own."""
Quantile = Literal["p50", "p95", "p99", "low", "high"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bound on one quantile: `low <= value <= high`; None leaves a side open."""

    quantile: Quantile
    high: float | None = None
    low: float | None = None

    def held(self, row: Summary) -> bool:
        """Whether the row is within it."""
        value: float = getattr(row, self.quantile)
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)

    def text(self, *, single: bool = False) -> str:
        """As printed in a table; one value alone has no quantiles to name."""
        named = {"low": "least ", "high": "most "}.get(self.quantile, f"{self.quantile} ")
        name = "" if single else named
        if self.low is not None and self.high is not None:
            return f"{name}{self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{name}>= {self.low:g}"
        return f"{name}<= {self.high:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing."""

    name: str
    unit: str
    summary: Summary | None
    """None: nothing was measured."""
    bars: tuple[Bar, ...] = ()
    samples: tuple[float, ...] = ()
    """What the summary was made of, in the order of measuring."""

    @property
    def held(self) -> bool | None:
        """Whether every bar holds; None without a bar. Nothing measured holds no bar."""
        if not self.bars:
            return None
        return self.summary is not None and all(bar.held(self.summary) for bar in self.bars)


def row(name: str, unit: str, samples: Sequence[float | None], *bars: Bar) -> Row:
    """A row of the samples that are there."""
    known = tuple(float(value) for value in samples if value is not None)
    return Row(name, unit, summarise(known), bars, known)


@dataclass(slots=True)
class Result:
    """One run of one bench."""

    kind: str
    command: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader must know: how a time is defined, what was left out."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether no bar is missed."""
        return all(item.held is not False for item in self.rows)


HEAD = ("measured", "n", "p50 (95 %)", "p95 (95 %)", "p99 (95 %)", "max", "bar", "held")


def markdown(result: Result) -> str:
    """The table of a result, with its machine and notes."""
    lines = [f"`{result.command}`", ""]
    where = result.machine
    if where:
        lines += [
            f"{where.get('cpu')}, {where.get('cores')} cores, {where.get('memory_gib')} GiB, "
            f"{where.get('system')}, Python {where.get('python')}, "
            f"{where.get('busy_before', 0):.0%} busy before the run{_taken(where)}",
            "",
        ]
    cells = [HEAD, *(_cells(item) for item in result.rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines.append(_line(HEAD, widths))
    lines.append("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    lines += [_line(line, widths) for line in cells[1:]]
    notes = list(result.notes)
    if where.get("busy_before", 0) > QUIET_SHARE:
        notes.insert(0, "**The machine was busy with other work: times are longer than its own.**")
    if stolen(where):
        notes.insert(0, "**The machine's host gave part of it to others: times are not its own.**")
    if notes:
        lines += ["", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"


def stolen(where: Mapping[str, Any]) -> bool:
    """Whether so much of the machine was given to others that figures tell of them too."""
    return bool(where.get("stolen", 0) > STOLEN_SHARE)


def pace_ms(where: Mapping[str, Any]) -> float | None:
    """What a fixed loop took beside the run, mean of before and after; None: not known."""
    loops = where.get("loop_ms")
    return sum(loops) / len(loops) if loops else None


def _taken(where: Mapping[str, Any]) -> str:
    text = ""
    if (share := where.get("stolen")) is not None:
        text += f", {share:.1%} of its processor time taken by its host"
    if loops := where.get("loop_ms"):
        text += f", a fixed loop in {' ms before and '.join(f'{each:g}' for each in loops)} after"
    return text


def _cells(item: Row) -> tuple[str, ...]:
    name = f"{item.name} ({item.unit})" if item.unit else item.name
    held = {None: "", True: "yes", False: "NO"}[item.held]
    found = item.summary
    single = found is not None and found.count == 1
    bars = ", ".join(bar.text(single=single) for bar in item.bars)
    if found is None:
        return (name, "0", "-", "-", "-", "-", bars, held)
    middle = _number(found.p50)
    if single:
        return (name, "1", middle, "", "", "", bars, held)
    cells = [
        f"{_number(value)} ({_number(interval[0])} to {_number(interval[1])})"
        for value, interval in (
            (found.p50, found.p50_interval),
            (found.p95, found.p95_interval),
            (found.p99, found.p99_interval),
        )
    ]
    return (name, str(found.count), *cells, _number(found.high), bars, held)


def _number(value: float) -> str:
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return (
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        + " |"
    )


def document(result: Result) -> dict[str, Any]:
    """The JSON form: everything, unrounded, of the form that `server.bench.document` states.

    Raises ValueError where it is not of that form.
    """
    made = {
        "schema": SCHEMA,
        "commit": commit(),
        "kind": result.kind,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": result.command,
        "machine": dict(result.machine),
        "versions": dict(result.versions),
        "settings": dict(result.settings),
        "rows": [
            {
                "name": item.name,
                "unit": item.unit,
                "summary": None if item.summary is None else asdict(item.summary),
                "bars": [asdict(bar) for bar in item.bars],
                "held": item.held,
                "samples": list(item.samples),
            }
            for item in result.rows
        ],
        "held": result.held,
        "notes": list(result.notes),
        "raw": dict(result.raw),
    }
    Document.model_validate(made)
    return made


def put_table(page: str, result: Result) -> str:
    """`page` with the block of this kind of bench replaced by the result's table.

    Raises ValueError when the page has no such block.
    """
    return put_block(page, result.kind, markdown(result))


def put_block(page: str, kind: str, text: str) -> str:
    """`page` with `text` and its day between `<!-- bench KIND -->` and `<!-- /bench KIND -->`.

    Raises ValueError when the page has no such block.
    """
    opening, closing = f"<!-- bench {kind} -->", f"<!-- /bench {kind} -->"
    before, found, rest = page.partition(opening)
    _, ended, after = rest.partition(closing)
    if not found or not ended:
        raise ValueError(f"no block {opening} ... {closing}")
    day = datetime.now(UTC).date().isoformat()
    return f"{before}{opening}\n{day}: {text}{closing}{after}"


def write_json(result: Result, path: Path) -> None:
    """Write the document aside and rename it into place."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(document(result), indent=1) + "\n", encoding="utf-8")
    aside.replace(path)
