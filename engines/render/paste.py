"""How much of what the nets draw an avatar shows: tried on its own photo, once, when it is made.

Any thread, about a second.
Never looks at another face, and never keeps what it drew.

Two tests have a truth: the photo moved away and back (cycle), and a mouth that was open in the
photo, sealed by the fit and opened again by the rig (restore). The share that comes nearest to
the truth, in least squares over all of them, is shown where showing all would be farther from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.avatars.bundle import Avatar
from engines.avatars.eye_texture import complete_eyes
from engines.avatars.retake import retaken
from engines.render import landmarks as lm
from engines.render.boxes import Boxes, Kind, PlacedBox, fade
from engines.render.conditions import condition
from engines.render.diffusion import GROUPS
from engines.render.geometry import Geometry, Pose
from engines.render.nets import LEVELS, RendererNets, as_input, as_shares
from engines.render.sampler import sample, session_noise
from engines.render.warp import Mesh, WarpRenderer
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, U8

LEAST = 0.3
"""A share below this is none: what it would mend is less than what it might spoil."""
HARM_DB = 0.3
"""What all of it may lose against the warp without being weakened: a closed mouth is hardly
touched, and says little for or against."""
_AWAY: tuple[Mapping[str, float], ...] = (
    {"headYaw": 0.14, "headPitch": 0.05, "mouthSmileLeft": 0.3, "mouthSmileRight": 0.3},
    {"headYaw": -0.14, "headRoll": 0.06, "mouthPucker": 0.3, "browInnerUp": 0.5},
)
"""Where the photo is moved and brought back from."""
_OPENED_PX = 0.5
"""Of a 512 picture: landmarks that the fit moved further belonged to an open mouth."""
_SEED = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """A motion frame and what it should have been, in the avatar's pixels."""

    picture: U8
    truth: U8
    placed: F32
    """f32[468,3]: the mesh on the picture."""
    mouth: bool = True
    """Whether the mouth has a truth."""
    eyes: bool = True


Tried = tuple[F32, F32]
"""What the nets add to a box and what was wanted, f32[N,h,w,3] levels as they would be pasted."""


def choose(
    avatar: Avatar,
    nets: RendererNets,
    photo: U8,
    points: F32,
    filmed: Mapping[str, Sequence[Tried]] | None = None,
) -> dict[str, float]:
    """Share of each kind of box, 0..1, for `Avatar.paste`.

    photo u8[S,S,3] and points f32[478,3]: what `avatar` was made of, in its own pixels, as
    `engines.avatars.fit.crop` gives them. `filmed`: by name of the kind, frames of a video of the
    person; they count as much as the photo.
    """
    drawn: dict[Kind, list[Tried]] = {kind: [] for kind in GROUPS}
    renderer = WarpRenderer(avatar, avatar.size)
    rest = renderer.mesh(np.zeros(MOTION_SIZE, np.float32))
    boxes = Boxes(rest.placed)
    still = boxes.place(rest.placed)
    picture = renderer.draw(renderer.new_state(), rest)
    references = {kind: _reference(nets, kind, picture, still[at]) for kind, at in GROUPS.items()}
    for trial in _trials(avatar, renderer, photo, points):
        placed = boxes.place(trial.placed)
        for kind, at in GROUPS.items():
            if trial.mouth if kind.name == "mouth" else trial.eyes:
                drawn[kind].append(_draw(nets, kind, references[kind], trial, placed[at]))
    more = filmed or {}
    return {kind.name: share(pairs, more.get(kind.name, ())) for kind, pairs in drawn.items()}


def share(pairs: Sequence[Tried], filmed: Sequence[Tried] = ()) -> float:
    """The share of pairs (drawn, wanted) f32[...] to be shown: 1, or what is best, or 0.

    1 where nothing was tried: the nets are better than the warp on faces they have not seen.
    `filmed` counts as much as `pairs`, however many they are.
    """
    drawn_2, wanted_2, common = (float(value) for value in _means(pairs) + _means(filmed))
    if wanted_2 - 2 * common + drawn_2 <= wanted_2 * 10 ** (HARM_DB / 10):
        return 1.0
    best = common / drawn_2
    return round(best, 2) if best >= LEAST else 0.0


