"""Moods: votes become a matrix, a share, and a verdict for each avatar."""

from __future__ import annotations

import numpy as np

from engines.values import F32
from export.evaluate.motion_mood import SHEET_PX, WISHED, draw_sheet, judge_moods, show_matrix
from export.judges.expression import LABELS
from tests.support.fake_face import fake_face
from tests.support.sample_avatar import sample
from tests.support.voices import voice


def votes(emotion: str, seen: list[str]) -> F32:
    out = np.full((len(seen), len(LABELS)), 0.01, np.float32)
    for row, label in enumerate(seen):
        out[row, LABELS.index(label)] = 0.9
    return out


def test_right_and_wrong_are_told_apart() -> None:
    by = {("aria", name): votes(name, [name] * 4) for name in WISHED}
    by[("aria", "anger")] = votes("anger", ["joy", "anger", "joy", "joy"])
    figures = judge_moods(by)
    row = WISHED.index("anger")
    assert figures.matrix[row, WISHED.index("joy")] == 0.75
    assert np.isclose(figures.recognised, 0.85)
    assert np.isclose(figures.whole, 0.8)
    assert "75%" in show_matrix(figures)


def test_what_was_not_wished_does_not_compete() -> None:
    by = {("ken", name): votes(name, [name]) for name in WISHED}
    by[("ken", "surprise")] = votes("surprise", ["fear"])
    by[("ken", "surprise")][0, LABELS.index("surprise")] = 0.05
    assert judge_moods(by).recognised == 1.0


def test_a_sheet_has_a_row_for_each_avatar_and_a_column_for_each_emotion() -> None:
    sheet = draw_sheet(fake_face(), [sample(), sample()], voice(4.2))
    assert sheet.shape == (2 * SHEET_PX, len(WISHED) * SHEET_PX, 3)
    assert np.array_equal(sheet[:SHEET_PX], sheet[SHEET_PX:])
