"""Pictures of faces with a teacher's landmarks and person mask, and their split by identity.

Offline; one process. The teacher runs in its own interpreter (export.rig.tracker).
Never shows a held-out portrait to training: the split is fixed by a seed and written in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.avatars.fit import BadPortrait, fit
from engines.face.frame import MESH_SIZE, Frame, cut, frame_of, move_points
from engines.render.cv import cv2
from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_INDEX, MOTION_SIZE, U8
from export.rig.tracker import track

BASE_PX = 256
BASE_SIDE = 5.0
"""Side of a stored crop in frame units: room around the net's own crop to move about."""
HELD_OUT = 30
SPLIT_SEED = 7
_BATCH = 60


class FacesMissing(Exception):
    """The data folder has no portraits; the text says what to pass."""


@dataclass(frozen=True, slots=True)
class Faces:
    """N crops of BASE_PX with a face in the middle, from several kinds of source."""

    images: U8
    """u8[N,B,B,3] BGR."""
    points: F32
    """f32[N,478,3] pixels of the crop."""
    kinds: NDArray[np.int64]
    """i64[N]: 0 portrait, 1 puppet, 2 video, 3 turned."""


def portraits(data: Path) -> list[Path]:
    """Portrait files in a fixed order. Raises FacesMissing."""
    found = sorted((data / "portraits").glob("*.jpg"))
    if not found:
        raise FacesMissing(f"no portraits/*.jpg under {data}; pass --data FOLDER or --smoke")
    return found


