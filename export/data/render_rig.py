"""Renderer pairs of speech: the sounds' mouths on portraits, their inside drawn as it should look.

Offline; one process; a tenth of a second a pair.
Never changes a pixel outside the lips: there the motion frame is the truth.

Photos of open mouths are photos of laughs. A net that sees no others fills every opening with
teeth; these mouths are dark, round, hold a tongue, or show the lower row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.matte import smoothstep
from engines.avatars.retake import toothless
from engines.avatars.rigging import umeyama
from engines.render import landmarks as lm
from engines.render.curves import lens, polygon_mask, window
from engines.render.cv import cv2
from engines.render.geometry import Geometry
from engines.render.rig import load_rig
from engines.render.teeth import TEETH_BEHIND_CM
from engines.render.warp import Mesh, WarpRenderer
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, U8
from export.data.render_mesh import MeshReader
from export.data.render_pairs import Cutter, Drawn, Pairs, Told
from export.data.render_rig_mouth import JAW_SHAPES, Held, Looks, RigMouth, random_looks
from export.data.render_stills import Portraits

Span = tuple[float, float]
MOUTHS: dict[str, tuple[dict[str, Span], Span, Span]] = {
    # shapes; centimetres the tongue's tip is raised; comes forward
    "aa": ({"jawOpen": (0.4, 0.75), "mouthLowerDown": (0.0, 0.3)}, (0, 0.9), (0, 0.5)),
    "eh": ({"jawOpen": (0.2, 0.4), "mouthStretch": (0.0, 0.3), "mouthUpperUp": (0, 0.2)},
           (0.2, 0.9), (0, 0.5)),
    "ee": ({"jawOpen": (0.06, 0.2), "mouthStretch": (0.2, 0.5), "mouthSmile": (0.1, 0.4),
            "mouthLowerDown": (0.1, 0.4), "mouthUpperUp": (0.0, 0.3)}, (0.4, 0.8), (0, 0.3)),
    "oo": ({"jawOpen": (0.1, 0.25), "mouthFunnel": (0.2, 0.5), "mouthPucker": (0.3, 0.7)},
           (0, 0.3), (-0.5, 0)),
    "oh": ({"jawOpen": (0.25, 0.5), "mouthFunnel": (0.3, 0.6), "mouthPucker": (0.0, 0.3)},
           (0, 0.7), (-0.5, 0)),
    "fv": ({"jawOpen": (0.03, 0.12), "mouthRollLower": (0.3, 0.5), "mouthUpperUp": (0.1, 0.4)},
           (0, 0.2), (0, 0)),
    "th": ({"jawOpen": (0.14, 0.28), "mouthLowerDown": (0.0, 0.3), "mouthUpperUp": (0, 0.2)},
           (0.5, 0.9), (1.0, 1.7)),
    "l": ({"jawOpen": (0.2, 0.4), "mouthLowerDown": (0.0, 0.2)}, (1.1, 1.8), (0.2, 0.6)),
    "s": ({"jawOpen": (0.02, 0.1), "mouthStretch": (0.0, 0.3), "mouthLowerDown": (0.2, 0.5),
           "mouthUpperUp": (0.1, 0.4)}, (0.2, 0.5), (0, 0)),
    "sh": ({"jawOpen": (0.03, 0.12), "mouthFunnel": (0.4, 0.7), "mouthLowerDown": (0.0, 0.3)},
           (0.2, 0.5), (0, 0)),
}  # fmt: skip
_SHOWN = (0.01, 0.085)
"""Mouth widths the upper teeth reach below the line of the closed lips: some hide them."""
_CAVITY = np.array([14, 11, 28], np.float32)
_TOOTH_BGR = np.array([190, 204, 214], np.float32)
_TURN = 0.06
_CHANGE = 0.2
"""How far toward another mouth a frame lies from the one before."""
_SHADE_SHARE, _RIM_SHARE = 0.10, 0.022
"""Mouth widths over which the upper lip shades what is behind it; width of the wet rim."""


def random_mouth(rng: np.random.Generator) -> tuple[F32, Held]:
    """f32[58] of one sound or between two, and how jaw and tongue are held."""
    names = list(MOUTHS)
    first, second = (MOUTHS[names[int(i)]] for i in rng.choice(len(names), 2, replace=False))
    share = float(rng.choice([0.0, rng.uniform(0, 0.5)]))
    motion = np.zeros(MOTION_SIZE, np.float32)
    up = out = 0.0
    for (shapes, rise, reach), part in ((first, 1 - share), (second, share)):
        for name, span in shapes.items():
            value = part * rng.uniform(*span)
            both = (name,) if name in MOTION_INDEX else (f"{name}Left", f"{name}Right")
            for one in both:
                motion[MOTION_INDEX[one]] += value * rng.uniform(0.9, 1.1)
        up, out = up + part * rng.uniform(*rise), out + part * rng.uniform(*reach)
    for name in ("headPitch", "headYaw", "headRoll"):
        motion[MOTION_INDEX[name]] = rng.normal(0, _TURN)
    jaw = np.array([motion[MOTION_INDEX[name]] for name in JAW_SHAPES], np.float32)
    return motion, Held(jaw, up, out)


def inside(
    picture: U8, avatar: Avatar, geometry: Geometry, mesh: Mesh, mouth: RigMouth, looks: Looks,
    held: Held, shown: float,
) -> U8:  # fmt: skip
    """The picture u8[S,S,3] with the opening of its lips drawn anew."""
    placed = mesh.placed
    chains = ((lm.INNER_LEFT, *row, lm.INNER_RIGHT) for row in (lm.UPPER_INNER, lm.LOWER_INNER))
    outline = lens(*(placed[list(chain), :2] for chain in chains))
    box = window(outline, 6, geometry.size, geometry.size)
    if box is None:
        return picture
    x0, y0, x1, y1 = box
    shape = (y1 - y0, x1 - x0)
    posed = mouth.posed(looks, held)
    width = geometry.mouth_width
    scale, turn, tip = _stand(geometry, shown)
    at = geometry.place(
        (tip + scale * posed @ turn.T).astype(np.float32),
        np.ones(len(posed), np.float32),
        mesh.pose,
    )
    at[:, :2] -= [x0, y0]
    colour, cover = mouth.draw(posed, at, looks, shape)
    mask: F32 = polygon_mask(outline, (x0, y0), shape, 0.9).astype(np.float32) / np.float32(255)
    throat = _CAVITY * looks.tooth / np.float32(_TOOTH_BGR[2])
    drawn: F32 = throat + cover[..., None] * (colour - throat)
    drawn = _shaded(drawn, mask, width, avatar.lip_colour, looks)
    out = picture.copy()
    part = out[y0:y1, x0:x1]
    part[:] = np.rint((part + mask[..., None] * (drawn - part)).clip(0, 255)).astype(np.uint8)
    return out


def _stand(geometry: Geometry, shown: float) -> tuple[float, F32, F32]:
    """Pixels a centimetre, turn, place of the upper incisors' tips, as `engines.render.mouth`."""
    face = geometry.face
    _, turn, _ = umeyama(load_rig().neutral, face)
    deep = float(np.linalg.norm(face[lm.MOUTH_LEFT] - face[lm.MOUTH_RIGHT]))
    scale = geometry.rig_scale * float(np.clip(deep / (4.9 * geometry.rig_scale), 0.85, 1.2))
    down = turn[:2, 1] / np.linalg.norm(turn[:2, 1]) * shown * geometry.mouth_width
    behind = TEETH_BEHIND_CM * geometry.rig_scale
    return scale, turn, ((face[13] + face[14]) / 2 - np.append(down, behind)).astype(np.float32)


