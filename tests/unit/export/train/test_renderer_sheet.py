"""Sheets and curves are written, and show the rows that say most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.render.boxes import EYE
from engines.render.cv import cv2
from export.train.renderer_cli import made_up
from export.train.renderer_sheet import chosen, draw_curves, sheet, write


def test_each_kind_and_many_people_are_chosen() -> None:
    pairs = made_up("eye", 60)
    rows = chosen(pairs, "mouth", 9)
    assert len(rows) == 9
    kinds, counts = np.unique(rows.kind, return_counts=True)
    assert kinds.tolist() == ["cycle", "grid", "restore"] and counts.tolist() == [3, 3, 3]
    for kind in kinds:
        assert len(set(rows.identity[rows.kind == kind])) == 3
    assert rows.open.mean() > pairs.open.mean()


def test_a_sheet_has_a_block_for_each_pair() -> None:
    pairs = made_up("eye", 3)
    drawn = [pairs.picture.astype(np.float32) + 300]
    out = sheet(pairs, drawn, zoom=2, across=2)
    height, width = EYE.shape
    assert out.shape == (2 * 2 * height, 2 * 4 * 2 * width, 3)
    assert (out[: 2 * height, 4 * width + 8 : 6 * width - 8] == 255).all()
    assert not out[2 * height :, 8 * width :].any()


def test_it_is_written_as_it_is(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    write(tmp_path / "new" / "sheet.png", picture)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "new" / "sheet.png")), picture)
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(OSError, match="not written"):
        write(tmp_path / "taken.png", picture)


@pytest.mark.parametrize("judged", [True, False])
def test_curves_are_drawn_with_and_without_figures(tmp_path: Path, judged: bool) -> None:
    row = {"step": 1.0, "loss": 0.5, "seconds": 1.0}
    figures = {"video_rare_warp_psnr": 20.0, "video_rare_1_psnr": 21.0} if judged else {}
    draw_curves([row, row | {"step": 2.0} | figures], tmp_path / "curves.png", "eye")
    assert (tmp_path / "curves.png").stat().st_size > 1000