def split(names: Sequence[str], held_out: int = HELD_OUT) -> tuple[list[int], list[int]]:
    """Rows for training and rows held out, seeded; the same names give the same split."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(names))
    rank = np.argsort(np.asarray(names), kind="stable")
    test = sorted(int(rank[i]) for i in order[: min(held_out, len(names) // 4)])
    return [i for i in range(len(names)) if i not in set(test)], test


def mirror_index(points: F32, mirrored: F32) -> NDArray[np.int64]:
    """i64[478]: which point of the flipped picture is point i; one to one and its own inverse.

    points and mirrored f32[N,478,3]: the teacher on pictures and on their left-right flips,
    both in pixels of a frame whose x runs from -1 to 1.
    """
    from scipy.optimize import linear_sum_assignment

    flipped = mirrored * np.array([-1, 1, 1], np.float32)
    cost = np.zeros((points.shape[1], points.shape[1]))
    for a, b in zip(points[..., :2], flipped[..., :2], strict=True):
        cost += np.linalg.norm(a[:, None] - b[None], axis=2)
    cost = cost + cost.T
    index: NDArray[np.int64] = linear_sum_assignment(cost)[1].astype(np.int64)
    if not (index[index] == np.arange(len(index))).all():
        raise ValueError("the mirror of the mesh is not its own inverse; give more pictures")
    return index


def load_images(files: Sequence[Path]) -> U8:
    """u8[N,H,W,3] BGR; pictures of one size."""
    return np.stack([cv2.imread(str(path), cv2.IMREAD_COLOR) for path in files])


def teach(images: U8, tracker_python: Path) -> tuple[F32, NDArray[np.int32], F32]:
    """Landmarks f32[N,478,3], faces found i32[N], mask f32[N,H,W], in batches."""
    parts = [track(images[i : i + _BATCH], tracker_python) for i in range(0, len(images), _BATCH)]
    return (
        np.concatenate([p.landmarks for p in parts]),
        np.concatenate([p.faces for p in parts]),
        np.concatenate([p.matte for p in parts]),
    )


def base_crop(image: U8, points: F32) -> tuple[U8, F32]:
    """The face turned upright in BASE_PX pixels, with its points."""
    at = frame_of(points)
    matrix = Frame(at.centre, at.unit * BASE_SIDE / MESH_SIZE, at.angle).matrix(BASE_PX)
    crop = cut(image, matrix, BASE_PX)
    return crop, move_points(points, matrix)


def random_motion(rng: np.random.Generator) -> F32:
    """f32[58]: an expression and a pose a person might have, more lively than speech."""
    motion = np.zeros(MOTION_SIZE, np.float32)

    def put(name: str, value: float) -> None:
        motion[MOTION_INDEX[name]] = value

    blink = rng.choice([0.0, rng.uniform(0, 1), 1.0], p=[0.5, 0.35, 0.15])
    wink = rng.random() < 0.1
    put("eyeBlinkLeft", blink)
    put("eyeBlinkRight", 0.0 if wink else blink)
    across, up = rng.uniform(-0.6, 0.6, 2)
    for side, sign in (("Left", 1), ("Right", -1)):
        put(f"eyeLookOut{side}", max(0.0, sign * across))
        put(f"eyeLookIn{side}", max(0.0, -sign * across))
        put(f"eyeLookUp{side}", max(0.0, up))
        put(f"eyeLookDown{side}", max(0.0, -up))
    put("jawOpen", rng.choice([0.0, rng.uniform(0, 0.5), rng.uniform(0.3, 1)], p=[0.3, 0.4, 0.3]))
    for name, chance in (
        ("mouthSmile", 0.4), ("mouthFrown", 0.15), ("mouthStretch", 0.15), ("mouthPress", 0.1),
        ("mouthUpperUp", 0.2), ("mouthLowerDown", 0.2), ("browDown", 0.2), ("browOuterUp", 0.2),
        ("cheekSquint", 0.2), ("eyeSquint", 0.2), ("eyeWide", 0.15),
    ):  # fmt: skip
        if rng.random() < chance:
            strength = rng.uniform(0.1, 0.9)
            put(f"{name}Left", strength)
            put(f"{name}Right", strength * rng.uniform(0.7, 1))
    for name, chance in (
        ("mouthFunnel", 0.2), ("mouthPucker", 0.25), ("mouthLeft", 0.1), ("mouthRight", 0.1),
        ("browInnerUp", 0.25), ("mouthRollLower", 0.1), ("mouthShrugUpper", 0.1),
    ):  # fmt: skip
        if rng.random() < chance:
            put(name, rng.uniform(0.1, 0.8))
    yaw, pitch, roll = np.deg2rad(rng.uniform(-1, 1, 3) * [16, 11, 8])
    put("headYaw", yaw)
    put("headPitch", pitch)
    put("headRoll", roll)
    return motion


def puppet(photo: U8, points: F32, mask: F32, count: int, rng: np.random.Generator) -> list[U8]:
    """The portrait in `count` random expressions and poses, u8[512,512,3]; none if it cannot."""
    try:
        avatar = fit(photo, points, mask, name="face", title="face", credit="")
    except BadPortrait:
        return []
    renderer = WarpRenderer(avatar)
    state = renderer.new_state()
    return [renderer.render(state, random_motion(rng)) for _ in range(count)]


def video_frames(
    data: Path, tracks: Path, count: int, rng: np.random.Generator
) -> tuple[list[U8], list[F32]]:
    """One frame each of `count` tracked clips and its landmarks; empty where nothing is tracked."""
    files = [f for f in sorted(tracks.glob("*.npz")) if ".part" not in f.name]
    images: list[U8] = []
    points: list[F32] = []
    for i in rng.permutation(len(files))[:count]:
        clip = next((data / "grid_s1").rglob(f"{files[i].stem}.mkv"), None)
        if clip is None:
            continue
        with np.load(files[i], allow_pickle=False) as tracked:
            landmarks, found = tracked["landmarks"], tracked["found"]
        wanted = int(rng.integers(0, min(40, len(landmarks))))
        capture = cv2.VideoCapture(str(clip))
        frame = None
        for _ in range(wanted + 1):
            frame = capture.read()[1]
        capture.release()
        if frame is not None and found[wanted]:
            images.append(frame)
            points.append(landmarks[wanted])
    return images, points


Report = Callable[[str], None]
