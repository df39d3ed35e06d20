"""All renderer pairs, drawn once and kept on disk: one file for each box and kind.

Offline; a process for each kind being drawn, a quarter of an hour the first time.
Never draws what is on disk already, and keeps held-out people and clips in files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.progress import Progress

from engines.face.mesh import HALF_PIXEL
from engines.render.boxes import EYE, FACE_SIDES, MOUTH, face_box
from engines.render.cv import cv2
from export.data import (
    faces,
    grid,
    render_grid,
    render_kept,
    render_spoken,
    render_stills,
)
from export.data.render_pairs import Pairs, empty, join, load, sorted_by_box
from export.data.render_sound import heard, voices
from export.data.render_stills import Portraits

FOLDER = "renderer"
KINDS = ("restore", "cycle", "spoken", "kept", "grid")
_LONGEST = ("spoken", "grid", "cycle", "restore", "kept")
TEST = "-test"
Rows = Iterator[list[Pairs | None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each kind: training, then test."""

    clips: tuple[int, int] = (650, 100)
    per_clip: tuple[int, int] = (10, 12)
    restore: tuple[int, int] = (20, 8)
    """Variants of each portrait with an open mouth."""
    cycle: tuple[int, int] = (5, 4)
    """Variants of each portrait."""
    spoken: tuple[int, int] = (18, 4)
    """Frames of each portrait that speaks."""
    readers: tuple[int, int] = (40, 10)
    """Voices it speaks with."""
    kept: tuple[int, int] = (5, 2)
    """Motions of each portrait that are left as they are."""
    portraits: tuple[int, int] = (1000, 1000)
    """At most so many."""
    seed: int = 5
    face: int = 0
    """Pixels a side of the face's box, drawn instead of mouths and eyes; 0: those."""


FULL = Plan()
SMOKE = Plan(clips=(4, 2), per_clip=(2, 2), restore=(1, 1), cycle=(1, 1), spoken=(1, 1),
             readers=(1, 1), kept=(1, 1), portraits=(3, 2))  # fmt: skip

FACE = Plan(clips=(60, 10), per_clip=(4, 4), restore=(4, 2), cycle=(2, 1), spoken=(1, 1),
            readers=(16, 5), face=FACE_SIDES[0])  # fmt: skip
"""Few: a face's box is five times a mouth's. On a card draw more of them (docs/wide.md)."""


def face_plan(side: int, times: int = 1) -> Plan:
    """FACE, of another size and so many times as much of each kind."""
    more = {
        name: tuple(times * count for count in getattr(FACE, name))
        for name in ("clips", "restore", "cycle", "spoken")
    }
    return replace(FACE, face=side, **more)  # type: ignore[arg-type]


def path_of(cache: Path, box: str, kind: str, test: bool = False) -> Path:
    """Where the pairs of a box ("mouth", "eye") and a kind are kept."""
    return cache / FOLDER / f"{box}-{kind}{TEST if test else ''}.npz"


def stored(cache: Path, box: str, test: bool = False) -> Pairs:
    """All kinds of a box that are on disk. Raises FileNotFoundError."""
    kinds = sorted(kind for kind in KINDS if box in (*boxes_of(kind), *boxes_of(kind, FACE)))
    wanted = [p for kind in kinds if (p := path_of(cache, box, kind, test)).exists()]
    if not wanted:
        raise FileNotFoundError(
            f"{cache / FOLDER}: no {box}-*.npz; run `python -m export train renderer --prepare`"
        )
    return join([load(path) for path in wanted])


def prepare(
    data: Path, cache: Path, plan: Plan = FULL, kinds: Sequence[str] = (), jobs: int = 1
) -> None:
    """Draw what is not on disk; `kinds` of KINDS, all by default.

    jobs: processes that draw side by side, a kind each; the files are the same whatever it is.
    data: folder with portraits/, grid_s1/ and librispeech/; cache: has face/portraits.npz (of
    `train face`), grid_tracks/ and lips/ (of `train lips`). Raises FacesMissing, DataMissing,
    OSError.
    """
    todo = [
        (kind, test)
        for test in (False, True)
        for kind in kinds or KINDS
        if not all(path_of(cache, box, kind, test).exists() for box in boxes_of(kind, plan))
    ]
    if jobs > 1:
        _side_by_side(data, cache, plan, sorted(todo, key=_by_time), jobs)
        return
    with Progress() as bar:
        for kind, test in todo:
            _draw(data, cache, plan, kind, test, bar)


