"""What the teacher said, kept on disk: crops with points, whole portraits with masks.

Offline; one process, minutes the first time, a second afterwards.
Never committed and never pickled: .npy and .npz files in the cache folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.face.mesh import HALF_PIXEL
from engines.values import F32, U8
from export.data import faces as source
from export.data.face_turned import random_turns

VARIANTS = 10
VIDEO_FRAMES = 500
TURNS = 8


@dataclass(frozen=True, slots=True)
class FaceCache:
    """Training and held-out material."""

    train: source.Faces
    test: source.Faces
    train_rows: list[int]
    test_rows: list[int]
    names: list[str]
    photos: U8
    """u8[N,H,W,3] whole portraits; rows as in `names`."""
    photo_points: F32
    """f32[N,478,3] the teacher's points in photo pixels."""
    masks: U8
    """u8[N,H,W] the teacher's person mask."""
    mirror: NDArray[np.int64]


def prepare(
    data: Path, folder: Path, tracker: Path, tracks: Path, say: Callable[[str], None]
) -> FaceCache:
    """Run the teacher where its answers are not on disk yet. Raises FacesMissing, TrackerFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    files = source.portraits(data)
    names = [f.stem for f in files]
    photos = source.load_images(files)
    kept = _portraits(photos, folder / "portraits.npz", tracker, say)
    mirror, points, good = _both_views(kept, photos.shape[2])
    train_rows, test_rows = source.split(names)
    train_rows = [i for i in train_rows if good[i]]
    test_rows = [i for i in test_rows if kept["found"][i] >= 1]
    test = _crops(photos[test_rows], kept["points"][test_rows], 0)
    parts = [_crops(photos[train_rows], points[train_rows], 0)]
    if not (folder / "puppet.npz").exists():
        say(f"puppet variants of {len(train_rows)} portraits")
        _save(folder / "puppet.npz", **_puppets(photos, kept, train_rows, tracker))
    parts.append(source.Faces(**_load(folder / "puppet.npz")))
    if not (folder / "video.npz").exists():
        say("video frames")
        images, video = source.video_frames(data, tracks, VIDEO_FRAMES, np.random.default_rng(3))
        if images:
            _save(folder / "video.npz", **_fields(_crops(images, video, 2)))
    if (folder / "video.npz").exists():
        parts.append(source.Faces(**_load(folder / "video.npz")))
    parts.append(_turned(photos[train_rows], points[train_rows]))
    (folder / "split.json").write_text(json.dumps({"held_out": [names[i] for i in test_rows]}))
    return FaceCache(
        _join(parts), test, train_rows, test_rows, names,
        photos, kept["points"], kept["masks"], mirror,
    )  # fmt: skip


def _portraits(photos: U8, path: Path, tracker: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The teacher's answers for the portraits and their mirrors."""
    if not path.exists():
        say(f"teacher on {len(photos)} portraits and their mirrors")
        points, found, masks = source.teach(photos, tracker)
        flipped, found_flipped, _ = source.teach(np.ascontiguousarray(photos[:, :, ::-1]), tracker)
        _save(path, points=points, found=np.minimum(found, found_flipped),
              masks=np.rint(masks * 255).astype(np.uint8), flipped=flipped)  # fmt: skip
    return _load(path)


def _both_views(
    kept: dict[str, Any], width: int
) -> tuple[NDArray[np.int64], F32, NDArray[np.bool_]]:
    """Mirror index, mean of both views f32[N,478,3], and where one face was found in both.

    Half the teacher's own jitter (1.7 % of the eyes' distance between both) is not worth learning.
    """
    good = kept["found"] == 1
    mirror = source.mirror_index(
        _centred(kept["points"][good], width), _centred(kept["flipped"][good], width)
    )
    back = kept["flipped"][:, mirror] * np.array([-1, 1, 1], np.float32)
    # The teacher counts from the picture's edge, not from the first pixel's middle.
    back[..., 0] += width
    return mirror, ((kept["points"] + back) / 2).astype(np.float32), good


def _puppets(photos: U8, kept: dict[str, Any], rows: list[int], tracker: Path) -> dict[str, Any]:
    rng = np.random.default_rng(11)
    images: list[U8] = []
    for i in rows:
        images += source.puppet(
            photos[i], kept["points"][i], kept["masks"][i].astype(np.float32) / 255, VARIANTS, rng
        )
    points, found, _ = source.teach(np.stack(images), tracker)
    seen = [i for i in range(len(images)) if found[i] == 1]
    return _fields(_crops([images[i] for i in seen], points[seen], 1))


def _turned(photos: U8, points: F32) -> source.Faces:
    """Heads turned further than puppets are; no teacher, so nothing to keep."""
    rng = np.random.default_rng(13)
    middles = np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32)
    made = [
        turned
        for photo, at in zip(photos, points - middles, strict=True)
        for turned in random_turns(photo, at, TURNS, rng)
    ]
    return _crops([t.image for t in made], [t.points + middles for t in made], 3)


def _centred(points: F32, width: int) -> F32:
    out: F32 = (points - np.array([width / 2, 0, 0], np.float32)) / np.float32(width / 2)
    return out


def _crops(images: Any, points: Any, kind: int) -> source.Faces:
    """Crops with points counted from pixel middles, as everything that warps pictures does."""
    middles = np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32)
    pairs = [source.base_crop(image, p - middles) for image, p in zip(images, points, strict=True)]
    return source.Faces(np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs]),
                        np.full(len(pairs), kind, np.int64))  # fmt: skip


def _fields(faces: source.Faces) -> dict[str, Any]:
    return {"images": faces.images, "points": faces.points, "kinds": faces.kinds}


def _join(parts: list[source.Faces]) -> source.Faces:
    return source.Faces(
        **{n: np.concatenate([getattr(p, n) for p in parts]) for n in ("images", "points", "kinds")}
    )


def _save(path: Path, **arrays: Any) -> None:
    aside = path.with_suffix(".part.npz")
    np.savez(aside, **arrays)
    os.replace(aside, path)


def _load(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}
