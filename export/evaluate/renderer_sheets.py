"""Sheets of boxes to look at: rest, motion frame, what was drawn, truth, side by side.

Offline; main thread.
Never shows the speaker of GRID unless asked to: his pictures stay on the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.render.boxes import EYE, Kind
from engines.render.cv import cv2
from engines.values import U8
from export.data.render_pairs import Pairs
from export.evaluate.avatar_sheets import write
from export.evaluate.renderer_draw import Way, draw

PRIVATE = "grid"
"""The kind whose pictures show a real person."""
ROWS = 12
_GAP, _HEAD = 4, 24
_PAPER, _INK = 235, (30, 30, 30)


def sheet(captions: Sequence[str], columns: Sequence[U8], scale: int = 2) -> U8:
    """One page u8[*,*,3]: columns of u8[N,h,w,3] under their captions, pixels doubled."""
    count, h, w, _ = columns[0].shape
    width = len(columns) * (w * scale + _GAP)
    page = np.full((_HEAD + count * (h * scale + _GAP), width, 3), _PAPER, np.uint8)
    for i, (caption, pictures) in enumerate(zip(captions, columns, strict=True)):
        x = i * (w * scale + _GAP)
        cv2.putText(page, caption, (x + 4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _INK, 1, cv2.LINE_AA)
        for j, picture in enumerate(pictures):
            y = _HEAD + j * (h * scale + _GAP)
            large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            page[y : y + h * scale, x : x + w * scale] = large
    return page


def write_sheets(
    box: Kind, pairs: Pairs, ways: Sequence[Way], folder: Path, *, private: bool = False
) -> list[Path]:
    """A page a kind of pairs: the most open mouths or closed lids, spread over people."""
    out = []
    for kind in np.unique(pairs.kind):
        if kind == PRIVATE and not private:
            continue
        chosen = pairs.take(np.flatnonzero(pairs.kind == kind))
        chosen = chosen.take(_telling(box, chosen))
        columns = [chosen.rest, *(draw(way, box, chosen) for way in ways), chosen.truth]
        captions = ["rest", *(way.name for way in ways), "truth"]
        path = folder / f"{box.name}-{kind}.png"
        write(path, sheet(captions, columns, 4 if box is EYE else 2))
        out.append(path)
    return out


def _telling(box: Kind, pairs: Pairs) -> list[int]:
    """At most ROWS rows: each person's most telling, then their second, and so on."""
    order = np.argsort(pairs.open if box is EYE else -pairs.open)
    turn: dict[str, int] = {}
    ranked: list[tuple[int, int, int]] = []
    for i in order:
        who = str(pairs.identity[i])
        ranked.append((turn.get(who, 0), len(ranked), int(i)))
        turn[who] = turn.get(who, 0) + 1
    return [i for _, _, i in sorted(ranked)[:ROWS]]
