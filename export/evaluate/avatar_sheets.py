"""Contact sheets: people down, motions across, and the same pictures at full size.

Offline; main thread.
Never scales a picture up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.render.cv import cv2
from engines.values import U8

TILE_PX = 256
PAGE_PEOPLE = 6
_HEAD_PX = 22
_INK, _PAPER = (30, 30, 30), 235


def sheet(names: Sequence[str], columns: Sequence[str], pictures: U8, tile: int) -> U8:
    """One page u8[*,*,3]: pictures u8[people, motions, S, S, 3] under their captions."""
    rows = [_captions(columns, tile)]
    for name, row in zip(names, pictures, strict=True):
        tiles = [_small(picture, tile) for picture in row]
        (width, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
        cv2.rectangle(tiles[0], (0, tile - height - 12), (width + 12, tile), (30, 30, 30), -1)
        cv2.putText(
            tiles[0], name, (6, tile - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1
        )
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def write_sheets(
    names: Sequence[str], columns: Sequence[str], pictures: Sequence[U8], folder: Path
) -> list[Path]:
    """Pages of PAGE_PEOPLE people, PNG; pictures: one u8[motions,S,S,3] a person."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for page, start in enumerate(range(0, len(names), PAGE_PEOPLE), 1):
        part = slice(start, start + PAGE_PEOPLE)
        shrunk = np.stack([np.stack([_small(p, TILE_PX) for p in row]) for row in pictures[part]])
        path = folder / f"sheet-{page:02d}.png"
        write(path, sheet(names[part], columns, shrunk, TILE_PX))
        out.append(path)
    return out


def write_each(name: str, columns: Sequence[str], pictures: U8, folder: Path) -> None:
    """The pictures u8[motions,S,S,3] of one person at full size, one PNG each."""
    for caption, picture in zip(columns, pictures, strict=True):
        kept = "".join(c if c.isalnum() else "-" for c in caption).replace("--", "-")
        write(folder / name / f"{kept}.png", picture)


def write(path: Path, picture: U8) -> None:
    """Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(path.suffix, picture)
    if not done:
        raise OSError(f"could not write {path}")
    path.write_bytes(data.tobytes())


def _captions(columns: Sequence[str], tile: int) -> U8:
    strip = np.full((_HEAD_PX, tile * len(columns), 3), _PAPER, np.uint8)
    for i, caption in enumerate(columns):
        at = (i * tile + 6, _HEAD_PX - 7)
        cv2.putText(strip, caption, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
    return strip


def _small(picture: U8, tile: int) -> U8:
    if picture.shape[0] <= tile:
        return picture.copy()
    out: U8 = cv2.resize(picture, (tile, tile), interpolation=cv2.INTER_AREA)
    return out
