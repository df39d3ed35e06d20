"""Which photos the finder turns away, and whether it should: covered, turned, lying, lively faces.

Offline; held-out people only.
Never trains and never chooses: limits come with the weights and the finder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.face.finder import BadFace, EyesCovered, FaceFinder, FaceTurned, MouthCovered, pose
from engines.values import F32, U8
from export.data.face_occlusion import KINDS
from export.data.face_people import covered
from export.data.face_scenes import People
from export.data.face_turned import turn
from export.data.faces import puppet

COVER_ERRORS = (MouthCovered, EyesCovered)
YAWS = (0.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)


def refusal(finder: FaceFinder, photo: U8) -> BadFace | None:
    """What the finder says against a photo."""
    try:
        finder.landmarks(photo)
    except BadFace as error:
        return error
    return None


def occlusions(finder: FaceFinder, people: People, seed: int) -> dict[str, float]:
    """Each person with each kind of thing before the face.

    `refused`: photos with a covered part that are turned away; `named`: with the right words.
    """
    rng = np.random.default_rng((seed, 61))
    out: dict[str, float] = {}
    totals = np.zeros(5)
    for kind, _ in KINDS:
        counts = np.zeros(5)
        for row in range(len(people.photos)):
            photo, _, _, hides = covered(people, row, rng, kind)
            said = refusal(finder, photo)
            if (hides == 1).any():
                right = MouthCovered if hides[0] == 1 else EyesCovered
                counts += [1, said is not None, isinstance(said, (right, EyesCovered)), 0, 0]
            elif (hides == 0).all():
                counts += [0, 0, 0, 1, isinstance(said, COVER_ERRORS)]
        if counts[0]:
            out[f"covered by {kind.__name__}: refused %"] = 100 * counts[1] / counts[0]
        totals += counts
    out["covered: refused %"] = 100 * totals[1] / max(1, totals[0])
    out["covered: named %"] = 100 * totals[2] / max(1, totals[0])
    out["things beside mouth and eyes: refused as cover %"] = 100 * totals[4] / max(1, totals[3])
    return out


def lively(
    finder: FaceFinder, photos: U8, points: F32, masks: U8, each: int, seed: int
) -> tuple[float, float]:
    """Share of free faces refused as covered: portraits as they are, and smiling, speaking ones."""
    rng = np.random.default_rng((seed, 62))
    plain = [isinstance(refusal(finder, photo), COVER_ERRORS) for photo in photos]
    moved = [
        isinstance(refusal(finder, picture), COVER_ERRORS)
        for photo, at, mask in zip(photos, points, masks, strict=True)
        for picture in puppet(photo, at, mask.astype(np.float32) / 255, each, rng)
    ]
    return float(np.mean(plain)), float(np.mean(moved)) if moved else 0.0


def turns(
    finder: FaceFinder, photos: U8, points: F32, yaws: Sequence[float] = YAWS
) -> list[tuple[float, float, float, int]]:
    """For each yaw: mean error in degrees, shares refused as turned and for else, faces.

    The teacher's yaw of each portrait is taken off first, so that heads stand at the yaw named.
    """
    rows = []
    for yaw in yaws:
        errors, turned, other = [], 0, 0
        for photo, at in zip(photos, points, strict=True):
            made = turn(photo, at, pose(at)[0] - yaw, 0)
            said = refusal(finder, made.image)
            turned += isinstance(said, FaceTurned)
            other += said is not None and not isinstance(said, FaceTurned)
            faces = finder.find_faces(made.image)
            if faces:
                errors.append(abs(pose(finder.measure(made.image, faces[0]).points)[0] - yaw))
        count = len(photos)
        error = float(np.mean(errors)) if errors else float("nan")
        rows.append((error, turned / count, other / count, count))
    return rows


def lying(finder: FaceFinder, photos: U8) -> tuple[int, int]:
    """Photos turned by quarters that are taken all the same, and refused in other words."""
    taken = otherwise = 0
    for photo in photos:
        for quarters in (1, 2, 3):
            said = refusal(finder, np.ascontiguousarray(np.rot90(photo, quarters)))
            taken += said is None
            otherwise += said is not None and not isinstance(said, FaceTurned)
    return taken, otherwise
