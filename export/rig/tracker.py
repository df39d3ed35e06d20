"""Runs the landmark script in an interpreter that has mediapipe, and reads its answer.

Offline program, main thread; waits for the child.
Never imports mediapipe here: its dependencies do not fit beside ours.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.values import F32, U8

WORKER = Path(__file__).with_name("landmark_worker.py")
TIMEOUT_S = 600.0


class TrackerFailed(Exception):
    """The child ended badly; the text carries its last lines."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """Answer for N pictures."""

    landmarks: F32
    """f32[N,478,3] x right, y down, z away, all pixels."""
    faces: NDArray[np.int32]
    """i32[N] faces found."""
    matte: F32
    """f32[N,H,W] person 1, background 0."""
    edges: NDArray[np.int32]
    oval: NDArray[np.int32]


def track(images: U8, tracker_python: Path) -> Tracked:
    """Landmarks and mattes of u8[N,H,W,3] BGR. Raises TrackerFailed."""
    answer = run_worker(WORKER, tracker_python, images=images)
    return Tracked(**{name: answer[name] for name in Tracked.__slots__})


def run_worker(
    script: Path, tracker_python: Path, **arrays: NDArray[np.generic]
) -> dict[str, NDArray[Any]]:
    """Run `script IN.npz OUT.npz` in another interpreter: arrays there and back.

    Raises TrackerFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
        np.savez(source, allow_pickle=False, **arrays)
        try:
            done = subprocess.run(
                [str(tracker_python), str(script), str(source), str(target)],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TrackerFailed(f"could not run {tracker_python}: {error}") from error
        if done.returncode != 0:
            tail = "\n".join(done.stderr.splitlines()[-5:])
            raise TrackerFailed(f"{tracker_python} ended with {done.returncode}: {tail}")
        with np.load(target, allow_pickle=False) as data:
            return dict(data)
