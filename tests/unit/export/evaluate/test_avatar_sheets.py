from pathlib import Path

import numpy as np
import pytest

from engines.render.cv import cv2
from export.evaluate import avatar_sheets
from export.evaluate.avatar_sheets import sheet, write, write_each, write_sheets

COLUMNS = ["rest", "p, brows up"]


def test_people_stand_down_and_motions_across() -> None:
    pictures = np.zeros((3, 2, 64, 64, 3), np.uint8)
    pictures[1, 1] = 200
    page = sheet(["a", "b", "c"], COLUMNS, pictures, tile=64)
    assert page.shape[1] == 128 and page.shape[0] > 3 * 64
    head = page.shape[0] - 3 * 64
    assert page[head + 64 : head + 128, 64:].mean() == 200
    assert page[head : head + 64, 64:].mean() == 0


def test_pages_hold_so_many_people_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avatar_sheets, "PAGE_PEOPLE", 2)
    monkeypatch.setattr(avatar_sheets, "TILE_PX", 32)
    # Portraits of two sizes on one page.
    pictures = [np.zeros((2, side, side, 3), np.uint8) for side in (64, 128, 64)]
    pages = write_sheets(["a", "b", "c"], COLUMNS, pictures, tmp_path)
    assert [p.name for p in pages] == ["sheet-01.png", "sheet-02.png"]
    heights = [cv2.imread(str(p)).shape[0] for p in pages]
    assert heights[0] - heights[1] == 32


def test_each_picture_is_kept_at_full_size(tmp_path: Path) -> None:
    write_each("mia", COLUMNS, np.zeros((2, 64, 64, 3), np.uint8), tmp_path)
    assert sorted(p.name for p in (tmp_path / "mia").iterdir()) == ["p-brows-up.png", "rest.png"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        write(tmp_path / "file" / "a.png", np.zeros((4, 4, 3), np.uint8))
