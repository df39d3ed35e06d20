"""How the wall behind a person gives way where they draw back: like rubber.

Engine thread; one object per avatar and size, no state between frames.
Never moves the person, nor wall that they only cover more of or slide along.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import disc, smoothstep
from engines.render.cutout import PERSON, RIM_PX
from engines.render.cv import cv2
from engines.values import F32, U8

_GIVE = 0.25
"""Face widths from the person after which a third of their way is left."""
_CALM = 0.4
"""Face widths above the still rows over which the wall comes to rest."""


class WallField:
    """What stood behind a head that draws back is in no photo: the wall beside it is drawn in.

    By as much as the outline draws back, and across it: lines that run into it stay straight.
    """

    def __init__(self, nodes: F32, matte: U8, face_width: float, lowest: float) -> None:
        """A square grid of nodes f32[N,2] over a portrait, in pixels; the portrait's matte u8[H,W].

        The wall is at rest from the row `lowest` on.
        """
        person = (matte > PERSON).astype(np.uint8)
        reach = cv2.dilate(person, disc(RIM_PX[1] * len(matte) / 512))
        last = np.array(matte.shape[::-1], np.float32) - 1
        x, y = np.rint(np.clip(nodes, 0, last)).astype(np.intp).T
        free = reach[y, x] == 0
        side, spacing = round(len(nodes) ** 0.5), float(nodes[1, 0] - nodes[0, 0])
        beside = cv2.dilate(free.reshape(side, side).astype(np.uint8), np.ones((3, 3), np.uint8))
        self._rim = np.flatnonzero(~free & (beside.ravel() > 0))
        soft = cv2.GaussianBlur(reach.astype(np.float32), (0, 0), spacing)
        steep = np.dstack([cv2.Sobel(soft, -1, dx, 1 - dx) for dx in (1, 0)])
        outward = -steep[y, x][self._rim]
        length = np.linalg.norm(outward, axis=1, keepdims=True)
        self._outward = (outward / np.maximum(length, 1e-6)).astype(np.float32)
        apart = np.linalg.norm(nodes[:, None] - nodes[None, self._rim], axis=2)
        share = 1 / np.maximum(apart, spacing / 4) ** 3
        away = np.where(free, apart.min(1, initial=np.inf), 0)
        give = np.exp(-away / (_GIVE * face_width))
        give *= smoothstep((lowest - nodes[:, 1]) / (_CALM * face_width))
        # Where nobody is there is no rim: no share of nothing.
        self._share = (share * (give / np.maximum(share.sum(1), 1e-9))[:, None]).astype(np.float32)

    def along(self, offset: F32) -> F32:
        """f32[N,2]: how far the wall's nodes go, where those of the person go by f32[N,2]."""
        across = (offset[self._rim] * self._outward).sum(1, keepdims=True)
        out: F32 = self._share @ (np.minimum(across, 0) * self._outward)
        return out
