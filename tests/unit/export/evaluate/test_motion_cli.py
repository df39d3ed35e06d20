"""`evaluate motion`: promises are measured; missing data is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engines.values import F32, U8
from export.evaluate.motion_cli import TUNED_ON, mood_rows, promise_rows
from export.evaluate.motion_mood import WISHED
from export.judges.expression import LABELS
from tests.support.fake_face import fake_face
from tests.support.sample_avatar import sample
from tests.support.voices import voice


def test_promises(capsys: pytest.CaptureFixture[str]) -> None:
    rows = promise_rows(fake_face(), voice(2.0))
    assert rows["one seed repeats"] == 1.0
    assert rows["any chunking, same motion"] == 1.0
    assert rows["two seeds differ (mean abs)"] > 0
    assert "ms of one core" in capsys.readouterr().out


class Joyful:
    """A judge that sees joy everywhere."""

    def judge(self, pictures: U8, landmarks: F32) -> F32:
        out = np.zeros((len(pictures), len(LABELS)), np.float32)
        out[:, LABELS.index("joy")] = 1.0
        return out


def test_faces_that_were_tuned_on_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    faces = [replace(sample(), name=name) for name in (TUNED_ON[0], "someone")]
    rows = mood_rows(fake_face(), faces, voice(1.8), Joyful())  # type: ignore[arg-type]
    assert rows["all"]["recognised"] == rows["not tuned on"]["recognised"] == 1 / len(WISHED)
    assert "not tuned on" in capsys.readouterr().out