def _by_time(what: tuple[str, bool]) -> int:
    """The longest first: nothing long is begun last."""
    kind, test = what
    return test * len(_LONGEST) + _LONGEST.index(kind)


def _side_by_side(
    data: Path, cache: Path, plan: Plan, todo: Sequence[tuple[str, bool]], jobs: int
) -> None:
    # Spawned: a fork of a process whose libraries have threads may hang.
    context = get_context("spawn")
    with Progress() as bar, ProcessPoolExecutor(jobs, context, cv2.setNumThreads, (1,)) as pool:
        task = bar.add_task(f"kinds of pairs, {jobs} at a time", total=len(todo))
        drawing = [pool.submit(_draw, data, cache, plan, *what) for what in todo]
        try:
            for done in as_completed(drawing):
                done.result()
                bar.advance(task)
        except BaseException:
            # What has not begun does not begin; the fault is told once the others end.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _draw(
    data: Path, cache: Path, plan: Plan, kind: str, test: bool, bar: Progress | None = None
) -> None:
    """One kind, to its files."""
    make = _grid if kind == "grid" else _stills
    bar = bar or Progress(disable=True)
    found = sorted_by_box(list(make(data, cache, plan, kind, test, bar)))
    for box in boxes_of(kind, plan):
        pairs = found[box] if box in found else empty(face_box(plan.face))
        if kind != "grid" and not test:
            rng = np.random.default_rng(plan.seed)
            pairs = heard(pairs, voices(cache / "lips"), box != EYE.name, rng)
        pairs.save(path_of(cache, box, kind, test))


def _grid(data: Path, cache: Path, plan: Plan, kind: str, test: bool, bar: Progress) -> Rows:
    names = grid.split(grid.clip_names(data))["test" if test else "train"][: plan.clips[test]]
    step = _stepper(bar, kind, test, len(names))
    count, seed = plan.per_clip[test], plan.seed + test
    return render_grid.make(data, cache / "grid_tracks", names, count, seed, step, face=plan.face)


def _stills(data: Path, cache: Path, plan: Plan, kind: str, test: bool, bar: Progress) -> Rows:
    people = portraits(data, cache, test)
    people = people.rows(range(min(len(people.names), plan.portraits[test])))
    step = _stepper(bar, kind, test, len(people.names))
    if kind == "spoken":
        talks = render_spoken.talks(data, test, plan.readers[test], plan.seed + test)
        return render_spoken.make(
            people, talks, plan.spoken[test], plan.seed + test, step, plan.face
        )
    if kind == "kept":
        return render_kept.make(people, plan.kept[test], plan.seed + test, step)
    if kind == "restore":
        return render_stills.restore(people, plan.restore[test], plan.seed + test, step, plan.face)
    return render_stills.cycle(people, plan.cycle[test], plan.seed + test, step, plan.face)


def _stepper(bar: Progress, kind: str, test: bool, total: int) -> Callable[[], None]:
    task = bar.add_task(f"{kind}, {'test' if test else 'training'}", total=total)
    return lambda: bar.advance(task)


def boxes_of(kind: str, plan: Plan = FULL) -> tuple[str, ...]:
    """Boxes that a kind has pairs of."""
    if plan.face:
        # What is kept as it is teaches eyes alone.
        return () if kind == "kept" else ("face",)
    if kind in ("restore", "spoken"):
        return (MOUTH.name,)
    return (EYE.name,) if kind == "kept" else (MOUTH.name, EYE.name)


def portraits(data: Path, cache: Path, test: bool) -> Portraits:
    """Training portraits or the held-out ones, with the landmarks found at training of the face."""
    files = faces.portraits(data)
    path = cache / "face" / "portraits.npz"
    if not path.exists():
        raise FileNotFoundError(f"{path}: no landmarks; run `python -m export train face` first")
    with np.load(path, allow_pickle=False) as kept:
        points, found, masks = kept["points"], kept["found"], kept["masks"]
    names = [file.stem for file in files]
    rows = [i for i in faces.split(names)[test] if found[i] == 1]
    middles = np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32)
    photos = faces.load_images([files[i] for i in rows])
    return Portraits([names[i] for i in rows], photos, points[rows] - middles, masks[rows])
