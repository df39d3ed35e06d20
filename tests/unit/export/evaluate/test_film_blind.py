"""Strips for blind judging: moments, layout, shuffled sides, and a key that is true."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engines.render.boxes import MOUTH
from engines.render.cv import cv2
from engines.values import U8
from export.evaluate.film_blind import FACE_PX, FRAMES, Pair, moments, rows_of, strip, write_kit


def level(value: int) -> tuple[U8, U8]:
    mouths = np.full((FRAMES, *MOUTH.shape, 3), value, np.uint8)
    return mouths, np.full((FRAMES, 64, 64, 3), value, np.uint8)


def test_strips_are_where_the_mouth_moves() -> None:
    mouths = np.zeros((100, *MOUTH.shape, 3), np.uint8)
    mouths[50:66:2] = 200
    starts = moments(mouths, 2)
    assert 45 <= starts[0] <= 52 and abs(starts[0] - starts[1]) > 14
    assert max(rows_of(starts[0])) < 100
    assert moments(mouths[:5], 2) == []


def test_the_key_tells_which_is_which(tmp_path: Path) -> None:
    pairs = []
    for i in range(8):
        (a, fa), (b, fb) = level(20), level(200)
        pairs.append(Pair(f"p{i}", (a, b), (fa, fb)))
    path = write_kit(pairs, ("dark", "light"), tmp_path)
    key = json.loads(path.read_text())
    assert sorted(row["who"] for row in key.values()) == [f"p{i}" for i in range(8)]
    sides = []
    for number, row in key.items():
        page = cv2.imread(str(tmp_path / "strips" / f"{number}.png"))
        assert page.shape[1] == 2 * MOUTH.width * FRAMES
        seen = "dark" if page[100, 100, 0] < 100 else "light"
        assert row["A"] == seen and {row["A"], row["B"]} == {"dark", "light"}
        sides.append(row["A"])
    assert len(set(sides)) == 2, "sides are shuffled"
    assert not list((tmp_path / "strips").glob("*.json"))


def test_a_strip_holds_both_ways() -> None:
    page = strip(level(20), level(200))
    assert page.shape[0] == 2 * (26 + 2 * MOUTH.height + FACE_PX + 6)
