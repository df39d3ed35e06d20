"""The face in each picture of a person's own video, and whether the video is fit to learn from.

Offline; one thread, 25 ms a picture by the nets that ship, or a tracker in another interpreter.
Never guesses: a video with another face in it, or none for long, is an error with a remedy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.face import mesh
from engines.face.finder import (
    MIN_BRIGHTNESS,
    MIN_FACE_PX,
    FaceFinder,
    NoFace,
    SeveralFaces,
    brightness,
    one_face,
    pose,
)
from engines.face.frame import frame_of
from engines.face.mesh import HALF_PIXEL
from engines.face.weights import FaceNets
from engines.face.weights import load as load_nets
from engines.render import landmarks as lm
from engines.values import F32, U8
from export.data.personal_video import BadVideo, Shot
from export.rig.tracker import track as track_pictures

LOOK_EVERY = 12
"""Pictures between two looks for faces in the whole picture; between them the mesh is followed."""
MOST_TURN_DEG = 25.0
"""Further turned, a mouth's far half is no lesson."""
MOST_LOST, MOST_TURNED, MOST_SEVERAL = 0.2, 0.5, 0.05
OK, LOST, SEVERAL, TURNED = range(4)
"""What is said of a picture."""
_TRACKER_BATCH = 50

Seen = tuple[F32 | None, int]
"""Mesh f32[478,3] of a picture, if one was found, and OK, LOST or SEVERAL."""


@dataclass(frozen=True, slots=True)
class Track:
    """A video's faces; points are in the middle of pixels of `Shot.picture`."""

    points: F32
    """f32[F,478,3]; 0 where there is none."""
    state: NDArray[np.uint8]
    """u8[F]: OK, LOST, SEVERAL or TURNED."""
    fresh: NDArray[np.bool_]
    """bool[F]: as of the shots."""
    light: F32
    """f32[F]: mean grey of the face, 0 where not looked at."""

    def save(self, path: Path) -> None:
        """Write aside and rename."""
        aside = path.with_suffix(".part.npz")
        np.savez(
            aside, points=self.points, state=self.state, fresh=self.fresh, light=self.light
        )  # fmt: skip
        os.replace(aside, path)


def load(path: Path) -> Track:
    """What `Track.save` wrote. Raises OSError."""
    with np.load(path, allow_pickle=False) as file:
        return Track(**{name: file[name] for name in ("points", "state", "fresh", "light")})


def track(
    shots: Iterable[Shot], step: Callable[[], None], tracker_python: Path | None = None
) -> Track:
    """The faces of a video by our own nets, or by the tracker; `step` is told of each picture.

    Raises BadVideo (of `shots` too), BadFaceWeights, TrackerFailed.
    """
    points, states, fresh, light = [], [], [], []
    looked = tracked(shots, tracker_python) if tracker_python else followed(shots, load_nets())
    for shot, (found, state) in looked:
        step()
        fresh.append(shot.fresh)
        light.append(0.0)
        if found is None or state != OK:
            points.append(np.zeros((lm.ALL_POINTS, 3), np.float32))
            states.append(state)
            continue
        points.append(found - np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32))
        turned = max(abs(angle) for angle in pose(found)) > MOST_TURN_DEG
        states.append(TURNED if turned else OK)
        if len(points) % LOOK_EVERY == 1:
            light[-1] = brightness(shot.picture, found)
    if not points:
        raise BadVideo("the video has no pictures; film two minutes")
    return Track(
        np.stack(points),
        np.array(states, np.uint8),
        np.array(fresh, bool),
        np.array(light, np.float32),
    )


def followed(shots: Iterable[Shot], nets: FaceNets) -> Iterator[tuple[Shot, Seen]]:
    """Each shot with its mesh by our own nets: found now and then, followed between."""
    finder = FaceFinder(nets)
    last: F32 | None = None
    for k, shot in enumerate(shots):
        if last is None or k % LOOK_EVERY == 0:
            last, state = looked_for(finder, shot.picture)
            yield shot, (last, state)
            continue
        now = mesh.measure(shot.picture, frame_of(last), nets)
        last = now.points if now.spread <= nets.max_spread else None
        yield shot, (last, OK if last is not None else LOST)


def looked_for(finder: FaceFinder, picture: U8) -> Seen:
    """The one face of a size in a picture u8[H,W,3]."""
    try:
        face = one_face(finder.find_faces(picture))
    except NoFace:
        return None, LOST
    except SeveralFaces:
        return None, SEVERAL
    return finder.measure(picture, face).points, OK


def tracked(shots: Iterable[Shot], python: Path) -> Iterator[tuple[Shot, Seen]]:
    """Each shot with its mesh by the tracker. Raises TrackerFailed."""
    held: list[Shot] = []

    def told() -> Iterator[tuple[Shot, Seen]]:
        answer = track_pictures(np.stack([shot.picture for shot in held]), python)
        for shot, points, faces in zip(held, answer.landmarks, answer.faces, strict=True):
            state = OK if faces == 1 else SEVERAL if faces else LOST
            yield shot, (points if state == OK else None, state)
        held.clear()

    for shot in shots:
        held.append(shot)
        if len(held) == _TRACKER_BATCH:
            yield from told()
    if held:
        yield from told()


def check(found: Track) -> None:
    """Raises BadVideo for a video that nothing is to be learnt from."""
    state = found.state
    looks = state[::LOOK_EVERY]
    several = float((looks == SEVERAL).mean())
    if several > MOST_SEVERAL:
        raise BadVideo(
            f"there are several faces in {several:.0%} of the pictures; film one person alone"
        )
    if (state == LOST).all():
        raise BadVideo("no face was found in the video; film one person, facing the camera, lit")
    lost = float((state == LOST).mean())
    if lost > MOST_LOST:
        raise BadVideo(
            f"the face is lost in {lost:.0%} of the pictures and {MOST_LOST:.0%} are allowed; "
            "stay in the picture, look into the camera and keep hands off the face"
        )
    turned = float((state == TURNED).mean())
    if turned > MOST_TURNED:
        raise BadVideo(
            f"the head is turned by more than {MOST_TURN_DEG:.0f} degrees in {turned:.0%} of the "
            "pictures; look into the camera"
        )
    _check_size_and_light(found)


def _check_size_and_light(found: Track) -> None:
    seen = found.points[found.state == OK]
    across = (seen[:, lm.FACE_RIGHT] - seen[:, lm.FACE_LEFT])[:, :2]
    width = float(np.median(np.linalg.norm(across, axis=1)))
    if width < MIN_FACE_PX:
        raise BadVideo(
            f"the face is {int(width)} pixels wide and {MIN_FACE_PX} are needed; film closer, or "
            "in a higher resolution"
        )
    lit = found.light[found.light > 0]
    if len(lit) and float(np.median(lit)) < MIN_BRIGHTNESS:
        raise BadVideo(
            f"the face is too dark ({int(np.median(lit))} of 255, {MIN_BRIGHTNESS:.0f} needed); "
            "turn to a window or a lamp"
        )
