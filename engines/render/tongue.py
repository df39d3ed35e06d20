"""The tongue: lying behind the lower teeth, or put out over the lower lip.

Engine thread; one object per avatar and size, no state between frames.
Never larger than the mouth's window; never drawn over the upper teeth.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import smoothstep
from engines.render.curves import three, tinted
from engines.render.cv import cv2
from engines.values import F32

_COLOUR = np.array([98, 88, 166], np.float32)
_WIDE, _LONG = 0.235, 0.46
"""Half width and length of a tongue put out all the way, mouth widths."""
_RELIEF_SIDE = 96
_OUT_FROM = 0.04


class Tongue:
    """Colour and relief of one tongue."""

    def __init__(self, light: F32) -> None:
        """Take f32[3] `light`: the photo's light on what is in the mouth, factors on BGR."""
        self._colour = _COLOUR * light
        noise = np.random.default_rng(7).normal(size=(_RELIEF_SIDE, _RELIEF_SIDE))
        fine = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 1.1)
        self._relief = (fine / fine.std()).astype(np.float32)

    def lie(self, out: F32, tip: tuple[float, float], half: tuple[float, float]) -> None:
        """Into f32[h,w,3]: lit in front, dark toward the throat; centre and half axes in pixels."""
        dx = (np.arange(out.shape[1], dtype=np.float32) - tip[0]) / half[0]
        dy = ((np.arange(out.shape[0], dtype=np.float32) - tip[1]) / half[1])[:, None]
        inside = smoothstep(np.asarray((1.25 - dx * dx) - dy * dy, np.float32))
        groove = 0.12 * np.exp(-((dx / 0.10) ** 2))
        light = np.minimum(np.maximum((0.80 - groove) + 0.34 * dy, 0.2), 1.0)
        tongue = tinted(light, self._colour)
        tongue -= out
        tongue *= three(inside)
        out += tongue

    def reach(self, amount: float, width: float) -> float:
        """How far past the lower inner lip it goes, pixels; 0 when it stays in."""
        return _LONG * width * amount if amount > _OUT_FROM else 0.0

    def put_out(
        self, shape: tuple[int, int], root: F32, lip: F32, amount: float, width: float
    ) -> tuple[F32, F32]:
        """Colour f32[h,w,3] and cover f32[h,w,1] in [0, 1] of the tongue in a window.

        root, lip f32[2] pixels of the window: where it comes from under the upper teeth, and the
        middle of the lower inner lip; width: the mouth's, pixels.
        """
        down = lip - root + 1e-3
        down = down / np.linalg.norm(down)
        ys, xs = np.ogrid[: shape[0], : shape[1]]
        along = (xs - root[0]) * down[0] + (ys - root[1]) * down[1]
        across = (xs - root[0]) * down[1] - (ys - root[1]) * down[0]
        length = float(np.linalg.norm(lip - root)) + self.reach(amount, width)
        half = _WIDE * width * (0.8 + 0.2 * amount)
        # Straight sides and a round tip, a little wider before it.
        past = np.maximum(along - (length - half), 0) / half
        bulge = 1 + 0.06 * np.sin(np.clip(along / length, 0, 1) * np.pi)
        u = across / (half * bulge)
        edge = np.sqrt(u * u + past * past)
        cover = smoothstep(((1 - edge) * half / 1.6 + 0.5).astype(np.float32))
        cover = cover * smoothstep((along / (0.06 * width) + 0.5).astype(np.float32))
        rise = 1 - 0.34 * np.clip(edge, 0, 1) ** 3
        groove = 0.13 * np.exp(-((u / 0.11) ** 2)) * np.clip(1.2 - past, 0, 1)
        depth = smoothstep((along / (0.30 * width) + 0.25).astype(np.float32))
        gloss = np.exp(-(((u - 0.32) / 0.2) ** 2) - (((along / length) - 0.72) / 0.16) ** 2)
        light = (rise - groove) * (0.45 + 0.6 * depth) * (1 + 0.02 * self._grain(shape, root))
        colour = self._colour * light[..., None] + 26 * gloss[..., None].astype(np.float32)
        return colour.astype(np.float32), cover[..., None].astype(np.float32)

    def _grain(self, shape: tuple[int, int], root: F32) -> F32:
        """Relief for a window, moving with the tongue."""
        rows = (np.arange(shape[0]) - round(float(root[1]))) % _RELIEF_SIDE
        columns = (np.arange(shape[1]) - round(float(root[0]))) % _RELIEF_SIDE
        out: F32 = self._relief[np.ix_(rows, columns)]
        return out
