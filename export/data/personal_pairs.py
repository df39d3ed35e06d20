"""Renderer pairs out of a person's own video: drawn from the avatar, the video is the truth.

Offline; one process, two passes over the video: faces first, then boxes, some 20 frames a second.
Never mixes what is trained on with what is kept for the judgement: they are apart in time.

What is drawn and how it is matched is `render_grid`'s; here the reference is the avatar itself, as
it is when served, and for some a frame of the video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import Avatar
from engines.avatars.fit import BadPortrait
from engines.render import landmarks as lm
from engines.render.boxes import KINDS
from engines.render.nets import RendererNets
from engines.render.warp import WarpRenderer
from engines.values import F32, FRAME_RATE_HZ, U8
from export.data.faces import random_motion
from export.data.personal_track import OK, Track
from export.data.personal_video import BadVideo, Shot
from export.data.render_grid import Clip, clip_rows, reference
from export.data.render_pairs import Drawn, Pairs, sorted_by_box
from export.data.render_puppet import Puppet, Window
from export.evaluate.renderer_draw import Way, draw

KIND, KEPT = "personal", "kept"
MOST_HELD_S = 60.0
HELD_SHARE = 0.5
"""Of a video, its last part, kept for the judgement; a minute at most."""
APART_S = 1.0
"""Between the two parts; neither has it."""
PIECE = 75
"""Frames drawn together, as a clip of GRID's."""
LEAST_PIECE = 12
MOST_GAP = 3
"""Ticks between two fresh pictures of one piece."""
PER_PIECE, OTHERS_PER_PIECE, HELD_PER_PIECE = 36, 10, 12
"""Frames drawn of each: from the avatar, from a frame of the video, for the judgement."""
OTHERS_EVERY = 4
"""Pieces that share a reference of the video's own."""
LEAST_MATCHED = 0.3
"""Share of mouths that lie on the truth; fewer: another face, or another light altogether."""
LEAST_PAIRS = 60


@dataclass(frozen=True, slots=True)
class Footage:
    """What a video gives: pairs by box."""

    seen: dict[str, Pairs]
    """To train on."""
    held: dict[str, Pairs]
    """Never trained on; the avatar is the reference of all."""
    matched: float
    """Share of the avatar's mouths that lay on the truth."""


def parts(found: Track) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Pieces (ticks of pictures) to train on, and those of the video's last part."""
    count = len(found.state)
    split = count - int(min(MOST_HELD_S, HELD_SHARE * count / FRAME_RATE_HZ) * FRAME_RATE_HZ)
    apart = int(APART_S * FRAME_RATE_HZ)
    return pieces(found, 0, split - apart), pieces(found, split, count)


def pieces(found: Track, begin: int, end: int) -> list[NDArray[np.int64]]:
    """Ticks of pictures with a face, in runs of at most PIECE, none twice."""
    good = np.flatnonzero((found.state == OK) & found.fresh)
    good = good[(good >= begin) & (good < end)]
    out: list[NDArray[np.int64]] = []
    for run in np.split(good, np.flatnonzero(np.diff(good) > MOST_GAP) + 1):
        out += [run[i : i + PIECE].astype(np.int64) for i in range(0, len(run), PIECE)]
    return [run for run in out if len(run) >= LEAST_PIECE]


def window_on(avatar: Avatar, points: F32) -> Window:
    """The part of a video with points f32[F,478,3] in which the face lies as in the avatar."""
    usual = np.median(points, axis=0).astype(np.float32)
    here, there = (
        float(np.linalg.norm((p[lm.FACE_LEFT] - p[lm.FACE_RIGHT])[:2]))
        for p in (avatar.landmarks, usual)
    )
    side = max(round(avatar.size * there / here), 16)
    middle = usual[: lm.MESH_POINTS, :2].mean(0)
    corner = middle - avatar.landmarks[: lm.MESH_POINTS, :2].mean(0) * side / avatar.size
    return Window(round(float(corner[0])), round(float(corner[1])), side, avatar.size)


