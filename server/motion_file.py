"""A face's motion as a file: ARKit's blendshapes and the head's pose over time, CSV, JSON or NPZ.

Pure but for writing its one file; main thread.
Never leaves half a file: it is written aside and renamed when it is whole.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.values import ARKIT_NAMES, F32, FRAME_RATE_HZ, MOTION_NAMES, POSE_NAMES

SCHEMA = 1
RATES = (25, 30, 60)
"""Frames a second that can be asked for."""
UNITS: dict[str, str] = {
    **{name: "weight" for name in ARKIT_NAMES},
    **{name: "rad" for name in POSE_NAMES[:3]},
    **{name: "face_widths" for name in POSE_NAMES[3:]},
}
"""Blendshapes 0..1; pitch + looks down, yaw + turns to the person's left, roll + tilts to their
left; x + is image right, y + image down, z + toward the camera."""
DECIMALS = 5


@dataclass(frozen=True, slots=True)
class Curves:
    """Motion at a steady rate; frame i is at i / fps seconds."""

    fps: int
    values: F32
    """f32[M,58] in MOTION_NAMES order."""

    @property
    def interpolated(self) -> bool:
        """Whether there are frames that the engine did not make itself."""
        return self.fps != FRAME_RATE_HZ

    @property
    def times(self) -> NDArray[np.float64]:
        """f64[M] seconds."""
        return np.arange(len(self.values)) / self.fps


def curves_at(fps: int, motion: F32) -> Curves:
    """The engine's f32[N,58], 25 a second, at `fps`: linear between frames, held after the last.

    Raises ValueError for a rate that is not in RATES, or no frame.
    """
    if fps not in RATES:
        raise ValueError(f"fps: got {fps}, wanted one of {', '.join(map(str, RATES))}")
    if len(motion) == 0:
        raise ValueError("there is no motion")
    if fps == FRAME_RATE_HZ:
        return Curves(fps, motion)
    count = -(-len(motion) * fps // FRAME_RATE_HZ)
    at = np.minimum(np.arange(count) * FRAME_RATE_HZ / fps, len(motion) - 1)
    below = at.astype(np.int64)
    above = np.minimum(below + 1, len(motion) - 1)
    share = (at - below).astype(np.float32)[:, None]
    return Curves(fps, ((1 - share) * motion[below] + share * motion[above]).astype(np.float32))


def csv_of(curves: Curves) -> bytes:
    """A header with names (the pose's with units), then a row for each frame."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    pose = [f"{name}_{UNITS[name]}" for name in POSE_NAMES]
    writer.writerow(["time_s", *ARKIT_NAMES, *pose])
    for time_s, row in zip(curves.times, curves.values.tolist(), strict=True):
        writer.writerow([f"{time_s:.6f}", *(f"{value:.{DECIMALS}f}" for value in row)])
    return out.getvalue().encode()


def json_of(curves: Curves) -> bytes:
    """One object: rate, names, units, frames as rows."""
    rows = [[round(value, DECIMALS) for value in row] for row in curves.values.tolist()]
    whole = {
        "schema": SCHEMA,
        "fps": curves.fps,
        "engine_fps": FRAME_RATE_HZ,
        "interpolated": curves.interpolated,
        "names": list(MOTION_NAMES),
        "units": [UNITS[name] for name in MOTION_NAMES],
        "frames": rows,
    }
    return json.dumps(whole, separators=(",", ":")).encode() + b"\n"


def npz_of(curves: Curves) -> bytes:
    """`values` f32[M,58], `times` f64[M] s, `names`, `units`, `fps`, `interpolated`; no pickle."""
    out = io.BytesIO()
    np.savez_compressed(
        out,
        values=curves.values,
        times=curves.times,
        names=np.array(MOTION_NAMES),
        units=np.array([UNITS[name] for name in MOTION_NAMES]),
        fps=np.int64(curves.fps),
        interpolated=np.bool_(curves.interpolated),
    )
    return out.getvalue()


FORMATS: dict[str, Callable[[Curves], bytes]] = {".csv": csv_of, ".json": json_of, ".npz": npz_of}


def write_curves(curves: Curves, out: Path) -> None:
    """Write `out` in the format of its ending. Raises KeyError for another one, OSError."""
    data = FORMATS[out.suffix.lower()](curves)
    aside = out.with_name(f".{out.name}.part")
    try:
        aside.write_bytes(data)
        os.replace(aside, out)
    finally:
        aside.unlink(missing_ok=True)
