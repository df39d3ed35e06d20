"""How steady a film is: flicker after motion is taken out, and drift from one pass to a later one.

Offline; pure functions of arrays, but for the perceptual judge.
Never counts motion as flicker: the frame before is moved onto this one first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.render.boxes import MOUTH, fade
from engines.render.cv import cv2
from engines.values import F32, FRAME_RATE_HZ, U8
from export.judges.perceptual import Perceptual, distances

_INSIDE = 0.5
"""Only where more than this share of a residual is pasted."""
DRIFT_S = (1.0, 10.0, 60.0)
_PASS_FRAMES = 5
"""Frames of one pass that are compared."""


def flicker(boxes: U8) -> F32:
    """f32[F-1]: what differs from the frame before once moved onto this one, of the box's contrast.

    boxes u8[F,96,128,3]. Dense inverse search flow (Kroeger et al. 2016); the mean difference of
    grey levels over the mean step from pixel to pixel.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    inside = fade(MOUTH) > _INSIDE
    greys = [cv2.cvtColor(box, cv2.COLOR_BGR2GRAY) for box in boxes]
    rows, columns = np.mgrid[: MOUTH.height, : MOUTH.width].astype(np.float32)
    out = []
    for before, now in zip(greys, greys[1:], strict=False):
        to_before = flow.calc(now, before, None)
        moved = cv2.remap(
            before, columns + to_before[..., 0], rows + to_before[..., 1], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        apart = np.abs(now.astype(np.float32) - moved)[inside].mean()
        steps = np.abs(np.diff(now.astype(np.float32), axis=1))[inside[:, 1:]].mean()
        out.append(apart / max(float(steps), 1e-3))
    return np.asarray(out, np.float32)


def added_flicker(drawn: U8, frame: U8) -> F32:
    """f32[F-1]: change from frame to frame of what was added to the motion frame, grey levels.

    Both u8[F,96,128,3] of the same shot; 0 where what is added stays the same.
    """
    added = drawn.astype(np.float32) - frame.astype(np.float32)
    inside = fade(MOUTH) > _INSIDE
    out: F32 = np.abs(np.diff(added, axis=0))[:, inside].mean((1, 2)).astype(np.float32)
    return out


def passes(period: int, count: int, seconds: Sequence[float] = DRIFT_S) -> dict[float, list[int]]:
    """Frames to compare near each time: the same phases of a motion of `period` frames.

    Times past the end are taken as far on as the film goes. Raises ValueError for less than one
    period of film.
    """
    if count < period:
        raise ValueError(f"{count} frames of film for a motion of {period}")
    first = round(seconds[0] * FRAME_RATE_HZ) % period
    phases = [(first + 2 * i) % period for i in range(_PASS_FRAMES)]
    last = (count - 1 - max(phases)) // period
    return {
        second: [p + period * min(int(second * FRAME_RATE_HZ) // period, last) for p in phases]
        for second in seconds
    }


def drift(judge: Perceptual, drawn: U8, frame: U8, at: dict[float, list[int]]) -> dict[float, F32]:
    """LPIPS-like f32[n] of the drawn boxes to the motion frame's at equal motion, by time."""
    return {second: distances(judge, drawn[rows], frame[rows]) for second, rows in at.items()}


def wandered(judge: Perceptual, drawn: U8, at: dict[float, list[int]]) -> dict[float, F32]:
    """LPIPS-like f32[n] of the drawn boxes to those of the first pass, by time."""
    first = drawn[next(iter(at.values()))]
    return {second: distances(judge, drawn[rows], first) for second, rows in at.items()}
