"""Sheets of boxes: layout, who is chosen, and who is not shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.render.boxes import MOUTH
from engines.render.cv import cv2
from export.data.render_pairs import join
from export.evaluate.renderer_draw import floors
from export.evaluate.renderer_sheets import ROWS, sheet, write_sheets
from tests.support.made_pairs import made_pairs


def test_a_sheet_shows_columns_side_by_side() -> None:
    dark = np.zeros((2, 10, 12, 3), np.uint8)
    page = sheet(["a", "b"], [dark, dark + 100], 2)
    assert page.shape == (24 + 2 * 24, 2 * 28, 3)
    assert page[30, 5].tolist() == [0, 0, 0] and page[30, 35].tolist() == [100, 100, 100]


def test_the_speaker_of_grid_is_not_shown_unless_asked(tmp_path: Path) -> None:
    pairs = join([made_pairs(40, kind="restore"), made_pairs(4, kind="grid")])
    shown = write_sheets(MOUTH, pairs, floors(), tmp_path)
    assert [path.name for path in shown] == ["mouth-restore.png"]
    page = cv2.imread(str(shown[0]))
    assert page.shape[0] == 24 + ROWS * (2 * MOUTH.height + 4)
    every = write_sheets(MOUTH, pairs, floors(), tmp_path, private=True)
    assert len(every) == 2
