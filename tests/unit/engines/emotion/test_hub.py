"""Labels of published models in ours, and what is said when a model cannot be had."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from engines.emotion import hub
from engines.emotion.values import EMOTION_INDEX


def test_known_label_sets_are_mapped() -> None:
    table = hub.label_map({0: "angry", 1: "Happy", 2: "neu", 3: "sad", 4: "ps"})
    assert table.shape == (5, 8)
    for row, name in enumerate(("anger", "joy", "neutral", "sadness", "surprise")):
        assert table[row, EMOTION_INDEX[name]] == 1.0
    sentiment = hub.label_map({0: "negative", 1: "neutral", 2: "positive"})
    assert sentiment[0].sum() == pytest.approx(1.0) and sentiment[0, EMOTION_INDEX["joy"]] == 0.0
    assert sentiment[2, EMOTION_INDEX["joy"]] == 1.0


def test_labels_without_meaning_are_refused() -> None:
    with pytest.raises(hub.HubMissing, match="LABEL_0"):
        hub.label_map({0: "LABEL_0", 1: "LABEL_1"})


def test_softmax_is_a_distribution_even_of_large_scores() -> None:
    shares = hub.softmax(np.array([[1000.0, 0.0, -1000.0]], np.float32))
    assert shares.sum() == pytest.approx(1.0) and shares[0, 0] == pytest.approx(1.0)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(hub.HubMissing, match="extra `hub`"):
        hub.load("AutoModel", "some/model")


def test_a_folder_without_a_model_is_named(tmp_path: object) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(hub.HubMissing, match=str(tmp_path)):
        hub.load("AutoModel", str(tmp_path))
