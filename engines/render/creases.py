"""Where skin folds on a face: lines and patches on the portrait, and the shapes that fold them.

At construction of a renderer; any thread.
Never looks at a pixel, never draws: `folds.py` does.

Places follow the anatomy of facial lines (FACS Investigator's Guide, Ekman, Friesen, Hager, 2002,
appearance changes of AU 1, 2, 4, 5, 6, 9, 10, 12, 14, 15, 17).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.render import landmarks as lm
from engines.render.curves import smooth_chain
from engines.values import F32

_BROW_TOP = (70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300)
_FOREHEAD = (71, 68, 104, 69, 108, 151, 337, 299, 333, 298, 301)
_HAIRLINE = (54, 103, 67, 109, 10, 10, 10, 338, 297, 332, 284)
BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
"""Outlines of the brows, picture left and right."""


@dataclass(frozen=True, slots=True)
class Crease:
    """One line. Lengths in face widths."""

    path: F32
    """f32[N,2] x, y of the picture, down positive."""
    depth: float
    """Darkening in the groove at weight 1, about."""
    width: float
    """Standard deviation of the groove."""
    along: F32
    """f32[N] in [0, 1]: share of the depth along the path."""
    bulge: float = 0.0
    """0: a groove. Else skin bulges on one side: +1 right of the path's direction, -1 left."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A soft area that darkens (depth over 0) or gets pitted."""

    outline: F32
    """f32[N,2]"""
    depth: float
    soft: float
    """Standard deviation of its edge, face widths."""
    pitted: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What folds together."""

    name: str
    drive: dict[str, float]
    """Shapes in ARKIT_NAMES and their shares; the sum is the group's weight."""
    creases: list[Crease] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    lid: bool = False
    """Lies on the lids, where masks keep other folds away."""


def groups(points: F32, unit: float, age: float) -> list[Group]:
    """All groups for mesh points f32[468,2] (picture axes), face width, and age of skin 0..1."""
    out = [*_forehead(points, age), *_glabella(points, unit, age)]
    for eye, left in zip(lm.EYES, (True, False), strict=True):
        side = _Side(points, unit, age, eye, left)
        out += [*_eye(side), *_cheek(side), *_mouth_corner(side)]
    return [*out, *_chin(points)]


@dataclass(frozen=True, slots=True)
class _Side:
    points: F32
    unit: float
    age: float
    eye: lm.Eye
    left: bool
    """Of the picture."""

    def pick(self, left: tuple[int, ...], right: tuple[int, ...]) -> F32:
        return np.asarray(self.points[list(left if self.left else right)], np.float32)

    def drive(self, **shapes: float) -> dict[str, float]:
        """Shapes of this side; a name that ends in an underscore has no side."""
        side = self.eye.person_side
        return {n[:-1] if n.endswith("_") else n + side: v for n, v in shapes.items()}

    @property
    def out(self) -> F32:
        """f32[2]: from the inner to the outer corner of the eye."""
        outer, inner = self.points[list(self.eye.corners)]
        return np.asarray(outer - inner, np.float32)

    @property
    def lateral(self) -> float:
        """Bulge toward the cheek for a path that runs down."""
        return -1.0 if self.left else 1.0


def _ends(count: int, first: float, last: float) -> F32:
    """f32[count]: 1, tapering to 0 over shares `first` and `last` of the path."""
    t = np.linspace(0, 1, count)
    rise = np.clip(t / max(first, 1e-3), 0, 1) * np.clip((1 - t) / max(last, 1e-3), 0, 1)
    return (rise * rise * (3 - 2 * rise)).astype(np.float32)


def _line(
    path: F32, depth: float, width: float, ends: tuple[float, float], bulge: float = 0.0
) -> Crease:
    chain = smooth_chain(np.asarray(path, np.float32)).astype(np.float32)
    return Crease(chain, depth, width, _ends(len(chain), *ends), bulge)


def _forehead(points: F32, age: float) -> list[Group]:
    low, mid, top = (points[list(row)] for row in (_BROW_TOP, _FOREHEAD, _HAIRLINE))
    # The brow's own arch fades out up the forehead.
    count = 2 + round(2 * age)
    heights = np.linspace(0.42, 1.28, count) if count > 2 else np.array([0.62, 1.08])
    across, u = np.linspace(-1, 1, len(low)), np.linspace(-1, 1, 51)
    parts: dict[str, list[Crease]] = {"middle": [], "left": [], "right": []}
    for k, at in enumerate(heights):
        row = low + at * (mid - low) if at <= 1 else mid + (at - 1) * (top - mid)
        # Neighbouring lines are never of one length.
        reach = 0.84 - 0.1 * ((k * 2) % 3)
        # An arc: the brows' own dip in the middle is not the lines'.
        chain = np.stack([np.polyval(np.polyfit(across, v, 3), u) for v in row.T], 1)
        fade = np.clip((reach - np.abs(u)) / 0.3, 0, 1)
        depth = (0.19, 0.205 if count > 2 else 0.15, 0.15, 0.12)[k]
        shares = {
            "middle": np.clip((0.62 - np.abs(u)) / 0.4, 0, 1),
            "left": np.clip((-u - 0.05) / 0.4, 0, 1),
            "right": np.clip((u - 0.05) / 0.4, 0, 1),
        }
        for name, share in shares.items():
            along = (fade * share * share * (3 - 2 * share)).astype(np.float32)
            parts[name].append(Crease(chain.astype(np.float32), depth, 0.0095, along))
    drives = {
        "middle": {"browInnerUp": 0.9, "browOuterUpLeft": 0.08, "browOuterUpRight": 0.08},
        "left": {"browOuterUpRight": 0.85, "browInnerUp": 0.2},
        "right": {"browOuterUpLeft": 0.85, "browInnerUp": 0.2},
    }
    return [Group(f"forehead {n}", drives[n], creases) for n, creases in parts.items()]


def _glabella(points: F32, unit: float, age: float) -> list[Group]:
    inner_l, inner_r, root, between = points[[55, 285, 168, 9]]
    down = (root - between) / max(float(np.linalg.norm(root - between)), 1e-3)
    right = (inner_r - inner_l) / max(float(np.linalg.norm(inner_r - inner_l)), 1e-3)
    gap = float(np.linalg.norm(inner_r - inner_l))
    middle = (inner_l + inner_r) / 2
    elevens = []
    for side, depth, tall in ((-1.0, 0.21, 0.135), (1.0, 0.19, 0.118)):
        foot = middle + side * right * 0.27 * gap + down * 0.022 * unit
        knee = middle + side * right * 0.23 * gap - down * 0.4 * tall * unit
        head = middle + side * right * 0.30 * gap - down * tall * unit
        elevens.append(_line(np.stack([head, knee, foot]), depth, 0.0102, (0.55, 0.35)))
    across = np.stack(
        [root - right * 0.2 * gap - down * 0.004 * unit, root, root + right * 0.2 * gap]
    )
    elevens.append(_line(across, 0.12, 0.008, (0.4, 0.4)))
    shade = _ellipse(middle - down * 0.02 * unit, right * 0.3 * gap, down * 0.05 * unit)
    bridge = []
    for left, (a, b) in ((True, (196, 188)), (False, (419, 412))):
        start, end = points[a], points[b]
        step = (points[197] - points[6]) * 0.32
        lean = -right if left else right
        for k in range(2 + (age > 0.4)):
            top = start + (k - 1.2) * step
            tail = end + (k - 1.2) * step + lean * 0.012 * unit - down * 0.012 * unit
            path = np.stack([top, (top + tail) / 2 + down * 0.004 * unit, tail])
            bridge.append(_line(path, 0.065, 0.0062, (0.45, 0.5)))
    both = {"noseSneerLeft": 0.5, "noseSneerRight": 0.5}
    return [
        Group(
            "glabella",
            {
                **{"browDownLeft": 0.5, "browDownRight": 0.5},
                # Grief knits the brows it raises; surprise, which lifts their ends too, does not.
                **{"browInnerUp": 0.45, "browOuterUpLeft": -0.3, "browOuterUpRight": -0.3},
            },
            elevens,
            [Patch(shade, 0.13, 0.03)],
        ),
        Group("nose", both, bridge),
    ]


def _eye(side: _Side) -> list[Group]:
    points, eye, age = side.points, side.eye, side.age
    outer = points[eye.corners[0]]
    out = side.out
    down = np.array([-out[1], out[0]], np.float32) * np.sign(out[0])
    feet = []
    fan = ((-0.42, 0.42), (-0.02, 0.5), (0.36, 0.44))
    for rise, reach in fan[: 2 + (age > 0.25)]:
        start = outer + 0.30 * out + 0.42 * rise * down
        end = start + reach * (out + rise * down)
        bend = (start + end) / 2 + 0.03 * down
        feet.append(
            _line(np.stack([start, bend, end]), 0.15 * (0.45 + 0.55 * age), 0.0062, (0.4, 0.6))
        )
    under = points[list(eye.lower)] + 0.26 * (points[list(eye.lower)] - points[list(eye.upper)])
    under = under + 0.10 * float(np.linalg.norm(out)) * down / max(
        float(np.linalg.norm(down)), 1e-3
    )
    bag = _line(under, 0.10, 0.0075, (0.35, 0.35))
    crease, above = points[list(eye.crease)], points[list(eye.above)]
    fold = _line(crease + 0.08 * (above - crease), 0.20, 0.0075, (0.3, 0.3))
    brow = side.pick((46, 53, 52, 65, 55), (276, 283, 282, 295, 285))
    socket = np.concatenate([brow, crease[::-1]])
    hood = Patch(socket.astype(np.float32), 0.34, 0.016)
    return [
        Group("crow's feet", side.drive(eyeSquint=0.35, mouthSmile=0.4, cheekSquint=0.45), feet),
        Group("under eye", side.drive(eyeSquint=0.5, cheekSquint=0.5, mouthSmile=0.15), [bag]),
        Group("lid crease", side.drive(eyeWide=0.9), [fold], lid=True),
        Group("brow shadow", side.drive(browDown=0.9), [], [hood], lid=True),
    ]


def _cheek(side: _Side) -> list[Group]:
    path = side.pick((129, 203, 206, 216, 212), (358, 423, 426, 436, 432))
    # The fold starts at the upper edge of the nostril's wing and ends beside the mouth's corner.
    wing = side.pick((48,), (278,))[0]
    start = path[0] + 0.25 * (wing - path[0]) + 0.06 * side.out * 0.5
    path = np.concatenate([[start], path[1:4], [path[3] + 0.5 * (path[4] - path[3])]])
    smile = _line(path, 0.17, 0.0105, (0.2, 0.45), side.lateral)
    upper = _line(path[:4], 0.19, 0.0100, (0.2, 0.6), side.lateral)
    return [
        Group(
            "smile fold", side.drive(mouthSmile=0.75, cheekSquint=0.35, mouthDimple=0.2), [smile]
        ),
        Group("sneer fold", side.drive(noseSneer=0.75, mouthUpperUp=0.5), [upper]),
    ]


def _mouth_corner(side: _Side) -> list[Group]:
    corner, other = side.points[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT]][:: 1 if side.left else -1]
    out = (corner - other) / max(float(np.linalg.norm(corner - other)), 1e-3)
    down = np.array([-out[1], out[0]], np.float32) * np.sign(out[0])
    unit = side.unit
    sag = np.stack(
        [
            corner + unit * (0.012 * out - 0.004 * down),
            corner + unit * (0.034 * out + 0.028 * down),
            corner + unit * (0.040 * out + 0.085 * down),
        ]
    )
    marionette = _line(sag, 0.23, 0.0095, (0.2, 0.6), side.lateral * 0.6)
    pool = _ellipse(
        corner + unit * (0.012 * out + 0.030 * down), 0.03 * unit * out, 0.02 * unit * down
    )
    pit = np.stack(
        [
            corner + unit * (0.050 * out - 0.040 * down),
            corner + unit * (0.068 * out - 0.005 * down),
            corner + unit * (0.056 * out + 0.032 * down),
        ]
    )
    dimple = _line(pit, 0.18, 0.0085, (0.5, 0.5), side.lateral * 0.6)
    return [
        Group(
            "marionette",
            side.drive(mouthFrown=0.9, mouthShrugLower_=0.15, mouthStretch=0.2),
            [marionette],
            [Patch(pool, 0.22, 0.018)],
        ),
        Group("dimple", side.drive(mouthDimple=0.9, mouthPress=0.2), [dimple]),
    ]


def _chin(points: F32) -> list[Group]:
    row = points[[106, 182, 83, 18, 313, 406, 335]]
    below = points[[204, 194, 201, 200, 421, 418, 424]]
    crease = _line(row + 0.25 * (below - row), 0.13, 0.014, (0.45, 0.45))
    boss = points[200] + 0.35 * (points[199] - points[200])
    across = (points[421] - points[201]) * 0.85
    tall = (points[175] - points[18]) * 0.24
    pits = Patch(_ellipse(boss, across, tall), 0.15, 0.03, pitted=True)
    return [
        Group(
            "chin",
            {"mouthShrugLower": 0.8, "mouthFrownLeft": 0.15, "mouthFrownRight": 0.15},
            [crease],
            [pits],
        )
    ]


def _ellipse(middle: F32, a: F32, b: F32) -> F32:
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
    return np.asarray(middle + np.cos(t) * a + np.sin(t) * b, np.float32)
