"""The rated sentences are whole, and scores tell a good reader from a poor one."""

from __future__ import annotations

import numpy as np
import pytest

from engines.emotion.values import EMOTION_INDEX
from engines.motion.style import STYLE_NAMES
from engines.scene.reading import Reading
from export.evaluate.scene import Constant, KeywordCount, load_sentences, score, table


def test_the_sentences_are_whole() -> None:
    sentences = load_sentences()
    assert len(sentences) >= 60 and len({one.text for one in sentences}) == len(sentences)
    assert sum(one.plain for one in sentences) >= 8
    for one in sentences:
        assert one.feeling in EMOTION_INDEX
        assert 0 <= one.dials.min() and one.dials.max() <= 1
    assert np.stack([one.dials for one in sentences]).std(0).min() > 0.08


def test_scores_order_readers() -> None:
    sentences = load_sentences()
    rated = {one.text: one for one in sentences}

    class Oracle:
        def read(self, text: str) -> Reading:
            one = rated[text]
            return Reading(dict(zip(STYLE_NAMES, one.dials, strict=True)), {one.feeling: 1.0})

    best, count, none = (score(r, sentences) for r in (Oracle(), KeywordCount(), Constant()))
    assert best.mean_r == pytest.approx(1) and best.error == 0 and best.feelings == 1
    assert none.mean_r == 0 < count.mean_r < 0.5
    assert "| oracle |" in table({"oracle": best})
