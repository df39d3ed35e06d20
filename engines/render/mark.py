"""The visible mark that says the picture is made by a computer, drawn into its pixels.

Engine thread; the sprite is drawn once per size, laying it on a picture takes some 20 us.
Never reads or changes anything else of a picture, and never draws on one handed over before.

In the pixels, so that recordings and re-streams carry it (Regulation (EU) 2024/1689, Article 50).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from engines.pipeline import Renderer
from engines.render.conditions import NOTHING, Cues
from engines.render.cv import cv2
from engines.sharing import Strokes, leave, nets_of, settle, strokes_of
from engines.values import F32, U8

Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
CORNERS: tuple[Corner, ...] = get_args(Corner)
MAX_TEXT = 32
MIN_TEXT_PX = 12
"""Below this height letters fall apart in the video encoder."""
MARGIN = 1 / 16
"""Share of the side that stays free at every edge: the measuring strip is as high (server.probe),
and players lay their controls over the outermost part."""
_PLATE = (24, 20, 18)
_PLATE_ALPHA = 0.62
"""White letters on it keep a contrast of 4.5 to 1 on a white wall (WCAG 2, level AA)."""
_WEIGHT = 560
_SHARPER = 4
"""Edges of the plate are drawn this many times larger."""
_SPRITES = 16


@dataclass(frozen=True, slots=True)
class MarkStyle:
    """How the mark looks and where it is."""

    text: str = "AI-generated"
    corner: Corner = "bottom-left"
    size: float = 0.032
    """Height of the letters as a share of the picture's side."""
    opacity: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError for what could not be drawn or read."""
        if not 1 <= len(self.text) <= MAX_TEXT or not self.text.isprintable():
            raise ValueError(f"text: wanted 1 to {MAX_TEXT} printable characters")
        if not self.text.strip():
            raise ValueError("text: wanted something to read")
        if self.corner not in CORNERS:
            raise ValueError(f"corner: wanted one of {', '.join(CORNERS)}")
        if not 0.02 <= self.size <= 0.12:
            raise ValueError("size: wanted 0.02 to 0.12 of the picture's side")
        if not 0.4 <= self.opacity <= 1:
            raise ValueError("opacity: wanted 0.4 to 1; fainter could not be read")


class Mark:
    """The mark for pictures of one size."""

    def __init__(self, style: MarkStyle, size: int) -> None:
        """size: side of the picture in pixels, at least 128."""
        colour, alpha = _sprite(style, size)
        height, width = alpha.shape
        margin = round(MARGIN * size)
        vertical, horizontal = style.corner.split("-")
        self.top = margin if vertical == "top" else size - margin - height
        self.left = margin if horizontal == "left" else size - margin - width
        self.height, self.width = height, width
        self._colour = colour
        self._rest = np.repeat(255 - alpha[..., None], 3, axis=2)

    def draw(self, picture: U8) -> None:
        """Lay the mark on u8[size,size,3], in place."""
        part = picture[self.top : self.top + self.height, self.left : self.left + self.width]
        cv2.add(cv2.multiply(part, self._rest, scale=1 / 255), self._colour, part)


class Marked:
    """A renderer whose every picture carries the mark."""

    def __init__(self, renderer: Renderer, mark: Mark) -> None:
        self._renderer = renderer
        self._mark = mark

    @property
    def size(self) -> int:
        """That of the renderer inside."""
        return self._renderer.size

    @property
    def efforts(self) -> tuple[str, ...]:
        """Those of the renderer inside."""
        return self._renderer.efforts

    def new_state(self, seed: int = 0) -> Any:
        """State of the renderer inside."""
        return self._renderer.new_state(seed)

    def render(self, state: Any, motion: F32, cues: Cues = NOTHING, effort: int = 0) -> U8:
        """Its picture with the mark on it."""
        picture = self._renderer.render(state, motion, cues, effort)
        self._mark.draw(picture)
        return picture

    @property
    def nets(self) -> str:
        """Those of the renderer inside."""
        return nets_of(self._renderer)

    def strokes(
        self, state: Any, motion: F32, cues: Cues = NOTHING, effort: int = 0
    ) -> Strokes[U8]:
        """Its strokes, and the mark after the last."""
        picture = yield from strokes_of(self._renderer, state, motion, cues, effort)
        self._mark.draw(picture)
        return picture

    def settle(self, state: Any) -> None:
        """As that of the renderer inside."""
        settle(self._renderer, state)

    def leave(self, state: Any) -> None:
        """As that of the renderer inside."""
        leave(self._renderer, state)


def marked(
    factory: Callable[[Any, int, Any], Renderer], style: MarkStyle | None
) -> Callable[[Any, int, Any], Renderer]:
    """A renderer factory whose renderers draw the mark; None: `factory` itself."""
    if style is None:
        return factory

    def build(avatar: Any, size: int, stage: Any) -> Renderer:
        return Marked(factory(avatar, size, stage), Mark(style, size))

    return build


@lru_cache(_SPRITES)
def _sprite(style: MarkStyle, size: int) -> tuple[U8, U8]:
    """(u8[h,w,3] colour times alpha, u8[h,w] alpha) of the plate with its text."""
    most = size - 2 * round(MARGIN * size)
    letters = max(round(style.size * size), MIN_TEXT_PX)
    text = _text(style.text, letters)
    room = most - 2 * round(0.5 * letters)
    if text.shape[1] > room:
        shrink = room / text.shape[1]
        letters = max(round(letters * shrink), 1)
        text = cv2.resize(text, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    aside, above = round(0.5 * letters), round(0.28 * letters)
    text = cv2.copyMakeBorder(text, above, above, aside, aside, cv2.BORDER_CONSTANT, value=0)
    plate = _plate(text.shape[0], text.shape[1], round(0.4 * letters)) * _PLATE_ALPHA
    ink = text.astype(np.float32) / 255
    alpha = (ink + plate * (1 - ink)) * style.opacity
    behind = (plate * (1 - ink))[..., None] * np.array(_PLATE, np.float32)
    colour = (255 * ink[..., None] + behind) * style.opacity
    return np.rint(colour).astype(np.uint8), np.rint(255 * alpha).astype(np.uint8)


def _text(text: str, letters: int) -> U8:
    """u8[h,w]: white on black, as tight as its ink across, a line high."""
    face = cv2.FontFace("uni" if any(ord(char) > 0x24F for char in text) else "sans")
    canvas = np.zeros((4 * letters, 2 * letters * (len(text) + 2), 3), np.uint8)
    base = 2 * letters + letters // 2
    cv2.putText(canvas, text, (letters, base), (255, 255, 255), face, letters, _WEIGHT)
    ink = canvas[..., 0]
    columns = np.flatnonzero(ink.any(0))
    rows = np.flatnonzero(ink.any(1))
    if len(columns) == 0:
        raise ValueError(f"text: the font has no letters for {text!r}")
    # From the height of a capital to the lowest descender: every text then sits alike.
    top = min(int(rows[0]), base - round(0.74 * letters))
    bottom = max(int(rows[-1]) + 1, base + round(0.06 * letters))
    out: U8 = ink[top:bottom, columns[0] : columns[-1] + 1]
    return out


def _plate(height: int, width: int, radius: int) -> F32:
    """f32[h,w]: 1 inside a rectangle with round corners."""
    tall, wide, round_ = height * _SHARPER, width * _SHARPER, radius * _SHARPER
    mask = np.zeros((tall, wide), np.uint8)
    cv2.rectangle(mask, (round_, 0), (wide - 1 - round_, tall - 1), 255, -1)
    cv2.rectangle(mask, (0, round_), (wide - 1, tall - 1 - round_), 255, -1)
    for x in (round_, wide - 1 - round_):
        for y in (round_, tall - 1 - round_):
            cv2.circle(mask, (x, y), round_, 255, -1)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    out: F32 = small.astype(np.float32) / 255
    return out
