"""Tables and bars of the renderer's figures, from scores of single pictures.

Offline; pure functions.
Never lets a mean stand without its interval and its median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engines.values import F32
from export.evaluate.avatar_table import Line, count
from export.evaluate.renderer_draw import FRAME
from export.evaluate.renderer_metrics import Spread, ratio, spread
from export.evaluate.renderer_score import Scored, Scores
from export.judges.perceptual import frechet

ALL = "all"
WIDE = {"mouth": "open", "eye": "blink"}
STRANGERS = "strangers"
"""Stills of people that training did not see: restore and cycle together."""
_FEW = 8
"""Pictures below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way on one part of the pictures."""

    kind: str
    part: str
    way: str
    psnr: Spread
    gain: Spread
    """Decibels over the motion frame, picture by picture."""
    ssim: Spread
    lpips: Spread
    lpips_share: Spread
    """Of the motion frame's: mean over mean."""
    sharp: Spread
    """Of the truth's: mean over mean, on lips, lids and openings."""
    frechet: float | None


def joined(name: str, parts: Sequence[Scored]) -> Scored | None:
    """Several kinds as one; None for none."""
    if not parts:
        return None
    ways = {way: _together([p.ways[way] for p in parts]) for way in parts[0].ways}

    def column(field: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(p, field) for p in parts])

    return Scored(
        name,
        column("people").astype(str),
        column("base").astype(bool),
        column("wide").astype(bool),
        ways,
        _together([p.truth for p in parts]),
    )


def rows_of(box: str, scored: Scored) -> list[Row]:
    """All ways on all pictures, then on the open ones."""
    out = []
    for part, use in ((ALL, scored.base), (WIDE[box], scored.wide)):
        if int(use.sum()) < _FEW:
            continue
        people = [str(name) for name in scored.people[use]]
        floor = scored.ways[FRAME]
        for name, way in scored.ways.items():
            out.append(
                Row(
                    scored.kind,
                    part,
                    name,
                    spread(way.column("psnr")[use], people),
                    spread((way.column("psnr") - floor.column("psnr"))[use], people),
                    spread(way.column("ssim")[use], people),
                    spread(way.column("lpips")[use], people),
                    ratio(way.column("lpips")[use], floor.column("lpips")[use], people),
                    ratio(way.column("sharp")[use], scored.truth.column("sharp")[use], people),
                    _frechet(way.pooled, scored.truth.pooled, use),
                )
            )
    return out


def markdown(box: str, rows: Sequence[Row]) -> list[str]:
    """One table for each kind and part."""
    out: list[str] = []
    for kind, part in dict.fromkeys((row.kind, row.part) for row in rows):
        mine = [row for row in rows if (row.kind, row.part) == (kind, part)]
        first = mine[0].psnr
        out += [
            f"### {box}, {kind}, {part}: {first.count} pictures of {first.people}",
            "",
            "| | PSNR, median | over the motion frame, dB | SSIM | LPIPS-like | "
            "of the motion frame's | sharp, of truth | Frechet |",
            "|---|---|---|---|---|---|---|---|",
            *(_line(row) for row in mine),
            "",
        ]
    return out


def bars(rows: dict[str, Sequence[Row]], way: str, teacher: str, plain: str) -> list[Line]:
    """The bars of the renderer; `rows` by box. What was not scored says so."""
    lines = []
    for box, kind, part, gain, share in (
        ("mouth", STRANGERS, ALL, 1.0, 0.90),
        ("mouth", STRANGERS, "open", 3.0, 0.85),
        ("mouth", "grid", ALL, 2.0, 0.80),
        ("eye", STRANGERS, ALL, 0.0, 1.0),
        ("eye", "grid", "blink", 0.0, 1.0),
    ):
        row = find(rows.get(box, ()), kind, part, way)
        name = f"{box}, {kind}, {part}"
        lines.append(
            _bar(f"{name}: dB over the motion frame", row.gain if row else None, gain, True)
        )
        lines.append(
            _bar(f"{name}: LPIPS-like share", row.lpips_share if row else None, share, False)
        )
    mouth = rows.get("mouth", ())
    one = find(mouth, STRANGERS, ALL, way)
    for name, other, bar in (("teacher", teacher, 1.1), ("plain regressor", plain, 1.0)):
        row = find(mouth, STRANGERS, ALL, other)
        value = one.lpips.mean / row.lpips.mean if one and row and row.lpips.mean else None
        lines.append(count(f"mouth, LPIPS-like of the {name}'s", value, bar, at_least=False))
    row = find(mouth, STRANGERS, "open", way)
    lines.append(
        _bar("mouth, strangers, open: sharpness of truth", row.sharp if row else None, 0.9, True)
    )
    return lines


def find(rows: Sequence[Row], kind: str, part: str, way: str) -> Row | None:
    """The row of that name, if there is one."""
    for row in rows:
        if (row.kind, row.part, row.way) == (kind, part, way):
            return row
    return None


def as_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Everything measured."""
    return [asdict(row) for row in rows]


def _bar(name: str, value: Spread | None, bar: float, at_least: bool) -> Line:
    if value is None:
        return count(name, None, bar, at_least=at_least)
    note = f"{value.low:.3g} to {value.high:.3g}; median {value.median:.3g}"
    return count(name, value.mean, bar, at_least=at_least, note=note)


def _line(row: Row) -> str:
    def cell(value: Spread, digits: int) -> str:
        wide = f"{value.low:.{digits}f} to {value.high:.{digits}f}"
        return f"{value.mean:.{digits}f} ({wide}), {value.median:.{digits}f}"

    cells = [
        row.way,
        f"{row.psnr.mean:.2f}, {row.psnr.median:.2f}",
        cell(row.gain, 2),
        f"{row.ssim.mean:.3f}",
        f"{row.lpips.mean:.4f}, {row.lpips.median:.4f}",
        cell(row.lpips_share, 3),
        f"{row.sharp.mean:.2f}",
        "-" if row.frechet is None else f"{row.frechet:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _frechet(drawn: Sequence[F32], truth: Sequence[F32], use: NDArray[np.bool_]) -> float | None:
    if not drawn or not truth:
        return None
    return frechet(np.concatenate(drawn)[use], np.concatenate(truth)[use])


def _together(parts: Sequence[Scores]) -> Scores:
    names = (f.name for f in fields(Scores))
    return Scores(**{name: [c for part in parts for c in getattr(part, name)] for name in names})