def _shaded(drawn: F32, mask: F32, width: float, lip: F32, looks: Looks) -> F32:
    """f32[h,w,3]: the upper lip's shadow, dark along the edge, the lips' wet inner side."""
    drop = max(_SHADE_SHARE * width, 1.0)
    lowered = cv2.warpAffine(
        mask, np.array([[1, 0, 0], [0, 1, drop]], np.float32), mask.shape[::-1]
    )
    lit = cv2.GaussianBlur(lowered, (0, 0), 0.6 * drop)
    drawn = drawn * (0.74 + 0.26 * smoothstep(1.3 * lit))[..., None]
    deep = np.clip(2 * cv2.GaussianBlur(mask, (0, 0), _RIM_SHARE * width) - 1, 0, 1)
    drawn = drawn * (0.5 + 0.5 * smoothstep(1.4 * deep))[..., None]
    rows = np.cumsum(mask, 0) / np.maximum(mask.sum(0, keepdims=True), 1)
    below = smoothstep((rows - 0.55) / 0.4)[..., None]
    rim = lip * ((0.45 - 0.05 * looks.wet) * (1 - below) + (0.72 + 0.1 * looks.wet) * below)
    out: F32 = (drawn + (0.85 * (1 - deep) ** 2)[..., None] * (rim - drawn)).astype(np.float32)
    return out


def make(
    people: Portraits, mouth: RigMouth, variants: int, seed: int, step: Callable[[], None]
) -> Iterator[list[Pairs | None]]:
    """Mouths of each portrait, the person's own teeth left out: those drawn are others."""
    rng = np.random.default_rng(seed)
    for name, _, _, whole in people.avatars(step):
        avatar = toothless(whole)
        renderer = WarpRenderer(avatar, avatar.size)
        state, geometry = renderer.new_state(), Geometry(avatar, avatar.size)
        rest = MeshReader(avatar).rest()
        picture = renderer.draw(state, rest)
        cutter = Cutter(avatar, Drawn(picture, picture, rest))
        looks = random_looks(avatar.teeth_light * _TOOTH_BGR, avatar.lip_colour, rng)
        shown = float(rng.uniform(*_SHOWN))
        for _ in range(variants):
            now, other = random_mouth(rng), random_mouth(rng)
            drawn = []
            for motion, held in (_toward(now, other, _CHANGE), now):
                mesh = renderer.mesh(motion)
                frame = renderer.draw(state, mesh)
                truth = inside(frame, avatar, geometry, mesh, mouth, looks, held, shown)
                drawn.append(Drawn(frame, truth, mesh))
            boxes = cutter.cut(Told("rig", name, now[0]), drawn[1], drawn[0])
            yield [boxes[0], None, None]


def _toward(now: tuple[F32, Held], other: tuple[F32, Held], share: float) -> tuple[F32, Held]:
    """A frame before: so much of the way to another mouth."""
    (motion, held), (far, away) = now, other
    out: F32 = (motion + share * (far - motion)).astype(np.float32)
    return out, Held(
        (held.jaw + share * (away.jaw - held.jaw)).astype(np.float32),
        held.tongue_up + share * (away.tongue_up - held.tongue_up),
        held.tongue_out + share * (away.tongue_out - held.tongue_out),
    )
