"""All renderer pairs, drawn once and kept on disk: one file for each box and kind.

Offline; one process, main thread, a quarter of an hour the first time.
Never draws what is on disk already, and keeps held-out people and clips in files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from engines.face.mesh import HALF_PIXEL
from engines.render.boxes import EYE, MOUTH
from export.data import faces, grid, render_grid, render_lent, render_rig, render_stills
from export.data.render_pairs import Pairs, join, load, sorted_by_box
from export.data.render_rig_mouth import RigMouth
from export.data.render_sound import heard, voices
from export.data.render_stills import Portraits
from export.rig.ict import read_head

FOLDER = "renderer"
KINDS = ("restore", "lent", "cycle", "rig", "kept", "grid")
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
    rig: tuple[int, int] = (8, 3)
    """Mouths of each portrait."""
    lent: tuple[int, int] = (8, 3)
    """Others' mouths for each portrait."""
    portraits: tuple[int, int] = (1000, 1000)
    """At most so many."""
    seed: int = 5


FULL = Plan()
SMOKE = Plan(clips=(4, 2), per_clip=(2, 2), restore=(1, 1), cycle=(1, 1), rig=(1, 1), lent=(1, 1),
             portraits=(3, 2))  # fmt: skip


def path_of(cache: Path, box: str, kind: str, test: bool = False) -> Path:
    """Where the pairs of a box ("mouth", "eye") and a kind are kept."""
    return cache / FOLDER / f"{box}-{kind}{TEST if test else ''}.npz"


def stored(cache: Path, box: str, test: bool = False) -> Pairs:
    """All kinds of a box that are on disk. Raises FileNotFoundError."""
    found = sorted((cache / FOLDER).glob(f"{box}-*.npz"))
    wanted = [p for p in found if p.stem.endswith(TEST) == test and ".part" not in p.name]
    if not wanted:
        raise FileNotFoundError(
            f"{cache / FOLDER}: no {box}-*.npz; run `python -m export train renderer --prepare`"
        )
    return join([load(path) for path in wanted])


def prepare(data: Path, cache: Path, plan: Plan = FULL, kinds: Sequence[str] = ()) -> None:
    """Draw what is not on disk; `kinds` of KINDS, all by default.

    data: folder with portraits/, grid_s1/ and ict_facekit/; cache: has face/portraits.npz (of
    `train face`), grid_tracks/ and lips/ (of `train lips`). Raises FacesMissing, DataMissing,
    OSError.
    """
    with Progress() as bar:
        for test in (False, True):
            for kind in kinds or KINDS:
                if all(path_of(cache, box, kind, test).exists() for box in boxes_of(kind)):
                    continue
                if kind == "kept":
                    kept(load(path_of(cache, MOUTH.name, "rig", test))).save(
                        path_of(cache, MOUTH.name, kind, test)
                    )
                    continue
                make = _grid if kind == "grid" else _stills
                found = sorted_by_box(list(make(data, cache, plan, kind, test, bar)))
                for box in boxes_of(kind):
                    pairs = found[box]
                    if kind != "grid" and not test:
                        rng = np.random.default_rng(plan.seed)
                        pairs = heard(pairs, voices(cache / "lips"), box == MOUTH.name, rng)
                    pairs.save(path_of(cache, box, kind, test))


def kept(pairs: Pairs) -> Pairs:
    """The same pictures, and the truth is what they show already.

    Where the teeth of a stranger's open mouth are is anybody's guess, and the mean of all guesses
    is a grey band. So most mouths of speech on portraits teach the net to leave teeth alone.
    """
    return replace(
        pairs,
        truth=pairs.picture,
        previous_truth=pairs.previous_picture,
        kind=np.full(len(pairs.kind), "kept"),
    )


def _grid(data: Path, cache: Path, plan: Plan, kind: str, test: bool, bar: Progress) -> Rows:
    names = grid.split(grid.clip_names(data))["test" if test else "train"][: plan.clips[test]]
    step = _stepper(bar, kind, test, len(names))
    count, seed = plan.per_clip[test], plan.seed + test
    return render_grid.make(data, cache / "grid_tracks", names, count, seed, step)


def _stills(data: Path, cache: Path, plan: Plan, kind: str, test: bool, bar: Progress) -> Rows:
    people = portraits(data, cache, test)
    people = people.rows(range(min(len(people.names), plan.portraits[test])))
    step = _stepper(bar, kind, test, len(people.names))
    if kind == "rig":
        mouth = RigMouth(read_head(data / "ict_facekit" / "ict_facekit.npz"))
        return render_rig.make(people, mouth, plan.rig[test], plan.seed + test, step)
    if kind == "lent":
        stock = render_lent.lenders(people)
        return render_lent.make(people, stock, plan.lent[test], plan.seed + test, step)
    if kind == "restore":
        return render_stills.restore(people, plan.restore[test], plan.seed + test, step)
    return render_stills.cycle(people, plan.cycle[test], plan.seed + test, step)


def _stepper(bar: Progress, kind: str, test: bool, total: int) -> Callable[[], None]:
    task = bar.add_task(f"{kind}, {'test' if test else 'training'}", total=total)
    return lambda: bar.advance(task)


def boxes_of(kind: str) -> tuple[str, ...]:
    """Boxes that a kind has pairs of."""
    return (MOUTH.name,) if kind in ("restore", "rig", "lent", "kept") else (MOUTH.name, EYE.name)


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
