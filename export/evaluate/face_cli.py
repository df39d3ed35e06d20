"""Command `evaluate face`: the bars of the face nets, and a sheet of overlays to look at.

Offline; one process, main thread.
Never shows a training portrait: the held-out names come with the weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from engines.face.finder import MAX_TURN_DEG, FaceFinder, pose
from engines.face.mesh import HALF_PIXEL
from engines.face.parts import LIDS, LIPS
from engines.face.weights import DEFAULT_FOLDER, BadFaceWeights
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.face_cache import FaceCache, prepare
from export.data.face_scenes import People, halved
from export.data.faces import FacesMissing
from export.evaluate import face as figures
from export.evaluate import face_refusals as refusals
from export.rig.tracker import TrackerFailed
from export.train.face_cli import add_places
from export.train.face_pack import write_json

BARS = {
    "mean error %": (3.0, "<="),
    "lips %": (2.5, "<="),
    "lids %": (2.5, "<="),
    "found %": (98.0, ">="),
    "false finds": (0.0, "<="),
    "ms": (300.0, "<="),
    "free faces refused as covered %": (0.0, "<="),
    "lively faces refused as covered %": (0.5, "<="),
    "lying photos taken": (0.0, "<="),
}
TILE_PX = 320
LIVELY = 4
"""Puppet pictures of each held-out person."""


def evaluate(
    finder: FaceFinder, cache: FaceCache, each: int
) -> tuple[dict[str, float], list[F32 | None], list[str]]:
    """All figures, the held-out meshes and the refusals' words."""
    rows = usable(cache)
    photos, truth = cache.photos[rows], cache.photo_points[rows]
    cv2.setNumThreads(1)
    finder.landmarks(photos[0])
    seen, seconds, words = figures.measure_all(finder, photos, truth)
    good = [i for i, mesh in enumerate(seen) if mesh is not None]
    meshes = [mesh for mesh in seen if mesh is not None]
    points = figures.point_figures(meshes, [truth[i] for i in good])
    people = halved(photos, cache.masks[rows], truth)
    found, wrong = figures.found_share(finder, people, 150, 1)
    out = {
        "mean error %": 100 * points.mean, "lips %": 100 * points.lips,
        "lids %": 100 * points.lids, "irises %": 100 * points.iris,
        "worst portrait %": 100 * points.worst, "depth %": 100 * points.depth,
        "portraits": float(len(rows)), "portraits measured %": 100 * len(good) / len(rows),
        "found %": 100 * found, "false finds a scene": wrong,
    }  # fmt: skip
    pictures = counted = 0
    for kind, drawn in figures.negatives(people, each, 1).items():
        false = figures.false_finds(finder, drawn)
        out[f"false finds: {kind}"] = float(false)
        pictures, counted = pictures + len(drawn), counted + false
    out["negatives"], out["false finds"] = float(pictures), float(counted)
    masks = figures.mask_figures(
        finder.matte, [photos[i] for i in good], meshes, [cache.masks[rows[i]] for i in good]
    )
    out |= {
        "mask IoU": float(masks.overlaps.mean()), "worst mask IoU": float(masks.overlaps.min()),
        "mask IoU in avatars": float(masks.shown.mean()),
        "worst mask IoU in avatars": float(masks.shown.min()),
        "mask MAE": masks.error, "mask ms": masks.ms,
    }  # fmt: skip
    out |= refusal_figures(finder, photos, truth, cache.masks[rows])
    out["ms"] = 1000 * float(np.median(seconds))
    return out, seen, words


def refusal_figures(finder: FaceFinder, photos: U8, truth: F32, masks: U8) -> dict[str, float]:
    """Covered, lively, turned and lying faces of the held-out people."""
    middles = truth - np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32)
    out = refusals.occlusions(finder, People(photos, masks, middles), 1)
    plain, moved = refusals.lively(finder, photos, truth, masks, LIVELY, 1)
    out["free faces refused as covered %"] = 100 * plain
    out["lively faces refused as covered %"] = 100 * moved
    for yaw, row in zip(refusals.YAWS, refusals.turns(finder, photos, middles), strict=True):
        out[f"yaw {yaw:.0f}: error degrees"] = row[0]
        out[f"yaw {yaw:.0f}: refused as turned %"] = 100 * row[1]
        out[f"yaw {yaw:.0f}: refused for else %"] = 100 * row[2]
    taken, otherwise = refusals.lying(finder, photos)
    out["lying photos taken"], out["lying photos refused in other words"] = taken, otherwise
    return out


