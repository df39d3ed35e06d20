"""The figures of many avatars as lines: median, p95, worst, the bar, and whether it is met.

Pure functions.
Never hides a figure that was not measured: its line says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from export.evaluate.avatar_measure import Measured
from export.evaluate.avatar_motions import GRADED, LEVELS
from export.evaluate.avatar_reading import correlation

FLAW_PX = 30
"""A picture counts as flawed from this many pixels of one kind on: a patch of 5 x 6."""
FLAWS = ("hole", "tear", "streak", "fold", "double")
USED = 24
REST, EXTREME = 0.25, 0.45
READ_BACK = 0.85
FRAME_MS = 12.0
WALL_OFF = 2.0
ONBOARDING_S = 30.0


@dataclass(frozen=True, slots=True)
class Line:
    """One row; `bar` holds for `judged`, the figure named in `by`."""

    name: str
    median: float | None = None
    p95: float | None = None
    worst: float | None = None
    by: str = ""
    """"median", "p95" or "worst"."""
    bar: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """One of: met, MISSED, not measured, or nothing where there is no bar."""
        if self.median is None:
            return "not measured"
        if self.bar is None:
            return ""
        value = {"median": self.median, "p95": self.p95, "worst": self.worst}[self.by]
        if value is None or not np.isfinite(value):
            return "MISSED"
        met = value >= self.bar if self.at_least else value <= self.bar
        return "met" if met else "MISSED"


def spread(
    name: str,
    values: Sequence[float],
    by: str = "",
    bar: float | None = None,
    *,
    at_least: bool = False,
    note: str = "",
) -> Line:
    """A line from many values; nan (nothing was seen) is left out and counted in the note."""
    given = np.asarray(values, float)
    kept = given[np.isfinite(given)]
    lost = len(given) - len(kept)
    words = "; ".join(w for w in (note, f"{lost} of {len(given)} not seen" if lost else "") if w)
    if not len(kept):
        return Line(name, by=by, bar=bar, at_least=at_least, note=words)
    tail, worst = (5, kept.min()) if at_least else (95, kept.max())
    p95 = float(np.percentile(kept, tail))
    return Line(name, float(np.median(kept)), p95, float(worst), by, bar, at_least, words)


def count(name: str, value: float | None, bar: float, *, at_least: bool, note: str = "") -> Line:
    """A line of one number."""
    return Line(name, value, None, None, "median", bar, at_least, note)


def drawn_lines(drawn: Sequence[Measured]) -> list[Line]:
    """What needs no judge."""
    lines = []
    pictures = sum(len(d.flaws) for d in drawn)
    for kind in FLAWS:
        pixels = [float(getattr(f, kind)) for d in drawn for f in d.flaws]
        flawed = sum(p > FLAW_PX for p in pixels)
        words = f"{flawed} of {pictures} pictures over {FLAW_PX}"
        bar = float(FLAW_PX) if kind in ("hole", "tear") else None
        lines.append(spread(f"{kind} pixels a picture", pixels, "worst", bar, note=words))
    pairs = [float(c) for d in drawn for c in d.crossed]
    lines.append(spread("crossed lip points a picture", pairs, "worst", 0.0))
    walls = [d.wall_off for d in drawn]
    lines.append(spread("wall at rest, grey levels from the photo", walls, "worst", WALL_OFF))
    times = [ms for d in drawn for ms in d.frame_ms]
    lines.append(spread("frame, ms CPU, one thread", times, "median", FRAME_MS))
    made = [d.onboarding_s for d in drawn if d.onboarding_s > 0]
    lines.append(spread("onboarding, s CPU", made, "worst", ONBOARDING_S))
    lines.append(spread("bundle on disk, MiB", [d.bundle_bytes / 2**20 for d in drawn]))
    lines.append(spread("renderer in memory, MiB", [d.renderer_bytes / 2**20 for d in drawn]))
    return lines


def judged_lines(drawn: Sequence[Measured]) -> list[Line]:
    """What the judges say; lines without figures where they were not asked."""
    rest = [d.identity[0] for d in drawn if d.identity]
    moved = [v for d in drawn for v in d.identity[1:]]
    at_rest = [100 * d.mesh_error[0] for d in drawn if d.mesh_error]
    away = [100 * v for d in drawn for v in d.mesh_error[1:]]
    lines = [
        spread("identity distance at rest", rest, "worst", REST, note=_share(rest, REST)),
        spread("identity distance moved", moved, "worst", EXTREME, note=_share(moved, EXTREME)),
        spread("seen against commanded, rest, %", at_rest),
        spread("seen against commanded, moved, %", away),
    ]
    for gauge in GRADED:
        for way in ("shapes", "ratios"):
            lines += _read_lines(drawn, gauge, way)
    return lines


def by_motion(drawn: Sequence[Measured]) -> list[str]:
    """A small table: each motion's flawed pictures, identity distance and mesh error (medians)."""
    if not drawn:
        return []
    out = [f"{'motion':<14}" + "".join(f"{kind:>8}" for kind in FLAWS) + "  identity  mesh %"]
    for i, motion in enumerate(drawn[0].motions):
        cells = [sum(getattr(d.flaws[i], kind) > FLAW_PX for d in drawn) for kind in FLAWS]
        who = _median([d.identity[i] for d in drawn if d.identity])
        mesh = _median([100 * d.mesh_error[i] for d in drawn if d.mesh_error])
        out.append(f"{motion.name:<14}" + "".join(f"{c:>8}" for c in cells) + f"{who:>10}{mesh:>8}")
    return out


def written(lines: Sequence[Line]) -> str:
    """The table."""
    out = [f"{'':<40}{'median':>9}{'p95':>9}{'worst':>9}  bar"]
    for line in lines:
        cells = "".join(
            f"{'' if v is None else format(v, '.3g'):>9}"
            for v in (line.median, line.p95, line.worst)
        )
        bar = ""
        if line.bar is not None:
            bar = f"{line.by} {'>=' if line.at_least else '<='} {line.bar:g}: "
        out.append(f"{line.name:<40}{cells}  {bar}{line.verdict}  {line.note}".rstrip())
    return "\n".join(out)


def _read_lines(drawn: Sequence[Measured], gauge: str, way: str) -> list[Line]:
    name = f"read back r, {gauge}, {way}"
    rows = [np.asarray(d.read[gauge][way]) for d in drawn if gauge in d.read]
    if not rows:
        return [spread(name, [], "median", READ_BACK, at_least=True)]
    whole = [row for row in rows if np.isfinite(row).all()]
    each = [correlation(LEVELS, row.tolist()) for row in whole]
    each += [float("nan")] * (len(rows) - len(whole))
    # A person's own ratio at rest is taken off: faces differ, and so do a tracker's zero points.
    seen = np.concatenate([row - row[0] for row in whole]) if whole else np.zeros(0)
    pooled = correlation(list(LEVELS) * len(whole), seen.tolist())
    return [
        spread(name, each, "median", READ_BACK, at_least=True),
        count(f"{name}, pooled", pooled, READ_BACK, at_least=True),
    ]


def _share(values: Sequence[float], bar: float) -> str:
    kept = [v for v in values if np.isfinite(v)]
    return f"{sum(v <= bar for v in kept)} of {len(kept)} within" if kept else ""


def _median(values: Sequence[float]) -> str:
    kept = [v for v in values if np.isfinite(v)]
    return f"{np.median(kept):.2f}" if kept else "-"
