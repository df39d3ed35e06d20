"""Figures of films of many people: the renderer beside the motion frame and beside real video.

Offline; judges are asked once for all people.
Never compares two films of different motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engines.render.boxes import Boxes
from engines.render.cv import cv2
from engines.values import F32, U8
from export.evaluate.avatar_table import Line, count
from export.evaluate.film import Film, Shot
from export.evaluate.film_metrics import DRIFT_S, added_flicker, drift, flicker, passes, wandered
from export.evaluate.renderer_metrics import sharpness
from export.judges.identity import identity_distance, identity_vectors
from export.judges.perceptual import Perceptual
from export.judges.sync import SyncFigures, figures
from export.nets.sync import HEIGHT, WIDTH, SyncNet
from export.train.sync_data import SyncClip, sound_rows

FLICKER = 1.2
DRIFT = 1.05
BOXES_MS = 15.0


@dataclass(slots=True)
class WayFigures:
    """One way to draw, over people; lists have a number a person unless said otherwise."""

    flicker: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    """Grey levels by which what is added to the motion frame changes from frame to frame."""
    sharp: list[float] = field(default_factory=list)
    """Steps |dx| in the mouth's box, grey levels."""
    identity: list[float] = field(default_factory=list)
    """A number a kept picture."""
    frame_ms: list[float] = field(default_factory=list)
    """Median CPU time a frame."""
    stages_ms: list[dict[str, float]] = field(default_factory=list)
    drift: dict[float, list[float]] = field(default_factory=dict)
    """LPIPS-like to the motion frame by seconds: numbers of single pictures."""
    wandered: dict[float, list[float]] = field(default_factory=dict)
    """LPIPS-like to the first pass of the same motion."""
    sync: dict[str, SyncFigures] = field(default_factory=dict)


def take_in(row: WayFigures, film: Film, frame: Film) -> None:
    """What needs no judge; `frame`: the motion frame of the same shot."""
    row.flicker.append(float(np.median(flicker(film.mouths))))
    row.added.append(float(np.mean(added_flicker(film.mouths, frame.mouths))))
    row.sharp.append(float(sharpness(film.mouths[::5]).mean()))
    row.frame_ms.append(float(np.median(film.frame_ms)))
    row.stages_ms.append(film.stages_ms)


def take_drift(row: WayFigures, judge: Perceptual, film: Film, frame: Film, period: int) -> None:
    """Drift of a long film of a motion of `period` frames over and over."""
    at = passes(period, len(film.mouths))
    for kept, found in (
        (row.drift, drift(judge, film.mouths, frame.mouths, at)),
        (row.wandered, wandered(judge, film.mouths, at)),
    ):
        for second, values in found.items():
            kept.setdefault(second, []).extend(float(v) for v in values)


def take_identity(row: WayFigures, film: Film, given: Shot, tracker_python: Path) -> None:
    """Distance of the kept pictures to the portrait. Raises TrackerFailed."""
    pictures = np.concatenate([given.avatar.portrait[None, ..., :3], film.pictures])
    meshes = [given.avatar.landmarks[:468], *(given.meshes[i] for i in film.kept)]
    vectors = identity_vectors(pictures, np.stack(meshes).astype(np.float32), tracker_python)
    row.identity.extend(float(d) for d in identity_distance(vectors[1:], vectors[:1]))


def sync_clip(name: str, mouths: U8, samples: F32) -> SyncClip:
    """Boxes u8[F,96,128,3] and their sound as the sync expert takes them."""
    small = np.stack(
        [
            cv2.resize(
                cv2.cvtColor(box, cv2.COLOR_BGR2GRAY), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA
            )
            for box in mouths
        ]
    )
    return SyncClip(name, small, sound_rows(samples, len(mouths)), (0, len(mouths)))


def take_sync(row: WayFigures, net: SyncNet, clips: Sequence[SyncClip]) -> None:
    """With their own sound, and with that of the next clip."""
    row.sync["own sound"] = figures(net, clips)
    if len(clips) > 1:
        row.sync["another clip's"] = figures(net, clips, [*range(1, len(clips)), 0])


