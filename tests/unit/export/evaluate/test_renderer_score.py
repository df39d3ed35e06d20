"""Scores of ways to draw: what is chosen, and that a better drawing scores better."""

from __future__ import annotations

import numpy as np
import pytest

from engines.render.boxes import EYE, MOUTH
from export.evaluate.renderer_draw import FRAME, Way, floors
from export.evaluate.renderer_score import choose, is_wide, score
from tests.support.made_pairs import Mender, made_pairs
from tests.support.tiny_judge import tiny_judge


def test_open_mouths_and_blinks_are_told_by_their_own_person() -> None:
    assert is_wide(MOUTH, made_pairs(8)).tolist() == [False, True] * 4
    eyes = made_pairs(8, EYE)
    assert is_wide(EYE, eyes).tolist() == [True, False] * 4
    eyes.open[4:] = 0.1
    assert not is_wide(EYE, eyes)[4:].any(), "narrow eyes are no blinks"


def test_open_ones_are_added_but_marked() -> None:
    wide = np.arange(100) % 4 == 0
    rows = choose(wide, 20)
    assert len(set(rows.tolist())) == len(rows) == 30
    assert wide[rows[20:]].all() and not wide[rows[:20]].all()
    assert choose(wide, 20).tolist() == rows.tolist()
    assert len(choose(wide, 500)) == 100


def test_a_mended_picture_scores_better_in_every_figure() -> None:
    pairs = made_pairs(20)
    ways = [*floors(), Way("half", Mender(0.5)), Way("whole", Mender())]
    seen: list[int] = []
    scored = score(MOUTH, pairs, 6, ways, tiny_judge(), seen.append)
    assert sum(seen) == len(scored.people) == 9 and scored.base.sum() == 6
    assert scored.kind == "restore"
    by = {name: way.column("psnr").mean() for name, way in scored.ways.items()}
    assert by[FRAME] < by["half"] < by["whole"]
    by = {name: way.column("lpips").mean() for name, way in scored.ways.items()}
    assert by[FRAME] > by["half"] > by["whole"] >= 0
    sharp = scored.truth.column("sharp")
    assert np.allclose(scored.ways["whole"].column("sharp"), sharp, rtol=0.02)


def test_nothing_to_score_is_told() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        score(MOUTH, made_pairs(0), 5, floors(), None)
