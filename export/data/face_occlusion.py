"""Crops of faces with and without something in front, and how much of mouth and eyes it hides.

Offline; pure but for the generator handed in.
Never guesses the answer: shares are counted on the opacity of what was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.face.frame import frame_of
from engines.face.parts import PARTS
from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data import face_occluders as held
from export.data import face_wear as worn
from export.data.face_augment import Jitter, jittered, relight
from export.data.face_occluders import Draw, Layer, Subject
from export.data.faces import BASE_PX, Faces

KINDS: tuple[tuple[Draw, float], ...] = (
    (held.mask, 0.17), (held.scarf, 0.07), (held.hand, 0.22), (held.microphone, 0.1),
    (held.thing, 0.1), (worn.glasses, 0.18), (worn.band, 0.05), (worn.strands, 0.06),
    (worn.beard, 0.05),
)  # fmt: skip
"""What is drawn and how often."""
BARE = 0.35
"""Share of crops with nothing in front."""
LOOSE = Jitter(0.03, 0.07, 0.08)
"""Points of a face with a cover are found less well."""
COVERED, CLEAR = (0.35, 0.5), (0.08, 0.15)
"""Shares from which the mouth (an eye) is covered, and up to which it is not."""
_LEAST = 0.45
"""Opacity from which a thing hides what is behind."""


@dataclass(frozen=True, slots=True)
class Occluded:
    """N crops of the mesh net's size."""

    images: U8
    hidden: F32
    """f32[N,3]: mouth, left eye, right eye; 1 covered, 0 clear, 0.5 neither."""


def shares(alpha: F32, points: F32) -> F32:
    """f32[3]: share of the lips' area and of each eye's that opacity f32[B,B] hides."""
    loops = [[*lm.OUTER_LOOP]]
    loops += [[eye.corners[0], *eye.upper, eye.corners[1], *eye.lower[::-1]] for eye in lm.EYES]
    out = []
    for loop in loops:
        outline = points[loop, :2]
        middle = outline.mean(0)
        # Shut lips and lids have no area: judged a little wider than they are.
        wide = middle + (outline - middle) * [1.0, 1.15] + np.sign(outline - middle) * [0, 2]
        area = np.zeros((BASE_PX, BASE_PX), np.uint8)
        cv2.fillPoly(area, [np.rint(wide).astype(np.int32)], 1)
        inside = area > 0
        out.append(float((alpha[inside] > _LEAST).mean()) if inside.any() else 0.0)
    return np.array(out, np.float32)


def labels(share: F32) -> F32:
    """f32[3]: 1 covered, 0 clear, 0.5 neither."""
    high = np.array([COVERED[0], COVERED[1], COVERED[1]])
    low = np.array([CLEAR[0], CLEAR[1], CLEAR[1]])
    out: F32 = np.where(share >= high, 1.0, np.where(share <= low, 0.0, 0.5)).astype(np.float32)
    return out


def put_in(image: U8, layer: Layer, rng: np.random.Generator) -> U8:
    """The thing before the picture, with the shadow it throws."""
    colour, alpha = layer
    shift = rng.normal(0, 5, 2).astype(np.float32)
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    dark = cv2.warpAffine(alpha, move, alpha.shape[::-1])
    dark = cv2.GaussianBlur(dark, (0, 0), float(rng.uniform(2, 8))) * np.float32(
        rng.uniform(0, 0.55)
    )
    part = alpha[..., None]
    out = image * (1 - dark[..., None]) * (1 - part) + colour * part
    return out.clip(0, 255).astype(np.uint8)  # type: ignore[no-any-return]


class OcclusionSampler:
    """Draws labelled crops from stored faces and, for textures, whole photos."""

    def __init__(self, faces: Faces, photos: U8, chances: F32 | None = None) -> None:
        self._faces, self._photos, self._chances = faces, photos, chances

    def batch(self, count: int, rng: np.random.Generator) -> Occluded:
        """`count` crops."""
        rows = rng.choice(len(self._faces.images), count, p=self._chances)
        drawn = [self.draw(int(row), rng) for row in rows]
        return Occluded(np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn]))

    def draw(self, row: int, rng: np.random.Generator, kind: Draw | None = None) -> tuple[U8, F32]:
        """One crop u8[S,S,3] of face `row` and its labels f32[3]; `kind` only, when given."""
        image, points = self._faces.images[row], self._faces.points[row]
        hidden = np.zeros((BASE_PX, BASE_PX), np.float32)
        for draw in self._kinds(rng) if kind is None else [kind]:
            layer = draw(self._subject(image, points, rng), rng)
            if draw is not worn.beard:
                hidden = np.maximum(hidden, layer[1])
            image = put_in(image, layer, rng)
        side = PARTS["mesh"].side_px
        matrix = jittered(frame_of(points), LOOSE, rng).matrix(side)
        crop = cv2.warpAffine(
            cv2.GaussianBlur(image, (0, 0), 0.6), matrix, (side, side), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        answer = labels(shares(hidden, points))
        if rng.random() < 0.5:
            crop, answer = np.ascontiguousarray(crop[:, ::-1]), answer[[0, 2, 1]]
        return relight(crop, rng, block=False), answer

    def layer(self, row: int, rng: np.random.Generator, kind: Draw | None = None) -> Layer:
        """Something to put before face `row`; of `kind`, when given."""
        odds = np.array([k[1] for k in KINDS])
        draw = kind or KINDS[int(rng.choice(len(KINDS), p=odds / odds.sum()))][0]
        return draw(self._subject(self._faces.images[row], self._faces.points[row], rng), rng)

    def _kinds(self, rng: np.random.Generator) -> list[Draw]:
        if rng.random() < BARE:
            return []
        odds = np.array([k[1] for k in KINDS])
        count = 2 if rng.random() < 0.15 else 1
        picked = rng.choice(len(KINDS), count, p=odds / odds.sum())
        return [KINDS[int(i)][0] for i in picked]

    def _subject(self, image: U8, points: F32, rng: np.random.Generator) -> Subject:
        photo = self._photos[int(rng.integers(len(self._photos)))]
        height, width = photo.shape[:2]
        side = int(rng.uniform(0.12, 0.35) * min(height, width))
        # Clothes are below, walls and hair beside: anywhere but the picture's middle.
        x = int(rng.integers(0, width - side))
        y = int(rng.uniform(0.65, 1.0) * (height - side))
        piece = cv2.resize(photo[y : y + side, x : x + side], (BASE_PX, BASE_PX))
        other = int(rng.integers(len(self._faces.images))) if rng.random() < 0.5 else None
        skin = self._skin(image, points)
        if other is not None:
            skin = self._skin(self._faces.images[other], self._faces.points[other])
        gain = np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.04, 3))
        return Subject(image, points, piece, (skin * gain).astype(np.float32))

    @staticmethod
    def _skin(image: U8, points: F32) -> F32:
        """f32[3]: median colour of the cheeks."""
        at = np.rint(points[[50, 101, 280, 330, 151], :2]).astype(int).clip(2, BASE_PX - 3)
        spots = [image[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3) for x, y in at]
        out: F32 = np.median(np.concatenate(spots), axis=0).astype(np.float32)
        return out
