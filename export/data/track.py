"""Face landmarks of videos with mediapipe, run as a script by an interpreter that has mediapipe.

Offline tool; one process, one thread; the rest of the project only reads the files it leaves.
Never imports another module of this project: its interpreter has numpy, cv2 and mediapipe alone.

    TRACKER_PYTHON export/data/track.py --out FOLDER [--mode video] [--list FILE] VIDEO...

For each VIDEO (anything OpenCV reads, or a .npy of u8[F,H,W,3] BGR) it writes FOLDER/<stem>.npz:
`landmarks` f32[F,478,3] in pixels (x right, y down, z away from the camera), frames without a
face interpolated; `found` bool[F]; `size` (width, height). A file that exists is not done again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LANDMARKS = 478


def read_frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Frames u8[H,W,3] in RGB order. Raises ValueError when nothing can be read."""
    import cv2

    if path.suffix == ".npy":
        stack = np.load(path, mmap_mode="r")
        for frame in stack:
            yield np.ascontiguousarray(frame[..., ::-1])
        return
    capture = cv2.VideoCapture(str(path))
    count = 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        count += 1
        yield np.ascontiguousarray(frame[..., ::-1]).astype(np.uint8, copy=False)
    capture.release()
    if count == 0:
        raise ValueError(f"{path}: no frame could be read")


def fill_missing(landmarks: NDArray[np.float32], found: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Linear interpolation over frames without a face; all zeros when there is none at all."""
    if found.all() or not found.any():
        return landmarks
    frames = np.arange(len(found))
    before = np.clip(np.searchsorted(np.flatnonzero(found), frames, side="right") - 1, 0, None)
    after = np.clip(np.searchsorted(np.flatnonzero(found), frames), None, int(found.sum()) - 1)
    seen = np.flatnonzero(found)
    a, b = seen[before], seen[after]
    share = np.where(a == b, 0.0, (frames - a) / np.maximum(b - a, 1)).astype(np.float32)
    share = share.clip(0, 1)[:, None, None]
    filled: NDArray[np.float32] = (1 - share) * landmarks[a] + share * landmarks[b]
    return filled.astype(np.float32)


def track(path: Path, mesh: Any) -> dict[str, NDArray[Any]]:
    """Landmarks of one video: the arrays of its .npz."""
    rows: list[NDArray[np.float32]] = []
    found: list[bool] = []
    width = height = 0
    for frame in read_frames(path):
        height, width = frame.shape[:2]
        result = mesh.process(frame)
        points = np.zeros((LANDMARKS, 3), np.float32)
        faces = result.multi_face_landmarks
        if faces:
            points[:] = [(p.x * width, p.y * height, p.z * width) for p in faces[0].landmark]
        rows.append(points)
        found.append(bool(faces))
    seen = np.array(found, bool)
    return {
        "landmarks": fill_missing(np.stack(rows), seen),
        "found": seen,
        "size": np.array([width, height], np.int32),
    }


def main(argv: list[str] | None = None) -> int:
    """Track every video named; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--list", type=Path, help="text file with one video path a line")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", choices=("video", "image"), default="video")
    args = parser.parse_args(argv)
    videos: list[Path] = list(args.videos)
    if args.list is not None:
        videos += [Path(line) for line in args.list.read_text().splitlines() if line.strip()]
    args.out.mkdir(parents=True, exist_ok=True)
    todo = [v for v in videos if not (args.out / f"{v.stem}.npz").exists()]

    import cv2
    import mediapipe as mp

    cv2.setNumThreads(1)
    start = time.monotonic()
    for i, video in enumerate(todo):
        # A fresh mesh for each video: no face box is carried from one to the next.
        with mp.solutions.face_mesh.FaceMesh(
            static_image_mode=args.mode == "image", max_num_faces=1, refine_landmarks=True
        ) as mesh:
            arrays = track(video, mesh)
        target = args.out / f"{video.stem}.npz"
        aside = target.with_suffix(".part.npz")
        np.savez(aside, allow_pickle=False, **arrays)
        os.replace(aside, target)
        rate = (i + 1) / (time.monotonic() - start)
        sys.stdout.write(f"{i + 1}/{len(todo)} {video.stem} {rate:.2f} clips/s\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
