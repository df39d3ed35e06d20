"""Pictures of a run of renderer training: a sheet of drawn boxes, and the curves.

Offline; writes PNG files into the run's folder.
Never shown outside: rows may hold the real speaker of the training clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.render_pairs import Pairs
from export.train.renderer_batch import chances

ROWS = 14


def chosen(pairs: Pairs, box: str, count: int = ROWS) -> Pairs:
    """Rows for a sheet: no identity twice where there are enough, the rare ones first."""
    chance = chances(pairs, box)
    order = np.random.default_rng(3).permutation(len(pairs))
    order = order[np.argsort(-chance[order], kind="stable")]
    kinds = sorted({str(kind) for kind in pairs.kind})
    each = -(-count // len(kinds))
    rows: list[int] = []
    for kind in kinds:
        of_kind = order[pairs.kind[order] == kind]
        seen: set[str] = set()
        fresh = []
        for row in of_kind:
            if str(pairs.identity[row]) not in seen:
                fresh.append(int(row))
                seen.add(str(pairs.identity[row]))
        rest = [int(row) for row in of_kind if row not in fresh]
        rows += (fresh + rest)[:each]
    return pairs.take(np.array(rows[:count]))


def sheet(pairs: Pairs, drawn: Sequence[F32], zoom: int = 2, across: int = 2) -> U8:
    """One block a pair: rest, motion frame, each way of drawing, truth; `across` blocks a row."""
    columns: list[NDArray[Any]] = [pairs.rest, pairs.picture, *drawn, pairs.truth]
    blocks = []
    for row in range(len(pairs)):
        parts = [np.clip(column[row], 0, 255).astype(np.uint8) for column in columns]
        block = np.concatenate(parts, axis=1)
        blocks.append(cv2.resize(block, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC))
    while len(blocks) % across:
        blocks.append(np.zeros_like(blocks[0]))
    lines = [np.concatenate(blocks[i : i + across], axis=1) for i in range(0, len(blocks), across)]
    out: U8 = np.concatenate(lines)
    return out


def write(path: Path, picture: U8) -> None:
    """A PNG. Raises OSError where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture):
        raise OSError(f"{path}: not written")


def draw_curves(history: Sequence[dict[str, float]], path: Path, title: str) -> None:
    """The loss, and PSNR of each group above the motion frame's, over steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4))
    axes[0].semilogy([row["step"] for row in history], [row["loss"] for row in history])
    axes[0].set(title=f"{title}: loss in training", xlabel="step")
    judged = [row for row in history if any(name.endswith("_warp_psnr") for name in row)]
    names = sorted({name for row in judged for name in row if name.endswith("_psnr")})
    for name in names:
        group, _, way = name.removesuffix("_psnr").rpartition("_")
        if way == "warp":
            continue
        rows = [row for row in judged if name in row]
        gains = [row[name] - row[f"{group}_warp_psnr"] for row in rows]
        axes[1].plot([row["step"] for row in rows], gains, label=f"{group}, {way}")
    axes[1].set(title="dB above the motion frame, not trained on", xlabel="step")
    if names:
        axes[1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
