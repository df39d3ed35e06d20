"""Search for a step in face space that takes a person away from every source.

Runs on the calling thread, a few minutes a person; face vectors come from a child process.
Never writes a recipe: the step it prints is put there by hand, once the face has been looked at.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from export.gallery.arrays import F32, F64, U8, f32
from export.gallery.likeness import Likeness
from export.gallery.shape import face_width
from export.gallery.warp import anchors

AIM = 0.55
"""Identity distance that is far enough: the finished portrait comes out about .02 nearer."""
AIM_SHAPE = 0.9
LIMIT = 1.7
"""Standard deviations: further along a mode a face looks deformed."""
CALM = 1.2
"""Root mean square of a step that costs nothing."""
PREVIEW_PX = 256
log = logging.getLogger(__name__)

ENOUGH = 0.01
"""Cost at which the search ends."""

Shape = Callable[[Sequence[float]], F64]
"""The mesh (478, 3) for a step."""
Place = Callable[[F64], F64]
"""Its points (478, 2) in the picture."""


@dataclass(frozen=True, slots=True)
class Found:
    """A step with what it reaches."""

    step: tuple[float, ...]
    identity: float
    source: str
    cost: float


def expression(shape: F64, rest: F64) -> float:
    """How much grimmer `shape` looks than `rest`: low brows, narrow eyes, thin lips, low corners.

    0 is as calm; .1 shows. Identity modes carry some of it, and nobody wants a frowning host.
    """

    def measures(mesh: F64) -> F64:
        y = mesh[:, 1] / face_width(mesh)
        brow = y[[159, 386]].mean() - y[[107, 336, 105, 334]].mean()
        inner = y[[133, 362]].mean() - y[[55, 285]].mean()
        eye = y[[145, 374]].mean() - y[[159, 386]].mean()
        return np.array([brow, inner, eye, y[17] - y[0], 0.1 + y[13] - y[[61, 291]].mean()])

    ratio = measures(shape) / measures(rest)
    low = np.array([0.95, 0.95, 0.95, 0.85, 0.97])
    high = np.array([1.25, 1.25, 1.25, 1.35, 1.15])
    return float((np.maximum(low - ratio, 0) + np.maximum(ratio - high, 0)).sum())


def deform(picture: U8, start: F64, points: F64, side: int = PREVIEW_PX) -> tuple[U8, F32]:
    """The face of `picture` moved from `start` to `points` (478, 2), cut out at `side` px.

    Returns the preview and its points: quick, rough, good enough for a face vector.
    """
    low, high = points.min(0), points.max(0)
    reach = 1.5 * float((high - low).max())
    corner = 0.5 * (low + high) - 0.5 * reach
    axis = corner[0] + (np.arange(33) / 32) * reach, corner[1] + (np.arange(33) / 32) * reach
    xs, ys = np.meshgrid(*axis)
    some = np.unique(np.r_[np.arange(0, len(points), 2), 33, 133, 362, 263, 2])
    ring = anchors(points, 1.9)
    spline = RBFInterpolator(
        np.vstack([points[some], ring]),
        np.vstack([start[some], ring]),
        kernel="thin_plate_spline",
        smoothing=1.0,
    )
    coarse = f32(spline(np.stack([xs.ravel(), ys.ravel()], axis=1)).reshape(33, 33, 2))
    at = (np.arange(side, dtype=np.float32) + 0.5) * np.float32(32 / side)
    across, down = (f32(v) for v in np.meshgrid(at, at))
    places = f32(cv2.remap(coarse, across, down, cv2.INTER_LINEAR))
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.3, 0.35 * reach / side))
    moved = cv2.remap(soft, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    return moved.astype(np.uint8), f32((points - corner) * side / reach - 0.5)


class Search:
    """An evolution strategy over the step of one recipe, on previews of its first portrait."""

    def __init__(
        self, picture: U8, shape: Shape, place: Place, likeness: Likeness, step: Sequence[float]
    ) -> None:
        self.picture = picture
        self.shape = shape
        self.place = place
        self.likeness = likeness
        self.first = np.asarray(step, np.float64)
        self.start = place(shape(step))
        self.rest = shape([0.0] * len(step))

    def run(self, *, rounds: int, batch: int, seed: int) -> Found:
        """The best step of `rounds` times `batch` looked at; the same seed finds the same."""
        rng = np.random.default_rng(seed)
        best = self.rate([self.first])[0]
        width = 0.5
        for _ in range(rounds):
            spread = width * np.geomspace(0.35, 1.6, batch)[:, None]
            chosen = rng.random((batch, len(self.first))) < 0.3
            moves = spread * rng.standard_normal(chosen.shape) * chosen
            steps = np.clip(np.array(best.step) + moves, -LIMIT, LIMIT)
            ahead = min(self.rate(list(steps)), key=lambda found: found.cost)
            width = min(0.8, 1.2 * width) if ahead.cost < best.cost else max(0.25, 0.9 * width)
            best = min(best, ahead, key=lambda found: found.cost)
            log.info("identity %.3f (%s), cost %.3f", best.identity, best.source, best.cost)
            if best.cost < ENOUGH:
                break
        return best

    def rate(self, steps: Sequence[F64]) -> list[Found]:
        """Cost of each step: nearness to sources, grimness, and the length of the step."""
        shapes = [self.shape(step.tolist()) for step in steps]
        looks = [deform(self.picture, self.start, self.place(shape)) for shape in shapes]
        depth = np.zeros((len(looks), len(self.start), 1), np.float32)
        points = np.concatenate([np.stack([p for _, p in looks]), depth], axis=2)
        far = self.likeness.distances(np.stack([picture for picture, _ in looks]), points)
        found = []
        for step, shape, row in zip(steps, shapes, far, strict=True):
            near = int(row.argmin())
            cost = float(np.maximum(AIM - np.sort(row)[:4], 0) @ [1.0, 0.1, 0.05, 0.05])
            cost += 0.2 * max(0.0, AIM_SHAPE - self.likeness.nearest_shape(shape)[1])
            cost += 0.35 * expression(shape, self.rest)
            cost += 0.05 * max(0.0, float(np.sqrt((step**2).mean())) - CALM)
            found.append(
                Found(tuple(step.round(2).tolist()), float(row[near]), self.likeness.names[near],
                      float(cost))
            )  # fmt: skip
        return found
