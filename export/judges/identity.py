"""How alike two faces are: dlib's 128 numbers a face, made in the judges' interpreter.

Offline program, main thread; waits for the child, about 0.1 s a picture.
Never finds a face: the landmarks are given.

Distance is Euclidean. Its makers call two photos one person below 0.6. A photo and its mirror
image are 0.16 apart (0.09 to 0.25), a photo and itself at 70 % of the size and softer 0.09, two
different portraits 0.84 (all medians over 25 portraits).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from engines.render import landmarks as lm
from engines.values import F32, U8
from export.rig.tracker import run_worker

WORKER = Path(__file__).with_name("identity_worker.py")
NOSE_BASE = 2
FIVE = (*lm.EYES[1].corners, *lm.EYES[0].corners, NOSE_BASE)
"""The mesh points that stand for dlib's five. Vectors from them and from dlib's own predictor are
0.08 apart (median), and both part people equally well; these do not fail on turned heads."""
_BATCH = 60


def identity_vectors(
    pictures: U8, landmarks: F32, tracker_python: Path = Path(sys.executable)
) -> F32:
    """f32[N,128] for u8[N,H,W,3] BGR and their meshes f32[N,>=468,2 or 3] in pixels.

    Raises ValueError when the counts differ or a mesh is not finite, TrackerFailed.
    """
    if len(pictures) != len(landmarks) or not np.isfinite(landmarks).all():
        raise ValueError(f"{len(pictures)} pictures, {len(landmarks)} meshes; all must be finite")
    five = landmarks[:, [*FIVE], :2].astype(np.float32)
    parts = [
        run_worker(
            WORKER, tracker_python, images=pictures[i : i + _BATCH], points=five[i : i + _BATCH]
        )["vectors"]
        for i in range(0, len(pictures), _BATCH)
    ]
    return np.concatenate([np.zeros((0, 128), np.float32), *parts])


def identity_distance(a: F32, b: F32) -> F32:
    """Euclidean distance f32[...] of vectors f32[...,128]."""
    out: F32 = np.linalg.norm(a - b, axis=-1).astype(np.float32)
    return out
