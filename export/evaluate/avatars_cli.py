"""Command `evaluate avatars`: held-out portraits made into avatars, moved, measured and shown.

Offline; one process, main thread; about four minutes.
Never uses a portrait that training saw.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from engines.avatars.bundle import AvatarError
from engines.face.finder import FaceFinder
from engines.face.weights import BadFaceWeights
from engines.render.cv import cv2
from engines.values import F32
from export.data.faces import FacesMissing
from export.evaluate import face as figures
from export.evaluate.avatar_measure import Measured, draw, judge
from export.evaluate.avatar_motions import LEVELS, judged
from export.evaluate.avatar_people import Person, built_in, held_out, make_people
from export.evaluate.avatar_sheets import PAGE_PEOPLE, write_each, write_sheets
from export.evaluate.avatar_table import (
    USED,
    Line,
    by_motion,
    count,
    drawn_lines,
    judged_lines,
    written,
)
from export.options import TRACKER_ENV, add_tracker
from export.rig.tracker import TrackerFailed, track

LANDMARKS = (("mean", 3.0), ("lips", 2.5), ("lids", 2.5))


def main(argv: list[str]) -> int:
    """`python -m export evaluate avatars`."""
    args = _parser().parse_args(argv)
    cv2.setNumThreads(1)
    if not args.smoke and (args.data is None or args.tracker_python is None):
        sys.stderr.write(
            "evaluate avatars: pass --data FOLDER and --tracker-python PYTHON "
            f"(or ${TRACKER_ENV}), or --smoke\n"
        )
        return 2
    try:
        lines, drawn, refused = run(args)
    except (FacesMissing, TrackerFailed, BadFaceWeights, AvatarError, OSError) as error:
        sys.stderr.write(f"evaluate avatars: {error}\n")
        return 1
    for person in refused:
        print(f"refused: {person.name}: {person.refusal}")
    print(written(lines))
    print("\npictures flawed, medians:")
    print("\n".join(by_motion(drawn)))
    names = [d.name for d in drawn]
    columns = [m.name for m in judged()]
    pages = write_sheets(names, columns, [d.pictures for d in drawn], args.out)
    (args.out / "figures.json").write_text(json.dumps(raw(lines, drawn, refused), indent=1) + "\n")
    print(f"\nsheets: {', '.join(str(p) for p in pages)}\nraw: {args.out / 'figures.json'}")
    return 0


def run(args: argparse.Namespace) -> tuple[list[Line], list[Measured], list[Person]]:
    """Lines of the table, the avatars measured, and who was refused."""
    judges: Path | None = None if args.smoke else args.tracker_python
    files = [] if args.smoke else held_out(args.data)
    drawn: list[Measured] = []
    refused: list[Person] = []
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as bar:
        people = built_in() if args.smoke else make_people(files, Path(folder))
        task = bar.add_task("avatars", total=len(files) or None)
        page: list[tuple[Person, Measured]] = []
        for person in people:
            if person.avatar is None:
                refused.append(person)
            else:
                # The next avatar turns the other way.
                motions = judged(1.0 if len(drawn) % 2 == 0 else -1.0)
                drawn.append(draw(person, motions))
                page.append((person, drawn[-1]))
                names = [m.name for m in motions]
                write_each(person.name, names, drawn[-1].pictures, args.out / "pictures")
            bar.update(task, advance=1, description=person.name)
            if len(page) == PAGE_PEOPLE:
                _judge(page, judges)
        _judge(page, judges)
    lines = [count("portraits used", float(len(drawn)), USED, at_least=True)]
    if args.smoke:
        lines = [Line("portraits used", bar=USED, by="median", at_least=True)]
    lines += landmark_lines(files, judges)
    return [*lines, *judged_lines(drawn), *drawn_lines(drawn)], drawn, refused


def landmark_lines(files: Sequence[Path], judges: Path | None) -> list[Line]:
    """The face nets against the teacher on the portraits, in % of the eyes' distance."""
    names = {part: f"landmarks, {part}, % of the eyes' distance" for part, _ in LANDMARKS}
    if judges is None or not files:
        return [Line(names[part], by="median", bar=bar) for part, bar in LANDMARKS]
    photos = np.stack([cv2.imread(str(file), cv2.IMREAD_COLOR) for file in files])
    truth: F32 = track(photos, judges).landmarks
    seen, _, words = figures.measure_all(FaceFinder.load(), photos, truth)
    good = [i for i, mesh in enumerate(seen) if mesh is not None]
    found = figures.point_figures([m for m in seen if m is not None], [truth[i] for i in good])
    note = f"means over {len(good)} of {len(files)}" + (
        f"; {len(words)} not found" if words else ""
    )
    return [
        count(names[part], 100 * float(getattr(found, part)), bar, at_least=False, note=note)
        for part, bar in LANDMARKS
    ]


def raw(
    lines: Sequence[Line], drawn: Sequence[Measured], refused: Sequence[Person]
) -> dict[str, Any]:
    """Everything measured, for JSON; nan (no face was seen) becomes null."""
    return {
        "lines": [asdict(line) | {"verdict": line.verdict} for line in lines],
        "levels": list(LEVELS),
        "refused": {person.name: person.refusal for person in refused},
        "avatars": {
            d.name: {
                "motions": [m.name for m in d.motions],
                "flaws": [f.as_dict() for f in d.flaws],
                "crossed": d.crossed,
                "wall_off": d.wall_off,
                "mesh_error": _numbers(d.mesh_error),
                "identity": _numbers(d.identity),
                "read": {
                    gauge: {way: _numbers(values) for way, values in ways.items()}
                    for gauge, ways in d.read.items()
                },
                "frame_ms": _numbers(d.frame_ms),
                "onboarding_s": d.onboarding_s,
                "bundle_bytes": d.bundle_bytes,
                "renderer_bytes": d.renderer_bytes,
            }
            for d in drawn
        },
    }


def _judge(page: list[tuple[Person, Measured]], judges: Path | None) -> None:
    if judges is not None and page:
        judge([p for p, _ in page], [d for _, d in page], judges)
    page.clear()


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [round(float(v), 5) if np.isfinite(v) else None for v in values]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="export evaluate avatars", description=main.__doc__)
    parser.add_argument("--data", type=Path, help="folder with portraits/")
    parser.add_argument("--out", type=Path, default=Path("artifacts/evaluate/avatars"))
    parser.add_argument("--smoke", action="store_true", help="built-in avatars, no data, no judges")
    add_tracker(parser, f"interpreter of the judges (default: ${TRACKER_ENV})")
    return parser
