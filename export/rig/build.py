"""Builds `engines/render/assets/rig.npz`: `python -m export.rig.build --tracker-python P`.

Offline program, main thread; a second and a half.
Never run by a server. The asset is committed; this program says how it was made.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.render import landmarks as lm
from engines.values import F32
from export.rig import ict, teeth
from export.rig.tracker import track
from export.rig.transfer import arkit_deltas, lip_points, mirror_pairs, symmetric, tie

SIZE = 768
OPEN_JAW = 0.35
IDENTITY_MODES = 40
MIRROR = np.array([-1, 1, 1], np.float32)
ASSET = Path(__file__).parents[2] / "engines" / "render" / "assets" / "rig.npz"


def cliques(edges: NDArray[np.int32]) -> NDArray[np.int16]:
    """Triangles i16[T,3] of a tessellation given as edges."""
    near: dict[int, set[int]] = {}
    for a, b in edges.tolist():
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    found = {tuple(sorted((a, b, c))) for a in near for b in near[a] for c in near[a] & near[b]}
    return np.array(sorted(found), np.int16)


def ring(edges: NDArray[np.int32]) -> NDArray[np.int16]:
    """Points of a closed outline in order, i16[N], from the top of the face."""
    after = {a: b for a, b in edges.tolist()}
    out = [lm.FACE_TOP]
    while after[out[-1]] != lm.FACE_TOP:
        out.append(after[out[-1]])
    return np.array(out, np.int16)


def build(head: ict.Head, tracker_python: Path) -> dict[str, NDArray[np.generic]]:
    """All arrays of the asset."""
    opened = head.neutral + OPEN_JAW * head.shapes["jawOpen"]
    pictures, seen = zip(*(ict.draw(head, p, SIZE) for p in (head.neutral, opened)), strict=True)
    tracked = track(np.stack(pictures), tracker_python)
    if not (tracked.faces == 1).all():
        raise RuntimeError(f"the rig's own pictures show {tracked.faces.tolist()} faces, wanted 1")
    marks: F32 = tracked.landmarks[:, : lm.MESH_POINTS]
    triangle, mix = tie(head, head.neutral, seen[0], marks[0], SIZE)
    lip_triangle, lip_mix = tie(head, opened, seen[1], marks[1], SIZE)
    lips = lip_points()
    triangle[lips], mix[lips] = lip_triangle[lips], lip_mix[lips]
    corner = head.triangles[triangle]
    pairs = mirror_pairs(marks[0])
    neutral = np.einsum("mk,mkc->mc", mix, head.neutral[corner])
    upper, lower, travel = teeth.sprites(head)
    return {
        "deltas": symmetric(arkit_deltas(head, triangle, mix), pairs).astype(np.float16),
        "neutral": ((neutral + neutral[pairs] * MIRROR) / 2).astype(np.float32),
        "identity": np.einsum(
            "mk,nmkc->nmc", mix, head.identity[:IDENTITY_MODES][:, corner]
        ).astype(np.float16),
        "triangles": cliques(tracked.edges),
        "oval": ring(tracked.oval),
        "upper_teeth": upper,
        "lower_teeth": lower,
        "lower_travel": travel.astype(np.float32),
        "upper_origin": np.array([teeth.X_MIN_CM, teeth.UPPER_Y_CM[0]], np.float32),
        "lower_origin": np.array([teeth.X_MIN_CM, teeth.LOWER_Y_CM[0]], np.float32),
        "teeth_px_per_cm": np.array(teeth.PX_PER_CM, np.float32),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facekit", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--tracker-python", type=Path, required=True, help="has mediapipe")
    parser.add_argument("--out", type=Path, default=ASSET)
    args = parser.parse_args()
    arrays = build(ict.read_head(args.facekit), args.tracker_python)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.out, allow_pickle=False, **arrays)
    print(f"{args.out.name}: {args.out.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
