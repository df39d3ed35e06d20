"""`synchrorama bench quality`: the evaluate programs' headline figures, with bars and floors.

Runs in the bench's process; reads what `python -m export evaluate ... ` wrote.
Never works out a figure itself: what was not evaluated is a row without a value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server.bench.latency import Plan
from server.bench.machine import machine, versions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, Row, row

RESULTS = Path("artifacts/evaluate")
WEIGHTS = Path(__file__).parents[2] / "engines" / "weights"


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure of a results file."""

    path: tuple[str, ...]
    """Keys of the JSON; a first key `lines` looks the second up as a line's name."""
    name: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    floor: str = ""
    """What a program that does nothing gets, and why; from the page of the figures."""


@dataclass(frozen=True, slots=True)
class Source:
    """One evaluate program."""

    file: str
    """Under the results folder."""
    weights: str
    """Folder of the nets that it judges."""
    command: str
    headlines: tuple[Headline, ...]


def _lips(key: str, name: str, bar: float, floor: str) -> tuple[Headline, ...]:
    return (
        Headline((key, "r"), f"{name}: r in speech", "", bar, None, floor),
        Headline((key, "closed"), f"{name}: p, b, m closed", "", 0.95),
        Headline((key, "vowels_closed"), f"{name}: open vowels wrongly closed", "", None, 0.02),
    )


LIPS_FLOOR = "0.29 from loudness alone, 0.06 with another clip's sound"
SOURCES = (
    Source(
        "lips.json",
        "lips",
        "python -m export evaluate lips --data DIR --json artifacts/evaluate/lips.json",
        _lips("motion", "lips against real video, motion", 0.80, LIPS_FLOOR),
    ),
    Source(
        "lips-rendered.json",
        "lips",
        "python -m export evaluate lips --data DIR --rendered "
        "--json artifacts/evaluate/lips-rendered.json",
        _lips("aria", "lips against real video, as drawn (aria)", 0.74, LIPS_FLOOR),
    ),
    Source(
        "emotion.json",
        "emotion",
        "python -m export evaluate emotion --data DIR --json artifacts/evaluate/emotion.json",
        (
            Headline(
                ("clean", "uar 2 s"),
                "emotion of an unseen actor after 2 s: recall",
                "",
                0.70,
                None,
                "0.14 by chance (7 classes)",
            ),
            Headline(
                ("clean", "uar 1 s"),
                "emotion of an unseen actor after 1 s: recall",
                "",
                0.62,
                None,
                "0.14 by chance (7 classes)",
            ),
            Headline(("clean", "ccc arousal 2 s"), "arousal after 2 s: concordance", "", 0.87),
        ),
    ),  # fmt: skip
    Source(
        "motion.json",
        "motion",
        "python -m export evaluate motion --data DIR --json artifacts/evaluate/motion.json",
        (
            Headline(
                ("mood", "not tuned on", "recognised"),
                "asked-for emotion recognised on faces not tuned on",
                "",
                0.60,
                None,
                "0.20 by chance (5 classes)",
            ),
        ),
    ),  # fmt: skip
    Source(
        "avatars/figures.json",
        "face",
        "make evaluate-avatars DATA=DIR",
        (
            Headline(("lines", "portraits used"), "held-out portraits taken, of 30", "", 24),
            Headline(
                ("lines", "identity distance moved"),
                "identity distance, moved, worst",
                "",
                None,
                0.45,
                "0.6 and more between two people",
            ),
        ),
    ),  # fmt: skip
    Source(
        "renderer/figures.json",
        "renderer",
        "make evaluate-renderer DATA=DIR",
        (
            Headline(
                ("lines", "mouth, strangers, all: dB over the motion frame"),
                "drawn mouths of strangers: PSNR over the motion frame",
                "dB",
                1.0,
                None,
                "0 is the motion frame",
            ),
            Headline(
                ("lines", "mouth, strangers, all: LPIPS-like share"),
                "drawn mouths of strangers: perceived error, share of the motion frame's",
                "",
                None,
                0.90,
                "1 is the motion frame",
            ),
        ),
    ),  # fmt: skip
)


async def quality(plan: Plan, results: Path, tell: Callable[[str], None]) -> Result:
    """Every headline that was evaluated. Raises BenchError when there is none at all."""
    rows: list[Row] = []
    notes: list[str] = []
    raw: dict[str, Any] = {}
    for source in SOURCES:
        path = results / source.file
        found = read(path)
        raw[source.file] = None if found is None else day(path)
        notes += _notes(source, path, found)
        rows += [_row(headline, found) for headline in source.headlines]
    if all(found is None for found in raw.values()):
        raise BenchError(f"nothing was evaluated into {results}; first: {SOURCES[0].command}")
    tell(f"{sum(found is not None for found in raw.values())} of {len(SOURCES)} results found")
    return Result(
        kind="quality",
        command=plan.command,
        rows=rows,
        notes=[*notes, *_floors(SOURCES)],
        machine=machine(),
        versions=versions(),
        raw={"evaluated": raw},
    )


def read(path: Path) -> dict[str, Any] | None:
    """A results file, or None when there is none. Raises BenchError for another content."""
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BenchError(f"{path}: no results of an evaluate program: {error}") from error
    if not isinstance(found, dict):
        raise BenchError(f"{path}: no results of an evaluate program: not a JSON object")
    return found


def figure(found: dict[str, Any], path: Sequence[str]) -> float | None:
    """The number at `path`, or None when this run did not measure it."""
    if path[0] == "lines":
        lines = found.get("lines")
        for line in lines if isinstance(lines, list) else []:
            if line.get("name") == path[1]:
                return _number(line.get(line.get("by") or "median"))
        return None
    here: Any = found
    for key in path:
        here = here.get(key) if isinstance(here, dict) else None
    return _number(here)


def _number(value: object) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return float(str(value)) if good else None


def _row(headline: Headline, found: dict[str, Any] | None) -> Row:
    value = None if found is None else figure(found, headline.path)
    return row(headline.name, headline.unit, [value], Bar("p50", headline.high, headline.low))


def day(path: Path) -> str:
    """When the results were written."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()


def _notes(source: Source, path: Path, found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return [f"Not evaluated: {source.file}. `{source.command}`"]
    said = [f"{source.file} of {day(path)}: `{source.command}`"]
    nets = [net.stat().st_mtime for net in (WEIGHTS / source.weights).glob("*") if net.is_file()]
    if nets and max(nets) > path.stat().st_mtime:
        said.append(f"**{source.file} is older than the installed weights of {source.weights}.**")
    return said


def _floors(sources: Sequence[Source]) -> list[str]:
    return [
        f"Floor of *{headline.name}*: {headline.floor}."
        for source in sources
        for headline in source.headlines
        if headline.floor
    ]