def real_flicker(frames: U8, points: F32) -> float:
    """The same figure of a real clip: frames u8[F,H,W,3], meshes f32[F,478,3]."""
    boxes = Boxes(points[0])
    mouths = [boxes.place(mesh)[0].cut(f) for f, mesh in zip(frames, points, strict=True)]
    return float(np.median(flicker(np.stack(mouths))))


def markdown(ways: dict[str, WayFigures], real: Sequence[float]) -> list[str]:
    """The table; real video's flicker in its own row."""
    head = ["", "flicker", "of real video", "added change", "sharp", "identity", "ms a frame"]
    head += [f"LPIPS-like to motion frame at {s:g} s" for s in DRIFT_S]
    head += [f"to first pass at {s:g} s" for s in DRIFT_S[1:]]
    out = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    usual = float(np.median(real)) if real else None
    if usual is not None:
        out.append(f"| real video (GRID) | {usual:.3f} | 1.00 |" + " |" * (len(head) - 3))
    for name, row in ways.items():
        if not row.flicker:
            continue
        share = "-" if usual is None else f"{np.mean(row.flicker) / usual:.2f}"
        cells = [name, _mean(row.flicker, 3), share]
        cells += [_mean(row.added, 2), _mean(row.sharp, 1), _mean(row.identity, 3)]
        cells.append(_mean(row.frame_ms, 1))
        cells += [_mean(row.drift.get(s, []), 4) for s in DRIFT_S]
        cells += [_mean(row.wandered.get(s, []), 4) for s in DRIFT_S[1:]]
        out.append(f"| {' | '.join(cells)} |")
    out += ["", *_stages(ways)]
    return [*out, *_sync_table(ways)]


def bars(ways: dict[str, WayFigures], real: Sequence[float], frame: str, drawn: str) -> list[Line]:
    """The renderer's bars over time; what was not filmed says so."""
    row, plain = ways.get(drawn, WayFigures()), ways.get(frame, WayFigures())
    flickers = float(np.mean(row.flicker) / np.median(real)) if row.flicker and real else None
    first, last = (row.drift.get(s, []) for s in (DRIFT_S[0], DRIFT_S[-1]))
    grown = float(np.mean(last)) / max(float(np.mean(first)), 1e-9) if first and last else None
    spent = float(np.mean(row.frame_ms)) if row.frame_ms else None
    boxes = spent - float(np.mean(plain.frame_ms)) if spent and plain.frame_ms else None
    return [
        count("flicker, of real video's", flickers, FLICKER, at_least=False),
        count("LPIPS-like at 60 s of that at 1 s", grown, DRIFT, at_least=False),
        count("boxes, ms CPU a frame", boxes, BOXES_MS, at_least=False),
    ]


def _stages(ways: dict[str, WayFigures]) -> list[str]:
    out = []
    for name, row in ways.items():
        stages = dict.fromkeys(stage for person in row.stages_ms for stage in person)
        if stages:
            cells = (
                f"{stage} {np.mean([p.get(stage, 0.0) for p in row.stages_ms]):.1f}"
                for stage in stages
            )
            out += [f"{name}, wall ms a frame by stage: {', '.join(cells)}", ""]
    return out


def _sync_table(ways: dict[str, WayFigures]) -> list[str]:
    rows = [(f"{name}, {sound}", f) for name, row in ways.items() for sound, f in row.sync.items()]
    if not rows:
        return []
    out = [
        "| sync expert | clips | offset within 1 | window within 1 | Sync-C | Sync-D | offset |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, f in rows:
        cells = [name, str(f.clips), f"{f.near:.2f}", f"{f.window:.2f}", f"{f.confidence:.3f}"]
        out.append(f"| {' | '.join([*cells, f'{f.distance:.3f}', f'{f.offset:.0f}'])} |")
    return [*out, ""]


def _mean(values: Sequence[float], digits: int) -> str:
    kept = [v for v in values if np.isfinite(v)]
    return f"{np.mean(kept):.{digits}f}" if kept else "-"
