"""Whether a video shows the person of an avatar, as far as that can be told here.

Offline; waits for the judges' interpreter, a second or two.
Never guesses: no net that ships tells people apart, so without that interpreter nothing is checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engines.avatars.bundle import Avatar
from export.data.personal_pairs import window_on
from export.data.personal_track import OK, Track
from export.data.personal_video import Shot
from export.judges.identity import identity_distance, identity_vectors
from export.rig.tracker import TrackerFailed

LOOKS = 8
MOST_DISTANCE = 0.6
"""Of dlib's vectors, as its makers say; median over the looks."""


class NotSamePerson(Exception):
    """The video shows somebody else; the text says so."""


def check_person(
    avatar: Avatar, shots: Iterable[Shot], found: Track, tracker_python: Path | None
) -> str:
    """What was found, in words. Raises NotSamePerson."""
    if tracker_python is None:
        return "not checked that video and portrait are one person: name --tracker-python for that"
    good = np.flatnonzero(found.state == OK)
    ticks = {int(tick) for tick in good[np.linspace(0, len(good) - 1, LOOKS).astype(int)]}
    at = window_on(avatar, found.points[good])
    pictures, points = [avatar.portrait], [avatar.landmarks]
    for tick, shot in enumerate(shots):
        if tick in ticks:
            pictures.append(at.cut(shot.picture))
            points.append(at.move(found.points[tick]))
    try:
        vectors = identity_vectors(np.stack(pictures), np.stack(points), tracker_python)
    except TrackerFailed as error:
        return f"not checked that video and portrait are one person: {error}"
    distance = float(np.median(identity_distance(vectors[1:], vectors[:1])))
    if distance > MOST_DISTANCE:
        raise NotSamePerson(
            f"the video shows somebody else than the portrait (distance {distance:.2f}, at most "
            f"{MOST_DISTANCE}); film the person of the portrait, or make an avatar of this one"
        )
    return f"video and portrait are one person (distance {distance:.2f} of {MOST_DISTANCE})"
