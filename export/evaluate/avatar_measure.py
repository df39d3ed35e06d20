"""One avatar drawn and looked at by machine: pictures, flaws, times, memory; then by judges.

Offline; main thread; drawing takes about two seconds an avatar, the judges three more.
Never uses more than one thread for drawing: times are CPU time of this thread.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import Avatar
from engines.render.cv import cv2
from engines.render.rig import load_rig
from engines.render.warp import WarpRenderer
from engines.values import F32, U8
from export.evaluate.avatar_commanded import commanded, mesh_error
from export.evaluate.avatar_maps import Painted
from export.evaluate.avatar_motions import LEVELS, Named, graded
from export.evaluate.avatar_people import Person
from export.evaluate.avatar_reading import ShapeReader, gauges, ratios
from export.evaluate.avatar_tears import Flaws, crossed, find
from export.judges.identity import identity_distance, identity_vectors
from export.rig.tracker import track

TIMED_FRAMES = 60
_WALL_SHARE = 0.08
"""Of the picture's side: the wall this near to the person is looked at."""


@dataclass(slots=True)
class Measured:
    """What was found out about one avatar."""

    name: str
    motions: Sequence[Named]
    pictures: U8
    """u8[motions,S,S,3]"""
    wanted: F32
    """f32[motions,468,3] the commanded meshes."""
    flaws: list[Flaws]
    crossed: list[int]
    frame_ms: list[float]
    onboarding_s: float
    """CPU seconds from the file's bytes to the folder on disk."""
    bundle_bytes: int
    renderer_bytes: int
    wall_off: float = 0.0
    """Grey levels, as `wall_off`."""
    mesh_error: list[float] = field(default_factory=list)
    """Seen against commanded, share of the face's width; nan where no face was seen."""
    identity: list[float] = field(default_factory=list)
    """Distance of each picture to the portrait; nan where no face was seen."""
    read: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """Gauge to what each way of reading ("shapes", "ratios") saw at LEVELS."""


def draw(person: Person, motions: Sequence[Named]) -> Measured:
    """Everything that needs no judge. Raises ValueError for a person without an avatar."""
    if person.avatar is None:
        raise ValueError(f"{person.name} was refused: {person.refusal}")
    avatar, rows = person.avatar, [m.motion for m in motions]
    tracemalloc.start()
    renderer = WarpRenderer(avatar, avatar.size)
    state = renderer.new_state()
    renderer_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    pictures = np.stack([renderer.render(state, motion) for motion in rows])
    frame_ms = []
    for motion in _between(rows, TIMED_FRAMES):
        began = time.thread_time()
        renderer.render(state, motion)
        frame_ms.append(1000 * (time.thread_time() - began))
    wanted = commanded(avatar, rows)
    painted = Painted(avatar)
    at_rest = painted.look(rows[0])
    flaws = [
        find(painted.look(motion), mesh, at_rest) for motion, mesh in zip(rows, wanted, strict=True)
    ]
    return Measured(
        name=person.name,
        motions=motions,
        pictures=pictures,
        wanted=wanted,
        flaws=flaws,
        crossed=[crossed(mesh, wanted[0]) for mesh in wanted],
        frame_ms=frame_ms,
        onboarding_s=person.cpu_s,
        bundle_bytes=person.bundle_bytes,
        renderer_bytes=renderer_bytes,
        wall_off=wall_off(avatar, pictures[0]),
    )


def wall_off(avatar: Avatar, rest: U8) -> float:
    """By how much the wall around the person is not the portrait's when nothing moves.

    rest u8[S,S,3] in the avatar's own size. 99 of 100 pixels there are off by less, grey levels.
    """
    person = (avatar.alpha > 5).astype(np.uint8)
    reach = 2 * round(_WALL_SHARE * avatar.size) + 1
    around = cv2.dilate(person, np.ones((reach, reach), np.uint8)) > person
    apart = np.abs(rest.astype(np.int16) - avatar.portrait).max(2)[around]
    return float(np.percentile(apart, 99)) if len(apart) else 0.0


def judge(people: Sequence[Person], drawn: Sequence[Measured], tracker_python: Path) -> None:
    """Fill in what the judges say of some avatars. Raises TrackerFailed.

    Pictures of one size are looked at together: starting a judge costs seconds.
    """
    for size in {d.pictures.shape[1] for d in drawn}:
        some = [(p, d) for p, d in zip(people, drawn, strict=True) if d.pictures.shape[1] == size]
        for each in {p.photo.shape for p, _ in some}:
            _look([(p, d) for p, d in some if p.photo.shape == each], tracker_python)
        _read_back(some, tracker_python)


def _look(some: list[tuple[Person, Measured]], tracker_python: Path) -> None:
    """Meshes and identities of the pictures, against those of the photos as they were given."""
    photos = np.stack([p.photo for p, _ in some])
    given, known = _track(photos, tracker_python)
    own = identity_vectors(photos, given, tracker_python)
    pictures = np.concatenate([d.pictures for _, d in some])
    seen, found = _track(pictures, tracker_python)
    vectors = identity_vectors(pictures, seen, tracker_python)
    at = 0
    for i, (_, one) in enumerate(some):
        part = slice(at, at + len(one.pictures))
        at = part.stop
        lost = ~found[part]
        errors = [mesh_error(s, w) for s, w in zip(seen[part], one.wanted, strict=True)]
        one.mesh_error = np.where(lost, np.nan, errors).tolist()
        away = identity_distance(vectors[part], own[i])
        one.identity = np.where(lost | ~known[i], np.nan, away).tolist()


def _read_back(some: list[tuple[Person, Measured]], tracker_python: Path) -> None:
    """Draw the graded motions, find the meshes again, and read the shapes from them."""
    reader = ShapeReader(load_rig())
    ladder = graded()
    pictures = np.concatenate([_graded_pictures(person) for person, _ in some])
    meshes, found = _track(pictures, tracker_python)
    steps = len(LEVELS)
    rows = meshes.reshape(len(some), len(ladder), steps, *meshes.shape[1:])
    good = found.reshape(len(some), len(ladder), steps)
    for (_, one), row, there in zip(some, rows, good, strict=True):
        for i, gauge in enumerate(ladder):
            rest = row[i, 0]
            shapes = [gauges(reader.read(mesh, rest))[gauge] for mesh in row[i]]
            plain = [ratios(mesh)[gauge] for mesh in row[i]]
            lost = ~there[i] | ~there[i, 0]
            one.read[gauge] = {
                "shapes": np.where(lost, np.nan, shapes).tolist(),
                "ratios": np.where(lost, np.nan, plain).tolist(),
            }


def _graded_pictures(person: Person) -> U8:
    if person.avatar is None:
        raise ValueError(f"{person.name} has no avatar")
    renderer = WarpRenderer(person.avatar, person.avatar.size)
    state = renderer.new_state()
    return np.stack([renderer.render(state, m) for row in graded().values() for m in row])


def _track(pictures: U8, tracker_python: Path) -> tuple[F32, NDArray[np.bool_]]:
    """Meshes f32[N,478,3] and where a face was found."""
    seen = track(pictures, tracker_python)
    return seen.landmarks, seen.faces > 0


def _between(motions: Sequence[F32], count: int) -> list[F32]:
    """`count` motions on the way from each to the next, so that no frame repeats."""
    places = np.linspace(0, len(motions) - 1.001, count)
    out = []
    for place in places:
        i, share = int(place), np.float32(place % 1)
        out.append((motions[i] + share * (motions[i + 1] - motions[i])).astype(np.float32))
    return out
