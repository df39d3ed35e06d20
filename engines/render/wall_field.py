"""How a wall gives way around a person who moves: like rubber, all of it seen, none made up.

Engine thread; one object per avatar and size, no state between frames.
Never moves the person.
"""

from __future__ import annotations

import numpy as np

from engines.avatars.matte import disc, smoothstep
from engines.render.cv import cv2
from engines.values import F32, U8

_PERSON = 20
"""Matte from which on a pixel is the person's, of 255."""
_ALONG = 0.5
"""Face widths from the person after which a third of their way is left."""
_CALM = 0.4
"""Face widths above the still rows over which the wall comes to rest."""


class WallField:
    """The nodes of a wall, each going along with those of the person's that are nearest.

    A wall that stood still would show, beside a turned head, what no photo holds: made up, that is
    what people call broken.
    """

    def __init__(self, nodes: F32, matte: U8, face_width: float, lowest: float) -> None:
        """A square grid of nodes f32[N,2] over a portrait, in pixels; the portrait's matte u8[H,W].

        The wall is at rest from the row `lowest` on.
        """
        spacing = float(nodes[1, 0] - nodes[0, 0])
        # So wide that each cell the person touches has four nodes that move as they do.
        reach = cv2.dilate((matte > _PERSON).astype(np.uint8), disc(1.45 * spacing))
        last = np.array(matte.shape[::-1], np.float32) - 1
        x, y = np.rint(np.clip(nodes, 0, last)).astype(np.intp).T
        free = reach[y, x] == 0
        side = round(len(nodes) ** 0.5)
        beside = cv2.dilate(free.reshape(side, side).astype(np.uint8), np.ones((3, 3), np.uint8))
        self._wall, self._rim = np.flatnonzero(free), np.flatnonzero(~free & (beside.ravel() > 0))
        apart = np.linalg.norm(nodes[self._wall, None] - nodes[None, self._rim], axis=2)
        share = 1 / apart**2
        give = np.exp(-apart.min(1, initial=np.inf) / (_ALONG * face_width))
        give *= smoothstep((lowest - nodes[self._wall, 1]) / (_CALM * face_width))
        # Where nobody is there is no rim: no share of nothing.
        self._share = (share * (give / np.maximum(share.sum(1), 1e-9))[:, None]).astype(np.float32)

    def along(self, offset: F32) -> F32:
        """How far all nodes go, where those of the person go by f32[N,2]; the same array."""
        offset[self._wall] = self._share @ offset[self._rim]
        return offset