def usable(cache: FaceCache) -> list[int]:
    """Held-out rows whose head is turned no further than the finder takes."""
    turns = {row: max(map(abs, pose(cache.photo_points[row]))) for row in cache.test_rows}
    return [row for row, turn in turns.items() if turn <= MAX_TURN_DEG]


def overlay(photo: U8, seen: F32, truth: F32) -> U8:
    """The face with the teacher's points (red) under the net's (green; lips, lids yellow)."""
    low, high = truth[:, :2].min(0), truth[:, :2].max(0)
    middle, side = (low + high) / 2, 1.25 * float((high - low).max())
    scale = TILE_PX / side
    matrix = np.column_stack([np.eye(2) * scale, TILE_PX / 2 - middle * scale]).astype(np.float32)
    tile: U8 = cv2.warpAffine(photo, matrix, (TILE_PX, TILE_PX), flags=cv2.INTER_CUBIC)
    fine = {*LIPS, *LIDS}
    for points, small in ((truth, True), (seen, False)):
        for i, at in enumerate(points[:, :2] @ matrix[:, :2].T + matrix[:, 2]):
            ink = (40, 40, 255) if small else ((0, 255, 255) if i in fine else (0, 255, 0))
            cv2.circle(tile, (round(float(at[0]) * 8), round(float(at[1]) * 8)), 9, ink, -1, 16, 3)
    return tile


def sheet(photos: U8, seen: list[F32 | None], truth: F32, path: Path) -> None:
    """All held-out portraits, six in a row."""
    blank = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    tiles = [
        blank if mesh is None else overlay(photo, mesh, points)
        for photo, mesh, points in zip(photos, seen, truth, strict=True)
    ]
    tiles += [blank] * (-len(tiles) % 6)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(path), np.vstack([np.hstack(tiles[i : i + 6]) for i in range(0, len(tiles), 6)])
    )


def report(out: dict[str, float]) -> str:
    """One line a figure, with its bar where there is one."""
    lines = []
    for name, value in out.items():
        bar = ""
        if name in BARS:
            limit, way = BARS[name]
            met = value <= limit if way == "<=" else value >= limit
            bar = f"   bar {way} {limit:g}: {'met' if met else 'MISSED'}"
        lines.append(f"{name:<48} {value:9.3f}{bar}")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """`python -m export evaluate face`."""
    parser = argparse.ArgumentParser(prog="export evaluate face", description=main.__doc__)
    add_places(parser)
    parser.add_argument("--weights", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--out", type=Path, default=Path("artifacts/evaluate/face"))
    parser.add_argument("--negatives", type=int, default=figures.NEGATIVES, help="of each kind")
    args = parser.parse_args(argv)
    try:
        finder = FaceFinder.load(args.weights)
        cache = prepare(args.data, args.cache, args.tracker_python, args.tracks, print)
    except (FacesMissing, TrackerFailed, BadFaceWeights) as error:
        sys.stderr.write(f"evaluate face: {error}\n")
        return 1
    manifest = json.loads((args.weights / "manifest.json").read_text())
    if manifest["held_out"] != [cache.names[i] for i in cache.test_rows]:
        sys.stderr.write(
            "evaluate face: the weights were trained with another split; train again\n"
        )
        return 1
    out, seen, words = evaluate(finder, cache, args.negatives)
    rows = usable(cache)
    sheet(cache.photos[rows], seen, cache.photo_points[rows], args.out / "overlays.png")
    write_json(args.out / "figures.json", out)
    for line in words:
        print(f"refused: {line}")
    print(report(out))
    print(f"overlays: {args.out / 'overlays.png'}")
    return 0
