"""`synchrorama bench compare A.json B.json`: is the second run better, worse or the same?

Pure; told two documents, says which differences are more than noise.
Never calls a difference real that two runs of the same thing show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.bench.document import Document, RowOf
from server.bench.needs import need
from server.bench.report import pace_ms, stolen

RESAMPLES = 1000
ALPHA = 0.01
"""Twenty rows are compared: at 0.05 one of them would always be told."""
REPEATABLE = 0.10
"""Two runs of the same thing may differ by this much at p50 (the bench's own bar)."""
FEW = 5
LONGEST = 2000
"""Samples of a row that are looked at, evenly chosen: pictures in a row depend on each other."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of both runs."""

    name: str
    unit: str
    before: float
    """p50 of the first."""
    after: float
    ratio: float | None
    """after / before; None where the first is 0 or signs differ."""
    difference: tuple[float, float]
    """95 % of after - before, by the bootstrap of both."""
    p_value: float | None
    """Mann-Whitney, two-sided; None with fewer than five samples on a side."""
    verdict: str
    """within noise, better, worse, changed, too few to tell."""


def compare(before: Document, after: Document) -> list[Pair]:
    """Rows that both have, in the order of the first. Raises BenchError without scipy."""
    pairs = []
    for row in before.rows:
        other = after.row(row.name)
        if row.samples and other is not None and other.samples and other.unit == row.unit:
            pairs.append(_pair(row, other))
    return pairs


def _pair(row: RowOf, other: RowOf) -> Pair:
    first, second = _thin(row.samples), _thin(other.samples)
    before, after = float(np.median(row.samples)), float(np.median(other.samples))
    ratio = after / before if before * after > 0 else None
    bounds = _difference(first, second)
    p_value = _rank_test(first, second)
    verdict = _verdict(row, before, after, bounds, p_value)
    return Pair(row.name, row.unit, before, after, ratio, bounds, p_value, verdict)


def _thin(samples: Sequence[float]) -> Sequence[float]:
    return samples[:: -(-len(samples) // LONGEST)]


def _difference(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    found = _medians(np.asarray(second), rng) - _medians(np.asarray(first), rng)
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _medians(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    chosen = rng.integers(0, len(values), (RESAMPLES, len(values)))
    medians: NDArray[np.float64] = np.median(values[chosen], axis=1)
    return medians


def _rank_test(first: Sequence[float], second: Sequence[float]) -> float | None:
    if min(len(first), len(second)) < FEW:
        return None
    stats = need("scipy.stats")
    return float(stats.mannwhitneyu(first, second, alternative="two-sided").pvalue)


def _verdict(
    row: RowOf, before: float, after: float, bounds: tuple[float, float], p_value: float | None
) -> str:
    if before == after:
        return "within noise"
    if p_value is None:
        return "too few to tell"
    large = abs(after - before) > REPEATABLE * max(abs(before), abs(after))
    real = p_value < ALPHA and not bounds[0] <= 0 <= bounds[1]
    if not (large and real):
        return "within noise"
    better = less_is_better(row)
    if better is None:
        return "changed"
    return "better" if (after < before) is better else "worse"


def less_is_better(row: RowOf) -> bool | None:
    """By its bars, else by its unit; None where neither says (an offset, a count)."""
    sides = {(bar.low is not None, bar.high is not None) for bar in row.bars}
    if sides == {(False, True)}:
        return True
    if sides == {(True, False)}:
        return False
    if sides:
        return None
    return True if row.unit in ("ms", "MiB", "cores") and "offset" not in row.name else None


HEAD = (
    "| measured | before | after | ratio | difference (95 %) | verdict |\n|---|---|---|---|---|---|"
)


def table(before: Document, after: Document, pairs: Sequence[Pair]) -> str:
    """Markdown: both commands and machines, a row for each pair, and what a verdict means."""
    lines = [f"before: `{before.command}`, commit {before.commit}, {before.when}"]
    lines += [f"after: `{after.command}`, commit {after.commit}, {after.when}", ""]
    if before.machine.get("cpu") != after.machine.get("cpu"):
        lines += ["**Two kinds of machine: ratios are of machines, not of programs.**", ""]
    if taken := [each.machine["stolen"] for each in (before, after) if stolen(each.machine)]:
        lines += [
            f"**The host took up to {max(taken):.0%} of the machine from one of the runs: measure "
            "again before you believe a difference.**",
            "",
        ]
    paces = [pace for each in (before, after) if (pace := pace_ms(each.machine))]
    if len(paces) == 2 and max(paces) > (1 + REPEATABLE) * min(paces):
        lines += [
            f"**The machine itself took {paces[1] / paces[0]:.2f} of the time for a fixed loop in "
            "the second run: ratios of processor time tell of that too.**",
            "",
        ]
    lines.append(HEAD)
    for each in pairs:
        unit = f" ({each.unit})" if each.unit else ""
        ratio = "-" if each.ratio is None else f"{each.ratio:.2f}"
        low, high = each.difference
        lines.append(
            f"| {each.name}{unit} | {each.before:.4g} | {each.after:.4g} | {ratio} "
            f"| {low:+.3g} to {high:+.3g} | {each.verdict} |"
        )
    lines += [
        "",
        f"Values are p50. A difference counts when it is over {REPEATABLE:.0%}, its bootstrap "
        f"interval leaves 0 out, and Mann-Whitney gives p < {ALPHA:g}; less is *within noise*.",
    ]
    return "\n".join(lines) + "\n"