def clips(
    shots: Iterable[Shot], found: Track, runs: Sequence[NDArray[np.int64]], sound: F32 | None
) -> Iterator[Clip]:
    """The pieces with their pictures, one in memory at a time; `runs` in the order of time."""
    wanted = iter(runs)
    run, pictures = next(wanted, None), list[U8]()
    for tick, shot in enumerate(shots):
        if run is None:
            # Read on: only at its end does a video show that it was cut off.
            continue
        if tick != run[len(pictures)]:
            continue
        pictures.append(shot.picture)
        if len(pictures) == len(run):
            heard = None if sound is None else sound[run]
            yield Clip(KIND, np.stack(pictures), found.points[run], heard, KIND, KIND)
            run, pictures = next(wanted, None), []


def make(
    avatar: Avatar,
    shots: Iterable[Shot],
    found: Track,
    sound: F32 | None,
    seed: int,
    step: Callable[[], None],
) -> Footage:
    """All pairs of a video; `step` is told of each piece. Raises BadVideo."""
    trained, judged = parts(found)
    if not trained or not judged:
        raise BadVideo("too little of the video shows a face that looks ahead; film two minutes")
    rng = np.random.default_rng(seed)
    puppet, at = Puppet(avatar), window_on(avatar, found.points[found.state == OK])
    own: list[list[Pairs | None]] = []
    others: list[list[Pairs | None]] = []
    held: list[list[Pairs | None]] = []
    other: tuple[Puppet, Window] | None = None
    for k, clip in enumerate(clips(shots, found, [*trained, *judged], sound)):
        step()
        if k >= len(trained):
            held += clip_rows(clip, puppet, at, _share(clip, HELD_PER_PIECE), rng)
            continue
        own += clip_rows(clip, puppet, at, _share(clip, PER_PIECE), rng)
        if k % OTHERS_EVERY == 0 or other is None:
            other = _from_video(clip, rng)
        if other is not None:
            others += clip_rows(clip, *other, _share(clip, OTHERS_PER_PIECE), rng)
    mouths = [row[0] is not None for row in own]
    footage = Footage(sorted_by_box([*own, *others]), sorted_by_box(held), float(np.mean(mouths)))
    _check(footage)
    return footage


def _share(clip: Clip, count: int) -> int:
    return max(1, round(count * len(clip.points) / PIECE))


def _from_video(clip: Clip, rng: np.random.Generator) -> tuple[Puppet, Window] | None:
    try:
        return reference([clip], rng)
    except BadPortrait:
        # That frame is no portrait: the avatar's own is there, and the next piece.
        return None


def _check(footage: Footage) -> None:
    if footage.matched < LEAST_MATCHED:
        raise BadVideo(
            f"only {footage.matched:.0%} of the video's mouths look like the avatar's: film the "
            "person of the portrait, in a light like its own"
        )
    for name, pairs in footage.seen.items():
        if len(pairs) < LEAST_PAIRS or not len(footage.held[name]):
            raise BadVideo(
                f"the video gives {len(pairs)} examples of the {name} and {LEAST_PAIRS} are "
                "needed; film two minutes of speech, the face still and well lit"
            )


def kept(
    avatar: Avatar, nets: RendererNets, count: int, seed: int, step: Callable[[], None]
) -> dict[str, Pairs]:
    """The avatar in `count` made-up motions, and what everybody's nets draw of them, by box.

    A minute of speech holds no wide laugh: what it does not show is to stay as it was.
    """
    rng = np.random.default_rng(seed)
    puppet, renderer = Puppet(avatar), WarpRenderer(avatar, avatar.size)
    state = renderer.new_state()
    rows = []
    for _ in range(count):
        step()
        mesh = renderer.mesh(random_motion(rng).astype(np.float32))
        picture = renderer.draw(state, mesh)
        rows.append(puppet.pairs(KEPT, KIND, Drawn(picture, picture, mesh), None))
    found = sorted_by_box(rows)
    way = Way("everybody's", nets, nets.steps)
    return {
        name: replace(pairs, truth=draw(way, KINDS[name], pairs)) for name, pairs in found.items()
    }
