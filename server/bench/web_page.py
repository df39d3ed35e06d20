"""The HTML report of a run or of the history: one file, no script, nothing fetched.

Pure but for its style sheet, which it reads.
Never leaves a word of a document unescaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from server.bench import plots
from server.bench.document import Document, RowOf
from server.bench.report import stolen

STYLE = Path(__file__).parent / "page" / "report.css"

PARTS = (
    ("mouth: microphone to media clock", "microphone to media clock"),
    ("mouth: media clock to release", "media clock to release"),
    ("mouth: release to screen", "release to screen"),
)
STAGES = "stage: "
"""Rows named so are finer parts, joined by the picture's number."""
FINE = (
    PARTS[0],
    ("stage: media clock to drawn", "media clock to drawn"),
    ("stage: drawn to release", "drawn to release"),
    ("stage: release to last packet", "release to last packet"),
    ("mouth: last packet to screen", "last packet to screen"),
)
TOTAL = "audio to matching mouth"


def report(document: Document) -> str:
    """One run: tiles of its bars, plots, the whole table, and how it was made."""
    title = f"bench {document.kind}"
    verdict = "every bar held" if document.held else "a bar was missed"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="muted"><code>{escape(document.command)}</code><br>{escape(document.when)} · '
        f"commit {escape(document.commit or 'unknown')} · {verdict}</p>",
        _tiles(document),
        *_plots(document),
        "<h2>Everything measured</h2>",
        _table(document.rows),
        "<h2>What to know</h2>",
        "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in document.notes) + "</ul>",
        "<h2>Machine and versions</h2>",
        _pairs({**document.machine, **document.versions}),
        "<h2>Settings</h2>",
        _pairs(document.settings) if document.settings else '<p class="muted">the defaults</p>',
    ]
    return _page(title, body)


def history(documents: Sequence[Document]) -> str:
    """Runs of one kind or several, oldest first: a plot over commits for each row with a bar."""
    body = [
        "<h1>bench history</h1>",
        f'<p class="muted">{len(documents)} runs; p50 with its 95 % interval, dashed: the bar. '
        "Only runs on one kind of machine can be compared; at * its host gave part of it to "
        "others.</p>",
    ]
    for kind in sorted({document.kind for document in documents}):
        of_kind = [document for document in documents if document.kind == kind]
        names = {row.name: row for document in of_kind for row in document.rows if row.bars}
        body.append(f"<h2>{escape(kind)}</h2>")
        body += [_over_commits(of_kind, row) for row in names.values()]
    return _page("bench history", body)


def _over_commits(documents: Sequence[Document], row: RowOf) -> str:
    found = [
        (f"{_name(document)}\n{document.when[5:10]}", there.summary)
        for document in documents
        if (there := document.row(row.name)) is not None and there.summary is not None
    ]
    if not found:
        return ""
    svg = plots.over_commits(
        [name for name, _ in found],
        [summary.p50 for _, summary in found],
        [summary.p50_interval for _, summary in found],
        next((bar.high for bar in row.bars if bar.high is not None), row.bars[0].low),
        row.unit,
        f"history of {row.name}",
    )
    return _figure(row.name, svg)


def _name(document: Document) -> str:
    return f"{document.commit or '?'}{'*' if stolen(document.machine) else ''}"


def _tiles(document: Document) -> str:
    made = []
    for row in document.rows:
        if not row.bars:
            continue
        value = "-" if row.summary is None else _number(_judged(row))
        state = "yes" if row.held else "no"
        bars = ", ".join(_bar(row, index) for index in range(len(row.bars)))
        word = "held" if row.held else "missed"
        made.append(
            f'<div class="tile"><span class="muted">{escape(row.name)}</span>'
            f"<b>{value} <small>{escape(row.unit)}</small></b>"
            f'<small><span class="{state}">{word}</span> {escape(bars)}</small></div>'
        )
    return f'<div class="tiles">{"".join(made)}</div>' if made else ""


def _judged(row: RowOf) -> float:
    """The quantile that the first bar is on."""
    value: float = getattr(row.summary, row.bars[0].quantile)
    return value


def _bar(row: RowOf, index: int) -> str:
    bar = row.bars[index]
    if bar.low is not None and bar.high is not None:
        return f"{bar.quantile} {bar.low:g} to {bar.high:g}"
    return (
        f"{bar.quantile} ≥ {bar.low:g}" if bar.low is not None else f"{bar.quantile} ≤ {bar.high:g}"
    )


def _plots(document: Document) -> Iterable[str]:
    made: list[str] = []
    total = document.row(TOTAL)
    for names in (FINE, PARTS):
        parts = [
            (words, row.summary.p50)
            for name, words in names
            if (row := document.row(name)) is not None and row.summary is not None
        ]
        if len(parts) == len(names) and total is not None and total.summary is not None:
            svg = plots.waterfall(parts, total.summary.p50, "waterfall of the mouth")
            made.append(_figure("Where the time to the matching mouth goes, p50 of each part", svg))
            break
    for row in document.rows:
        if len(row.samples) >= 5 and not row.name.startswith(STAGES) and (row.bars or row is total):
            made += _of_row(row)
    return ["<h2>Plots</h2>", *made] if made else []


def _of_row(row: RowOf) -> list[str]:
    bounds = [side for bar in row.bars for side in (bar.low, bar.high) if side is not None]
    bounds = [side for side in bounds if min(row.samples) / 3 <= side <= 3 * max(row.samples)]
    spread = plots.distribution(row.samples, row.unit, bounds, f"distribution of {row.name}")
    order = [float(index) for index in range(len(row.samples))]
    line = plots.timeline([(row.name, order, row.samples)], f"time line of {row.name}")
    line = line.replace(">seconds<", ">sample<")
    pair = [
        _figure(f"{row.name}: share of samples at or below ({row.unit})", spread),
        _figure(f"{row.name}: in the order of measuring ({row.unit})", line),
    ]
    return [f'<div class="pair">{"".join(pair)}</div>']


def _figure(caption: str, svg: str) -> str:
    head = f'<figcaption class="muted">{escape(caption)}</figcaption>'
    return f'<figure class="plot">{head}{svg}</figure>'


def _table(rows: Sequence[RowOf]) -> str:
    head = ("measured", "n", "p50", "95 %", "p95", "p99", "max", "bar", "held")
    lines = ["<tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr>"]
    for row in rows:
        name = f"{row.name} ({row.unit})" if row.unit else row.name
        found = row.summary
        cells = ["-"] * 6
        if found is not None:
            low, high = found.p50_interval
            cells = [str(found.count), _number(found.p50), f"{_number(low)} to {_number(high)}"]
            cells += [_number(value) for value in (found.p95, found.p99, found.high)]
            if found.count == 1:
                cells[2:] = [""] * 4
        bars = ", ".join(_bar(row, index) for index in range(len(row.bars)))
        held = {None: "", True: '<span class="yes">yes</span>', False: '<span class="no">NO</span>'}
        line = "".join(f"<td>{escape(cell)}</td>" for cell in (name, *cells, bars))
        lines.append(f"<tr>{line}<td>{held[row.held]}</td></tr>")
    return f'<div class="table"><table>{"".join(lines)}</table></div>'


def _pairs(values: dict[str, object]) -> str:
    lines = [
        f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>" for key, value in values.items()
    ]
    return f"<dl>{''.join(lines)}</dl>"


def _number(value: float) -> str:
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _page(title: str, body: Iterable[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )
