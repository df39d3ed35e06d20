"""Skin folds: the brightness of creases that an expression folds into the skin.

Engine thread; one object per avatar and size, no state between frames.
Never over hair, brows, beard, lips or eyeballs, nothing at rest, never random.

Each group of `creases.py` is a height field on the portrait, lit from above and from the photo's
brighter side, kept as a small map of brightness. A frame adds the maps by weight and carries the
sum along with the skin. Skin that has lines has them deepened; smooth skin folds softer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.avatars.matte import smoothstep
from engines.render import landmarks as lm
from engines.render.creases import BROWS, Crease, Group, Patch, groups
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.values import ARKIT_NAMES, F32, MOTION_INDEX, U8

_DARKEST, _LIGHTEST = -0.45, 0.16
_STEPS = 48
"""Samples of a crease."""
_WAVE = 0.17
"""Face widths from one change of a crease to the next, about."""
_ABOVE = 0.8
_ASIDE = 0.6
_SLOPE, _DEEP = 1.32, 1.92
"""Shares of a crease's depth: light on its slopes, and shadow in its bottom."""
_OWN = 3.4
"""How much the photo's own lines deepen in old skin, where it folds."""
_AGE = (0.019, 0.042)
"""Fine contrast of young and of old skin."""
_NOTHING = 0.004


@dataclass(frozen=True, slots=True)
class _Map:
    """Brightness of one group at weight 1, in a window of the half-size portrait."""

    y0: int
    x0: int
    values: F32


@dataclass(frozen=True, slots=True)
class _Skin:
    """What the half-size photo says of the skin."""

    bare: F32
    """f32[h,w] in [0, 1]: skin without hair, away from lips, eyes, brows and outline."""
    lids: F32
    """The same, but whatever the colour: lids lie in shadow and under lashes."""
    lines: F32
    """f32[h,w]: the skin's own fine contrast, negative in its lines."""
    lined: F32
    """f32[h,w] in [0, 1]: how strong those lines are around a place."""
    age: float
    """0 smooth to 1 lined."""
    light: F32
    """f32[2]: x, y toward the light."""


class Folds:
    """Brightness factors of folded skin."""

    def __init__(self, geometry: Geometry, photo: U8, cover: U8, glasses: float = 0.0) -> None:
        """Of photo u8[S,S,3] and cover u8[S,S] (255 on the face) at the size of the geometry."""
        half = photo.shape[0] // 2
        points = geometry.face[:, :2] * np.array([1, -1], np.float32)
        points = ((points + 0.5) / 2 - 0.5).astype(np.float32)
        unit = geometry.face_width / 2
        skin = _skin(
            cv2.resize(photo, (half, half), interpolation=cv2.INTER_AREA),
            cv2.resize(cover, (half, half), interpolation=cv2.INTER_AREA),
            points,
            unit,
        )
        self.age = skin.age
        found = groups(points, unit, skin.age)
        self.names = [one.name for one in found]
        self._maps = [_map(one, k, skin, unit, glasses) for k, one in enumerate(found)]
        self._drive = np.zeros((len(found), len(ARKIT_NAMES)), np.float32)
        for row, one in zip(self._drive, found, strict=True):
            for name, share in one.drive.items():
                row[MOTION_INDEX[name]] = share
        self._side = half

    def weights(self, weights: F32) -> F32:
        """f32[G] in [0, 1]: how far each group is folded by blendshapes f32[52]."""
        raised = np.minimum(np.maximum(self._drive @ weights, 0), 1)
        # Skin bends before it folds.
        out: F32 = raised * smoothstep(raised + np.float32(0.25))
        return out

    def factors(self, weights: F32, source: F32) -> F32 | None:
        """f32[h,w] for f32[52] and where in the photo each pixel comes from; None at rest.

        source f32[2,h,w]: x, y in pixels of the full-size portrait.
        """
        amounts = self.weights(weights)
        if amounts.max() <= _NOTHING:
            return None
        total = np.zeros((self._side, self._side), np.float32)
        for one, amount in zip(self._maps, amounts.tolist(), strict=True):
            if amount <= _NOTHING:
                continue
            height, width = one.values.shape
            part = total[one.y0 : one.y0 + height, one.x0 : one.x0 + width]
            cv2.scaleAdd(one.values, amount - _NOTHING, part, part)
        at = source * np.float32(0.5) - np.float32(0.25)
        out: F32 = cv2.remap(total, at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        np.maximum(out, _DARKEST, out=out)
        np.minimum(out, _LIGHTEST, out=out)
        out += 1
        return out


def _map(group: Group, seed: int, skin: _Skin, unit: float, glasses: float) -> _Map:
    """Draw one group in its own window."""
    shapes = [c.path for c in group.creases] + [p.outline for p in group.patches]
    margin = 0.06 * unit + 3
    side = skin.bare.shape[0]
    places = np.concatenate(shapes)
    low = np.clip(np.floor(places.min(0) - margin), 0, side - 4).astype(int)
    high = np.clip(np.ceil(places.max(0) + margin), low + 4, side).astype(int)
    (x0, y0), (x1, y1) = low, high
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    height = np.zeros(xs.shape, np.float32)
    bottom, zone = np.zeros_like(height), np.zeros_like(height)
    rng = np.random.default_rng(seed)
    for crease in group.creases:
        rise, dark, near = _relief(crease, xs, ys, unit, skin.age, rng)
        height += rise
        bottom += dark
        zone = np.maximum(zone, near)
    slope_y, slope_x = np.gradient(height)
    # y of the picture is down: what falls away below faces the ground.
    lit = -(slope_x * skin.light[0] + slope_y * skin.light[1])
    own = skin.lines[y0:y1, x0:x1]
    # Where the photo has lines, those are the ones that fold: made ones are fainter there.
    values = (1 - 0.6 * skin.lined[y0:y1, x0:x1]) * (_SLOPE * lit - _DEEP * bottom)
    values += _OWN * skin.age * zone * own
    for patch in group.patches:
        values += _area(patch, xs, ys, unit, skin.age, rng)
    mask = skin.lids if group.lid else skin.bare
    values *= mask[y0:y1, x0:x1]
    if group.lid or "eye" in group.name or group.name in ("nose", "crow's feet"):
        values *= 1 - 0.6 * glasses
    return _Map(int(y0), int(x0), values.astype(np.float32))


def _relief(
    crease: Crease, xs: F32, ys: F32, unit: float, age: float, rng: np.random.Generator
) -> tuple[F32, F32, F32]:
    """Height, shadow in the bottom, and nearness 0..1 of one crease on a grid."""
    path, along = _even_steps(crease.path, crease.along)
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum()) / unit
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    path = path + normal * (0.0035 * unit * _wander(rng, length))[:, None]
    width = crease.width * unit * (1.6 - 0.65 * age) * (1 + 0.15 * _wander(rng, length))
    depth = (
        crease.depth
        * (0.5 + 0.5 * age)
        * along
        * np.clip(1 + 0.25 * _wander(rng, length), 0.3, 1.6)
    )
    grid = np.stack([xs, ys], 2)
    # |p - c|^2 less |p|^2: one matrix product.
    nearest = ((path**2).sum(1) - 2 * (grid @ path.T)).argmin(2)
    away = grid - path[nearest]
    signed = (away * normal[nearest]).sum(2)
    wide = np.maximum(width, 0.7)[nearest]
    deep = depth[nearest]
    # Past its ends a crease is over, also for pixels straight ahead of it.
    beyond = np.abs((away * tangent[nearest]).sum(2))
    deep = deep * np.exp(-((beyond / (2 * wide)) ** 2))
    x = signed / wide
    core = np.exp(-x * x / 2)
    if crease.bulge:
        rising = -np.sign(crease.bulge) * x
        bump = smoothstep((rising + 1.2) / 2.4) * np.exp(-np.maximum(rising, 0) / 3.5)
        rise = 1.7 * bump * wide
        # Below a bulge lies a soft shadow, wider than the groove.
        soft = 0.42 * np.exp(-(((x - 1.6 * np.sign(crease.bulge)) / 2.6) ** 2) / 2)
        dark = 0.75 * core + soft
    else:
        rise = (0.42 * np.exp(-((np.abs(x) - 2.5) ** 2) / 2) - core) * wide
        # The skin between two grooves is pushed up, toward the light.
        dark = 0.9 * core - 0.16 * np.exp(-((np.abs(x) - 2.7) ** 2) / 2)
    near = np.exp(-((x / 5.0) ** 2)) * np.minimum(deep / max(crease.depth, 1e-3), 1)
    return deep * rise, deep * dark, near.astype(np.float32)


def _area(patch: Patch, xs: F32, ys: F32, unit: float, age: float, rng: np.random.Generator) -> F32:
    """f32[h,w]: brightness of a soft area on a grid."""
    origin = np.array([xs[0, 0], ys[0, 0]], np.float32)
    inside = np.zeros(xs.shape, np.uint8)
    cv2.fillPoly(inside, [np.rint((patch.outline - origin) * 16).astype(np.int32)], 255, 8, 4)
    soft = cv2.GaussianBlur(inside, (0, 0), max(patch.soft * unit, 0.6)).astype(np.float32) / 255
    if not patch.pitted:
        return np.asarray(-patch.depth * soft, np.float32)
    bumps = rng.normal(size=xs.shape).astype(np.float32)
    pits = cv2.GaussianBlur(bumps, (0, 0), max(0.013 * unit, 0.8))
    pits /= max(float(pits.std()), 1e-6)
    depth = patch.depth * (0.4 + 0.6 * age)
    return np.asarray(depth * soft * np.clip(pits, -1.8, 0.5), np.float32)


def _even_steps(path: F32, along: F32) -> tuple[F32, F32]:
    """Both at _STEPS places evenly along the path."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0, length[-1], _STEPS)
    even = np.stack([np.interp(at, length, path[:, k]) for k in range(2)], 1)
    return even.astype(np.float32), np.interp(at, length, along).astype(np.float32)


def _wander(rng: np.random.Generator, length: float) -> F32:
    """f32[_STEPS]: a slow random walk about 0, deviation 1 or so.

    length: of the crease in face widths. Short creases are simple, long ones wander more often.
    """
    count = int(np.clip(length / _WAVE, 1, 12)) + 2
    knots = rng.normal(size=count)
    at = np.linspace(0, count - 1.001, _STEPS)
    low = at.astype(int)
    share = smoothstep((at - low).astype(np.float32))
    return np.asarray(knots[low] * (1 - share) + knots[low + 1] * share, np.float32)


def _skin(photo: U8, cover: U8, points: F32, unit: float) -> _Skin:
    """Masks, age and light from the photo at half size."""
    side = photo.shape[0]
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY).astype(np.float32)
    inside = _polygon(side, [_hull(points)])
    rim = cv2.distanceTransform((inside > 0).astype(np.uint8), cv2.DIST_L2, 3) / unit
    eyes = [points[[e.corners[0], *e.upper, e.corners[1], *e.lower[::-1]]] for e in lm.EYES]
    lips = points[list(lm.OUTER_LOOP)]
    brows = [points[list(row)] for row in BROWS]
    base = np.asarray(
        smoothstep(rim.astype(np.float32) / 0.05)
        * (cover / np.float32(255))
        * (1 - _near(side, [*eyes, lips], 0.008 * unit, 0.006 * unit))
        * (1 - _near(side, brows, 0.012 * unit, 0.010 * unit)),
        np.float32,
    )
    usual = float(np.median(grey[base > 0.5])) if (base > 0.5).any() else 128.0
    usual = max(usual, 8.0)
    level = cv2.GaussianBlur(np.maximum(grey, 0.75 * usual), (0, 0), 0.10 * unit)
    fine = cv2.GaussianBlur(grey, (0, 0), 0.010 * unit)
    bare = base * smoothstep((fine / level - 0.62) / 0.18) * _coloured(photo, base, unit)
    lines = cv2.GaussianBlur(grey, (0, 0), max(0.005 * unit, 0.5)) - cv2.GaussianBlur(
        grey, (0, 0), 0.024 * unit
    )
    lines = np.clip(lines / np.maximum(fine, 8), -0.25, 0.03)
    return _Skin(
        bare=cv2.GaussianBlur(bare, (0, 0), max(0.006 * unit, 0.5)),
        lids=base,
        lines=lines,
        lined=smoothstep((_around(lines * bare, 0.05 * unit) - 0.025) / 0.05),
        age=_age(lines, bare, points, unit),
        light=np.array([_from_side(grey, bare, points), -_ABOVE], np.float32),
    )


def _around(lines: F32, radius: float) -> F32:
    """f32[h,w]: root mean square within a radius, pixels."""
    out: F32 = np.sqrt(np.maximum(cv2.GaussianBlur(lines * lines, (0, 0), radius), 0))
    return out


def _coloured(photo: U8, base: F32, unit: float) -> F32:
    """f32[h,w]: 1 where the colour is this face's skin, 0 on grey or fair hair."""
    lab = cv2.cvtColor(cv2.GaussianBlur(photo, (0, 0), 0.010 * unit), cv2.COLOR_BGR2LAB)
    tone = lab[..., 1:].astype(np.float32)
    usual = np.median(tone[base > 0.5], axis=0) if (base > 0.5).any() else np.array([140, 145])
    off = np.linalg.norm(tone - usual.astype(np.float32), axis=2)
    return smoothstep((22 - off) / 10)


def _age(lines: F32, bare: F32, points: F32, unit: float) -> float:
    """0 to 1 from the fine contrast of forehead, temples and cheeks."""
    found = []
    for at in (
        (108, 151, 337),
        (69, 104),
        (299, 333),
        (226, 35),
        (446, 265),
        (205, 206),
        (425, 426),
    ):
        x, y = np.rint(points[list(at)].mean(0)).astype(int)
        r = max(round(0.07 * unit), 3)
        box = np.s_[max(y - r, 0) : y + r, max(x - r, 0) : x + r]
        keep = bare[box] > 0.6
        if keep.sum() > 12:
            # Quantiles: an eyelash or a strand of hair at the edge is no line.
            low, high = np.quantile(lines[box][keep], (0.1, 0.9))
            found.append(float(high - low) / 2.56)
    rough = float(np.median(found)) if found else _AGE[0]
    return float(smoothstep(np.array((rough - _AGE[0]) / (_AGE[1] - _AGE[0]), np.float32)))


def _from_side(grey: F32, bare: F32, points: F32) -> float:
    """-_ASIDE (light from picture left) to _ASIDE, by the cheeks."""
    levels = []
    for at in ((50, 205, 36), (280, 425, 266)):
        x, y = np.clip(np.rint(points[list(at)]).astype(int), 2, grey.shape[0] - 3).T
        levels.append(
            float(
                np.mean(
                    [grey[b - 2 : b + 3, a - 2 : a + 3].mean() for a, b in zip(x, y, strict=True)]
                )
            )
        )
    ratio = np.log(max(levels[1], 4.0) / max(levels[0], 4.0))
    return float(np.clip(1.2 * ratio, -_ASIDE, _ASIDE))


def _hull(points: F32) -> F32:
    return np.asarray(cv2.convexHull(points[: lm.MESH_POINTS])[:, 0], np.float32)


def _polygon(side: int, outlines: list[F32]) -> U8:
    mask = np.zeros((side, side), np.uint8)
    for one in outlines:
        cv2.fillPoly(mask, [np.rint(one * 16).astype(np.int32)], 255, 8, 4)
    return mask


def _near(side: int, outlines: list[F32], grow: float, soft: float) -> F32:
    """f32[h,w]: 1 in the outlines grown by some pixels, 0 away from them."""
    radius = max(round(grow), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    mask = cv2.dilate(_polygon(side, outlines), kernel)
    blurred = cv2.GaussianBlur(mask, (0, 0), max(soft, 0.5))
    # The whole of what is named stays out; only past it does the mask fade.
    out: F32 = np.maximum(blurred, _polygon(side, outlines)).astype(np.float32) / 255
    return out
