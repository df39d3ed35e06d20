"""What a run's delay consists of, half minute by half minute: says which part moved.

Pure; from what one client recorded to a median of each part for each span.
Never judges: the bars are on the whole run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from server.bench.analyse import Sound

SPAN_S = 30.0
SOUND_PARTS = (
    ("audio to matching mouth", "mouth"),
    ("audio to returned voice", "echo"),
    ("A/V offset", "av"),
    ("microphone to media clock", "uplink"),
    ("media clock to drawn", "drawing"),
    ("drawn to release", "waiting"),
    ("release to screen", "downlink"),
    ("last packet to screen", "display"),
)
BUFFERS = tuple(
    (f"{kind} {name}", kind, index)
    for kind in ("audio", "video")
    for name, index in (("jitter buffer", 0), ("buffer's target", 2), ("buffer for jitter", 3))
)
"""Each by its counter's place in a look: seconds held, frames out, of target, of minimum."""

Series = dict[str, list[float | None]]
"""Of each part, one value in ms for each span; None where nothing was measured in it."""


def series(
    found: Sequence[Sound], raw: Mapping[str, Sequence[Mapping[str, Any]]], from_ms: float
) -> Series:
    """Medians of each span of 30 s after `from_ms` (wall); `raw` is what the page recorded."""
    samples: dict[str, list[tuple[float, float]]] = {}
    for name, key in SOUND_PARTS:
        values = [(each.at_ms, getattr(each, key)) for each in found]
        samples[name] = [(at_ms, value) for at_ms, value in values if value is not None]
    samples["server: playout delay"] = [
        (float(event["at_ms"]), float(event["delay_ms"]))
        for event in raw.get("events", ())
        if event.get("type") == "stats"
    ]
    for name, kind, index in BUFFERS:
        samples[name] = held(raw.get("buffers", ()), kind, index)
    samples["audio device"] = held(raw.get("buffers", ()), "device")
    samples["A/V offset by the browser's own estimate"] = believed(raw.get("buffers", ()))
    samples = {name: each for name, each in samples.items() if each}
    if not samples:
        return {}
    until_ms = max(at_ms for each in samples.values() for at_ms, _ in each)
    spans = max(1, round((until_ms - from_ms) / (1000 * SPAN_S)))
    return {name: _medians(each, from_ms, spans) for name, each in samples.items()}


def held(
    looks: Sequence[Mapping[str, Any]], kind: str, index: int = 0
) -> list[tuple[float, float]]:
    """(wall ms, mean ms) between each two looks of a counter of seconds of the buffer."""
    found = []
    for before, after in pairwise(looks):
        old, new = before.get(kind, ()), after.get(kind, ())
        if index < min(len(old), len(new)) and new[1] > old[1]:
            value = 1000 * (new[index] - old[index]) / (new[1] - old[1])
            found.append((float(after["at_ms"]), value))
    return found


def believed(looks: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """(wall ms, ms by which the voice is late) as the browser's lip sync sees it."""
    found = []
    for look in looks:
        voice, picture = look.get("playing", (0, 0))
        if voice and picture:
            found.append((float(look["at_ms"]), float(picture - voice)))
    return found


def text(found: Series) -> list[str]:
    """One line for each part, for a result's notes."""
    return [
        f"By half minutes, {name} (ms): "
        + ", ".join("-" if value is None else f"{value:.0f}" for value in values)
        + "."
        for name, values in found.items()
    ]


def _medians(
    samples: Sequence[tuple[float, float]], from_ms: float, spans: int
) -> list[float | None]:
    kept: list[list[float]] = [[] for _ in range(spans)]
    for at_ms, value in samples:
        # The last span takes what lies a little beyond it.
        index = min(int((at_ms - from_ms) // (1000 * SPAN_S)), spans - 1)
        if index >= 0:
            kept[index].append(value)
    return [median(each) if each else None for each in kept]
