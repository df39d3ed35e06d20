"""The upright square around a face: from eyes and mouth to a crop and back.

Pure; any thread.
Never looks at pixels except to cut the crop.

Frame units: the root mean square of the distance between the eyes and from eyes to mouth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.render import landmarks as lm
from engines.render.cv import cv2
from engines.values import F32, U8

MESH_SIZE = 3.5
"""Side of the mesh net's crop in frame units: the whole face with a margin."""
_LIPS = [*lm.OUTER_LOOP]
_EYES = [[*eye.upper, *eye.lower, *eye.corners] for eye in lm.EYES]


@dataclass(frozen=True, slots=True)
class Frame:
    """A square in picture pixels: centre (x, y), `unit` long per unit, turned by `angle` rad."""

    centre: tuple[float, float]
    unit: float
    """Pixels; the square's side is MESH_SIZE of them."""
    angle: float

    def matrix(self, side_px: int) -> F32:
        """f32[2,3]: picture pixels to crop pixels (pixel centres on whole numbers)."""
        scale = side_px / (MESH_SIZE * self.unit)
        c, s = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        turn = np.array([[c, s], [-s, c]])
        shift = (side_px - 1) / 2 - turn @ np.asarray(self.centre)
        return np.column_stack([turn, shift]).astype(np.float32)


def frame_from(left_eye: F32, right_eye: F32, mouth: F32) -> Frame:
    """From three points f32[2] in pixels, left and right as seen in the picture."""
    middle = (left_eye + right_eye) / 2
    across, down = right_eye - left_eye, mouth - middle
    # Down turned by a quarter points across: both lines vote on the angle.
    vote = across + np.array([down[1], -down[0]])
    unit = float(np.sqrt((across @ across + down @ down) / 2))
    centre = (middle + mouth) / 2
    angle = float(np.arctan2(vote[1], vote[0]))
    return Frame((float(centre[0]), float(centre[1])), max(unit, 1e-3), angle)


def three_points(points: F32) -> tuple[F32, F32, F32]:
    """Picture-left eye, picture-right eye and mouth, f32[2] each, of f32[478,3]."""
    left, right = (points[rows, :2].mean(0) for rows in _EYES)
    return left, right, points[_LIPS, :2].mean(0)


def frame_of(points: F32) -> Frame:
    """The frame of a known mesh f32[478,3] in pixels."""
    return frame_from(*three_points(points))


def move_points(points: F32, matrix: F32) -> F32:
    """f32[...,3] through f32[2,3]; z is scaled alike."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    xy = points[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([xy, points[..., 2:] * scale], -1).astype(np.float32)


def inverse(matrix: F32) -> F32:
    """The affine map back, f32[2,3]."""
    out: F32 = cv2.invertAffineTransform(matrix).astype(np.float32)
    return out


def cut(image: U8, matrix: F32, side_px: int) -> U8:
    """The crop u8[side,side,3]; a picture much larger than the crop is shrunk first."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.6:
        # Bilinear sampling would skip pixels: average them first, those that the crop shows.
        image, matrix = _shown(image, matrix, side_px, 2 / scale)
        high, wide = image.shape[:2]
        size = max(1, round(wide * scale)), max(1, round(high * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        # Whole pixels come out: what was taken off each side is not quite `scale`.
        x, y = wide / size[0], high / size[1]
        grow = np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5]])
        lifted = np.vstack([grow, [0, 0, 1]])
        matrix = (np.vstack([matrix, [0, 0, 1]]) @ lifted)[:2].astype(np.float32)
    crop: U8 = cv2.warpAffine(
        image, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return crop


def _shown(image: U8, matrix: F32, side_px: int, margin: float) -> tuple[U8, F32]:
    """The part of the picture that a crop shows, and the matrix from there."""
    ends = np.array(
        [[0, 0, 0], [side_px, 0, 0], [0, side_px, 0], [side_px, side_px, 0]], np.float32
    )
    corners = move_points(ends, inverse(matrix))[:, :2]
    most = np.array(image.shape[1::-1]) - 1
    x0, y0 = np.clip(np.floor(corners.min(0) - margin), 0, most).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0) + margin), 0, most).astype(int) + 1
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ np.array([x0, y0], np.float32)
    return image[y0:y1, x0:x1], moved
