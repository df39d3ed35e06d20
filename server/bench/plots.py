"""Plots of a run as SVG text: waterfall, distribution, time line, history.

Pure but for matplotlib, on the bench's main thread.
Never names a colour of the page: ink and lines are CSS variables, so that light and dark both read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from server.bench.needs import need

INK, MUTED, GRID = "#010101", "#020202", "#030303"
SERIES = ("#040400", "#040401", "#040402", "#040403")
"""Placeholders: matplotlib wants colours, the page has variables."""
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    **{colour: f"var(--series-{index + 1})" for index, colour in enumerate(SERIES)},
}
WIDTH_IN, HALF_IN = 8.6, 5.0
"""Of a plot alone in its line, and of one of two."""
MOST_POINTS = 1500
"""Of one line in a plot; more would only make the page heavy."""


def waterfall(parts: Sequence[tuple[str, float]], total: float | None, label: str) -> str:
    """Bars one after the other in ms: where a time goes; `total` is drawn below them."""
    figure, axes = _figure(0.62 + 0.36 * (len(parts) + (total is not None)))
    start = 0.0
    bars: list[tuple[str, float, float]] = []
    for name, value in parts:
        bars.append((name, start, value))
        start += value
    if total is not None:
        bars.append(("measured end to end (p50)", 0.0, total))
    longest = max((begin + value for _, begin, value in bars), default=1.0)
    for index, (_, begin, value) in enumerate(bars):
        whole = total is not None and index == len(bars) - 1
        colour = SERIES[1] if whole else SERIES[0]
        axes.barh(index, value, left=begin, height=0.58, color=colour, gid=f"bar-{index}")
        text = f"{value:.0f} ms"
        axes.text(begin + value + longest * 0.01, index, text, va="center", color=INK, fontsize=9)
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.invert_yaxis()
    axes.set_xlim(0, longest * 1.12)
    return _svg(figure, axes, label)


def distribution(samples: Sequence[float], unit: str, bars: Sequence[float], label: str) -> str:
    """Share of samples at or below each value, p50 p95 p99 marked; `bars` are bounds."""
    figure, axes = _figure(2.4, HALF_IN)
    values = np.sort(np.asarray(samples, dtype=np.float64))
    shares = np.arange(1, len(values) + 1) / len(values)
    step = -(-len(values) // MOST_POINTS)
    axes.step(values[::step], shares[::step], where="post", color=SERIES[0], linewidth=1.8)
    for share in (0.5, 0.95, 0.99):
        at = float(np.percentile(values, 100 * share))
        axes.plot([at], [share], "o", color=SERIES[0], markersize=5)
        # p95 to the left of the line: beside p99 it could not be read.
        left = share == 0.95
        place = (-7, -4) if left else (7, -11)
        text = f"p{share * 100:.0f}  {at:.0f}"
        axes.annotate(
            text, (at, share), place, textcoords="offset points", color=INK, fontsize=9,
            ha="right" if left else "left",
        )  # fmt: skip
    for bound in bars:
        axes.axvline(bound, color=SERIES[3], linewidth=1.2, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 1.03)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xlabel(unit)
    return _svg(figure, axes, label)


def timeline(lines: Sequence[tuple[str, Sequence[float], Sequence[float]]], label: str) -> str:
    """Named series over seconds: (name, seconds, values)."""
    figure, axes = _figure(2.4, HALF_IN)
    for index, (name, at_s, values) in enumerate(lines):
        step = -(-len(at_s) // MOST_POINTS)
        colour = SERIES[index % len(SERIES)]
        axes.plot(at_s[::step], values[::step], color=colour, linewidth=1.2, label=name, alpha=0.95)
    axes.set_xlabel("seconds")
    if len(lines) > 1:
        axes.legend(frameon=False, labelcolor=INK, fontsize=9, ncols=len(lines), loc="upper left")
        axes.margins(y=0.25)
    return _svg(figure, axes, label)


def over_commits(
    names: Sequence[str], values: Sequence[float], intervals: Sequence[tuple[float, float]],
    bound: float | None, unit: str, label: str,
) -> str:  # fmt: skip
    """p50 of one row, run after run, with its interval; `bound` is the bar."""
    figure, axes = _figure(2.3)
    at = np.arange(len(values))
    middle = np.asarray(values, dtype=np.float64)
    low = middle - [interval[0] for interval in intervals]
    high = np.asarray([interval[1] for interval in intervals]) - middle
    spread = np.maximum(np.stack([low, high]), 0)
    axes.errorbar(
        at, middle, yerr=spread, color=SERIES[0], marker="o", markersize=5, capsize=3, linewidth=1.4
    )
    if bound is not None:
        axes.axhline(bound, color=SERIES[3], linewidth=1.2, linestyle=(0, (4, 3)))
    every = -(-len(names) // 12)
    axes.set_xticks(at[::every], list(names)[::every])
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_ylim(bottom=min(0.0, float(middle.min())))
    axes.set_ylabel(unit)
    return _svg(figure, axes, label)


def _figure(height_in: float, width_in: float = WIDTH_IN) -> tuple[Any, Any]:
    need("matplotlib")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=MUTED, labelcolor=INK, length=0, labelsize=9)
    axes.xaxis.label.set_color(MUTED)
    axes.yaxis.label.set_color(MUTED)
    return figure, axes


def _svg(figure: Any, axes: Any, label: str) -> str:
    matplotlib = need("matplotlib")
    out = io.StringIO()
    # Text stays text (the page's own font); the salt makes equal plots equal files.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for placeholder, variable in VARIABLES.items():
        svg = svg.replace(placeholder, variable)
    svg = re.sub(r"font: ([0-9.]+)px [^\";]*", r"font-size: \1px", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    # Several plots share one page: their inner names must not meet.
    prefix = re.sub(r"[^a-z0-9]", "", label.lower())
    svg = re.sub(r'(id="|href="#|url\(#)', lambda found: f"{found[1]}{prefix}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
