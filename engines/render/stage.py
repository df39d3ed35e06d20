"""What is around a person in the picture: background, framing, mirrored or not.

Pure; at construction of a renderer, on any thread: a tenth of a second.
Never costs a frame anything but a flip, and never keeps or reads a file.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from engines.avatars.bundle import Avatar
from engines.render import landmarks as lm
from engines.render.backdrops import backdrop
from engines.render.cutout import spotless
from engines.render.cv import cv2
from engines.render.layers import Layers, cut, resized
from engines.render.surround import surrounded
from engines.values import F32, U8

Framing = Literal["shoulders", "head"]
FRAMINGS: tuple[Framing, ...] = get_args(Framing)
_HEX = re.compile("#[0-9a-fA-F]{6}")
_HEAD_SHARE = 0.78
"""Of the side of a `head` picture, from the top of the hair to the chin."""
_HEAD_ABOVE = 0.09
"""Of that side, free above the hair."""
_MIN_FACE_WIDTHS = 1.5
_MAX_SHARE = 0.86
"""Of the portrait's side: a `head` picture is always visibly closer than the portrait."""
_BEYOND = 0.08
"""Of the picture: as much wall is thought to lie past the portrait's edges."""
_BLUR_SHARE = 0.07
"""Standard deviation of the strongest blur, as a share of the side."""


@dataclass(frozen=True, slots=True)
class Photo:
    """The portrait's own background."""


@dataclass(frozen=True, slots=True)
class Blur:
    """The portrait's own background, out of focus."""

    strength: float = 0.5
    """0 (hardly) to 1 (only colours are left)."""


@dataclass(frozen=True, slots=True)
class Colour:
    """One plain colour, for a chroma key or a calm page."""

    bgr: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Backdrop:
    """One of `engines.render.backdrops`."""

    name: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of somebody's own. Equal when its pixels are."""

    digest: str
    pixels: U8 = field(compare=False, repr=False)
    """u8[S,S,3] BGR, a square."""


Background: TypeAlias = Photo | Blur | Colour | Backdrop | Image


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that may be changed around a person; the default is the photo as it is."""

    background: Background = field(default_factory=Photo)
    framing: Framing = "shoulders"
    mirrored: bool = False

    @property
    def private(self) -> bool:
        """Whether it holds a picture of somebody's own, which nobody else may come by."""
        return isinstance(self.background, Image)


AS_IT_IS = Stage()


@dataclass(frozen=True, slots=True)
class Scene:
    """An avatar set up on a stage for pictures of S pixels."""

    avatar: Avatar
    """Its points and offsets in the framed picture."""
    layers: Layers
    reach: U8
    """What the head moves, also past the frame, for a turn pulls that in: u8[h,w,3] the photo,
    wall and all, or u8[h,w,4] the person alone, premultiplied, before another background."""
    reach_corner: F32
    """f32[2]: where the frame's top left pixel lies in `reach`."""
    photo: U8
    """u8[H,W,3]: the whole portrait."""
    matte: U8
    """u8[H,W]: where the person is in it."""
    corner: F32
    """f32[2]: where the frame's top left pixel lies in it."""


def set_up(avatar: Avatar, size: int, stage: Stage = AS_IT_IS) -> Scene:
    """Frame the avatar and put it before its background."""
    if stage.framing == "head":
        framed, whole, corner = _framed(avatar, size)
    else:
        framed, whole, corner = avatar, cut(avatar, size), (0, 0)
    layers, at = _part(whole, corner, size), np.array(corner, np.float32)
    side = len(whole.photo)
    matte, wall = resized(avatar.alpha, side), resized(avatar.background, side)
    if isinstance(stage.background, Photo):
        margin = round(_BEYOND * size)
        reach = surrounded(whole.photo, wall, matte, margin)
        return Scene(framed, layers, reach, at + margin, whole.photo, matte, at)
    person = spotless(whole.photo, matte)
    behind = _behind(stage, _square(wall, corner, size))
    layers = layers.before(behind, _square(person, corner, size))
    return Scene(framed, layers, person, at, whole.photo, matte, at)


def colour_of(text: str) -> Colour:
    """Of #rrggbb. Raises ValueError."""
    if not _HEX.fullmatch(text):
        raise ValueError(f"colour {text[:16]!r}: wanted #rrggbb, as #00b140")
    value = bytes.fromhex(text[1:])
    return Colour((value[2], value[1], value[0]))


def text_of(colour: Colour) -> str:
    """#rrggbb."""
    blue, green, red = colour.bgr
    return f"#{red:02x}{green:02x}{blue:02x}"