def _means(pairs: Sequence[Tried]) -> NDArray[np.float64]:
    """Of squares drawn, of squares wanted, of products: a pixel's, so that errors stay levels."""
    rows = [((a * a).sum(), (b * b).sum(), (a * b).sum()) for a, b in pairs]
    sums = np.array(rows, np.float64).reshape(-1, 3).sum(0)
    out: NDArray[np.float64] = sums / max(sum(a.size for a, _ in pairs), 1)
    return out


def _trials(avatar: Avatar, renderer: WarpRenderer, photo: U8, points: F32) -> Iterator[Trial]:
    opened = float(np.abs(points - avatar.landmarks)[:, :2].max()) * 512 / avatar.size
    sealed = opened > _OPENED_PX
    state, rest = renderer.new_state(), renderer.mesh(np.zeros(MOTION_SIZE, np.float32))
    for values in _AWAY:
        motion = np.zeros(MOTION_SIZE, np.float32)
        for name, value in values.items():
            motion[MOTION_INDEX[name]] = value
        mesh = renderer.mesh(motion)
        back = _back(_moved(avatar, mesh, renderer.draw(state, mesh)), avatar)
        # A mouth that the fit has sealed is no truth.
        yield Trial(back, avatar.portrait, rest.placed, mouth=not sealed)
    if sealed:
        # The pose stays; the lips go where the photo had them.
        face = Geometry(avatar, avatar.size).face.copy()
        face[:, :2] = points[: lm.MESH_POINTS, :2] * np.array([1, -1], np.float32)
        mesh = _still(avatar, face)
        yield Trial(renderer.draw(state, mesh), photo, mesh.placed, eyes=False)


def _moved(avatar: Avatar, mesh: Mesh, picture: U8) -> Avatar:
    """The avatar as if a picture of the mesh had been its photo."""
    points = avatar.landmarks.copy()
    points[: lm.MESH_POINTS] = mesh.placed * np.array([1, 1, -1], np.float32)
    for eye in lm.EYES:
        was, now = avatar.landmarks[list(eye.corners), :2], points[list(eye.corners), :2]
        points[list(eye.iris), :2] += now.mean(0) - was.mean(0)
    return retaken(avatar, picture, points, complete_eyes(picture, points))


def _back(moved: Avatar, avatar: Avatar) -> U8:
    """A moved photo drawn where it came from."""
    renderer = WarpRenderer(moved, moved.size)
    mesh = _still(moved, Geometry(avatar, avatar.size).face)
    return renderer.draw(renderer.new_state(), mesh)


def _still(avatar: Avatar, face: F32) -> Mesh:
    """A mesh of the avatar with its points at f32[468,3], head axes, and no pose."""
    geometry = Geometry(avatar, avatar.size)
    pose = Pose(np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    weights = np.zeros(len(avatar.deltas), np.float32)
    placed = geometry.place(face, geometry.face_follow, pose)
    return Mesh(weights, face.astype(np.float32), pose, placed)


def _reference(nets: RendererNets, kind: Kind, picture: U8, placed: tuple[PlacedBox, ...]) -> F32:
    rest = np.stack([each.cut(picture) for each in placed])
    return nets.reference(kind, rest, np.stack([each.masks() for each in placed]))


def _draw(
    nets: RendererNets,
    kind: Kind,
    reference: F32,
    trial: Trial,
    placed: tuple[PlacedBox, ...],
) -> tuple[F32, F32]:
    """(what the nets add, what was wanted), f32[N,h,w,3] as it would be pasted."""
    count, shape = len(placed), (len(placed), 3, *kind.shape)
    seen = np.stack([each.cut(trial.picture) for each in placed])
    truth = np.stack([each.cut(trial.truth) for each in placed])
    fixed = {
        "picture": as_input(seen),
        "masks": as_shares(np.stack([each.masks() for each in placed])),
        "previous": np.zeros(shape, np.float32),
        "condition": np.repeat(condition(np.zeros(MOTION_SIZE, np.float32))[None], count, 0),
        "reference": reference,
    }

    def predict(noised: F32, time: float) -> F32:
        at = np.full((count, 1), time, np.float32)
        return nets.residual(kind, {**fixed, "noised": noised, "time": at})

    residual = sample(predict, session_noise(_SEED, shape), nets.steps)
    layer = fade(kind)[None, ..., None]
    added = residual.transpose(0, 2, 3, 1) * np.float32(LEVELS) * layer
    wanted = (truth.astype(np.float32) - seen) * layer
    return added, wanted
