"""`synchrorama bench readme`: the README's headline figures, taken from docs/measured.md.

Pure but for the two files of `write`.
Never holds a figure itself: what the measured page does not say, the README does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server.bench.needs import BenchError

OPENING, CLOSING = "<!-- figures -->", "<!-- /figures -->"
HEAD = "| what | measured | bar | command |\n|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a block of the measured page."""

    block: str
    """`latency` for what stands between `<!-- bench latency -->` and its end."""
    row: str
    """Name with its unit, as in the table's first column."""
    column: str = "p50"
    """Head of the column; its 95 % interval is left away."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the README's table."""

    what: str
    cells: tuple[Cell, ...]
    form: str
    """With {0}, {1} for the cells."""
    bar: str


MOUTH = "audio to matching mouth (ms)"
LINES = (
    Line(
        "speaking to the matching mouth on the screen, p50 / p95",
        (Cell("latency", MOUTH), Cell("latency", MOUTH, "p95")),
        "{0} / {1} ms",
        "300 / 400",
    ),
    Line(
        "click to first picture, p50",
        (Cell("latency", "click to first picture (ms)"),),
        "{0} ms",
        "1000",
    ),
    Line(
        "pictures a second; of these new ones; interval p99",
        (
            Cell("latency", "pictures (a second)"),
            Cell("latency", "new pictures (held ones left out) (a second)"),
            Cell("latency", "interval of pictures (ms)", "p99"),
        ),
        "{0}; {1}; {2} ms",
        "25; 24; 60",
    ),
    Line(
        "voice against picture (+ late), p50",
        (Cell("latency", "A/V offset, + voice late (ms)"),),
        "{0} ms",
        "±45",
    ),
    Line(
        "half an hour: change of latency; growth of memory",
        (
            Cell("soak", "audio to matching mouth, end minus start (ms)"),
            Cell("soak", "server memory, growth (MiB)"),
        ),
        "{0} ms; {1} MiB",
        "±20; 20",
    ),
    Line(
        "calls that came and went: sessions, tasks, threads left",
        (
            Cell("cycles", "sessions left"),
            Cell("cycles", "tasks left"),
            Cell("cycles", "threads left"),
        ),
        "{0}, {1}, {2}",
        "0",
    ),
    Line(
        "the bench's own error at 50 / 200 ms inserted: mouth; voice",
        tuple(
            Cell("error", f"{inserted} ms inserted, error of the {part} (ms)")
            for part in ("mouth", "voice")
            for inserted in (50, 200)
        ),
        "{0} / {1}; {2} / {3} ms",
        "±10",
    ),
)


COMPARED = (
    Line(
        "(2) inside the server: sound on the media clock to its picture leaving, p50 / p95",
        (
            Cell("latency", "mouth: media clock to release (ms)"),
            Cell("latency", "mouth: media clock to release (ms)", "p95"),
        ),
        "{0} / {1} ms",
        "",
    ),
    Line(
        "(3) glass to glass in the browser: microphone to the matching mouth, p50 / p95",
        (Cell("latency", MOUTH), Cell("latency", MOUTH, "p95")),
        "{0} / {1} ms",
        "300 / 400",
    ),
    Line(
        "click to first picture, p50 / p95",
        (
            Cell("latency", "click to first picture (ms)"),
            Cell("latency", "click to first picture (ms)", "p95"),
        ),
        "{0} / {1} ms",
        "1000",
    ),
    Line(
        "voice against picture in the browser (+ late), p50",
        (Cell("latency", "A/V offset, + voice late (ms)"),),
        "{0} ms",
        "±45",
    ),
)
"""Our figures of docs/comparison.md, each by the definition that its page numbers."""


def block(page: str, kind: str) -> str:
    """What stands in a bench's block of the measured page. Raises BenchError without it."""
    _, found, rest = page.partition(f"<!-- bench {kind} -->")
    inside, ended, _ = rest.partition(f"<!-- /bench {kind} -->")
    if not found or not ended:
        raise BenchError(f"the measured page has no block <!-- bench {kind} -->")
    return inside


def command(page: str, kind: str) -> str:
    """The command that a block was made with."""
    parts = block(page, kind).split("`")
    if len(parts) < 3:
        raise BenchError(f"the block of bench {kind} names no command: run it with --table")
    return parts[1]


def value(page: str, cell: Cell) -> str:
    """The text of a cell without its interval. Raises BenchError where there is none."""
    lines = [
        [part.strip() for part in line.strip().strip("|").split("|")]
        for line in block(page, cell.block).splitlines()
        if line.startswith("|")
    ]
    if not lines:
        raise BenchError(f"the block of bench {cell.block} has no table: run it with --table")
    columns = [name.split(" (")[0] for name in lines[0]]
    for line in lines[2:]:
        if line[0] == cell.row:
            return line[columns.index(cell.column)].split(" (")[0] or "-"
    raise BenchError(f"the table of bench {cell.block} has no row {cell.row!r}")


def figures(page: str, lines: Sequence[Line]) -> str:
    """The table of `lines`, from the measured page."""
    made = [HEAD]
    for line in lines:
        values = [_plain(value(page, cell)) for cell in line.cells]
        said = command(page, line.cells[0].block)
        made.append(f"| {line.what} | {line.form.format(*values)} | {line.bar} | `{said}` |")
    return "\n".join(made)


def _plain(text: str) -> str:
    """0.00 -> 0, 8.00 -> 8: a table's digits, a reader's number."""
    return text[:-3] if text.endswith(".00") else text


def refreshed(readme: str, page: str, lines: Sequence[Line] = LINES) -> str:
    """`readme` with its figures from the measured page.

    Raises BenchError where it has no place for them.
    """
    before, found, rest = readme.partition(f"{OPENING}\n")
    _, ended, after = rest.partition(f"{CLOSING}\n")
    if not found or not ended:
        raise BenchError(f"the page has no lines {OPENING} ... {CLOSING}")
    return f"{before}{OPENING}\n\n{figures(page, lines)}\n\n{CLOSING}\n{after}"


def write(readme: Path, measured: Path, lines: Sequence[Line] = LINES) -> bool:
    """Bring a page's figures up to date; whether anything changed."""
    before = readme.read_text(encoding="utf-8")
    after = refreshed(before, measured.read_text(encoding="utf-8"), lines)
    if after != before:
        readme.write_text(after, encoding="utf-8")
    return after != before