def image_of(picture: U8, size: int) -> Image:
    """The middle square of any picture u8[H,W,3], at `size` pixels; nothing else is kept."""
    height, width = picture.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    pixels = np.ascontiguousarray(resized(picture[y : y + side, x : x + side], size))
    if pixels is picture or pixels.base is picture:
        pixels = pixels.copy()
    return Image(hashlib.sha256(pixels.tobytes()).hexdigest(), pixels)


def blurred(background: U8, strength: float) -> U8:
    """u8[S,S,3] as a lens out of focus shows it: blurred in light, not in grey levels."""
    size = background.shape[0]
    sigma = (0.12 + 0.88 * float(np.clip(strength, 0, 1))) * _BLUR_SHARE * size
    # A quarter of the size is plenty for what is blurred by several pixels, and 16 times faster.
    fold = max(1, int(sigma // 3))
    light = (resized(background, max(size // fold, 16)).astype(np.float32) / 255) ** 2.2
    side = light.shape[0]
    soft = cv2.GaussianBlur(light, (0, 0), sigma * side / size, borderType=cv2.BORDER_REFLECT)
    large = cv2.resize(np.clip(soft, 0, 1), (size, size), interpolation=cv2.INTER_CUBIC)
    out: U8 = np.rint(np.clip(large, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
    return out


def head_window(avatar: Avatar) -> tuple[float, float, float]:
    """x, y and side of the square around the head, in the portrait's pixels and inside it."""
    points = avatar.landmarks
    chin = float(points[lm.CHIN, 1])
    left, right = float(points[lm.FACE_LEFT, 0]), float(points[lm.FACE_RIGHT, 0])
    columns = avatar.alpha[:, max(round(left), 0) : max(round(right), 1)]
    hair = np.flatnonzero((columns > 128).any(1))
    top = float(hair[0]) if len(hair) else float(points[lm.FACE_TOP, 1])
    side = max((chin - top) / _HEAD_SHARE, _MIN_FACE_WIDTHS * (right - left))
    side = min(side, _MAX_SHARE * avatar.size)
    room = avatar.size - side
    x = float(np.clip((left + right) / 2 - side / 2, 0, room))
    y = float(np.clip(top - _HEAD_ABOVE * side, 0, room))
    return x, y, side


def _framed(avatar: Avatar, size: int) -> tuple[Avatar, Layers, tuple[int, int]]:
    """The avatar in a `head` picture, its whole portrait at that scale, the frame's corner.

    Scaled first and cut at whole pixels after: what lies past the frame then fits without a seam.
    """
    x, y, side = head_window(avatar)
    whole = round(avatar.size * size / side)
    scale = whole / avatar.size
    corner = (
        int(np.clip(round(x * scale), 0, whole - size)),
        int(np.clip(round(y * scale), 0, whole - size)),
    )
    layers = cut(avatar, whole)
    points = avatar.landmarks * np.float32(scale)
    points[:, :2] += (scale - 1) / 2 - np.array(corner, np.float32)
    framed = replace(
        avatar,
        portrait=_square(layers.photo, corner, size),
        landmarks=points.astype(np.float32),
        deltas=avatar.deltas * np.float32(scale),
        rig_scale=avatar.rig_scale * scale,
    )
    return framed, layers, corner


def _part(whole: Layers, corner: tuple[int, int], size: int) -> Layers:
    photo = _square(whole.photo, corner, size)
    return Layers(
        photo=photo,
        eyes=_square(whole.eyes, corner, size),
        skin=_square(whole.skin, corner, size),
        background=None,
        rest=photo,
    )


def _square(picture: U8, corner: tuple[int, int], size: int) -> U8:
    """`size` pixels a side of a picture from x, y on; itself when that is all of it."""
    x, y = corner
    return np.ascontiguousarray(picture[y : y + size, x : x + size])


def _behind(stage: Stage, own: U8) -> U8:
    """u8[S,S,3]: what stands behind the person, in the size of the portrait's `own`."""
    match stage.background:
        case Photo():
            return own
        case Blur(strength):
            return blurred(own, strength)
        case Colour(bgr):
            return np.full_like(own, bgr)
        case Backdrop(name):
            behind = backdrop(name, own.shape[0])
        case Image(_, pixels):
            behind = resized(pixels, own.shape[0])
    # Only the person is mirrored: a name on somebody's own picture must stay readable. The frame
    # is flipped as a whole, so it is flipped here once more.
    return np.ascontiguousarray(behind[:, ::-1]) if stage.mirrored else behind
