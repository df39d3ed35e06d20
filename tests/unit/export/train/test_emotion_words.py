"""The words' head: learns what the lexicon lacks, keeps its scale, weighs collections alike."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from engines.emotion.sentence import SENTENCE_SIZE
from engines.emotion.weights import DEFAULT_FOLDER, EmotionWeights
from export.train.emotion_words import Heard, fit_words, kept_words, train


def made(count: int, seed: int, spread: float = 1.0) -> tuple[Heard, np.ndarray]:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, SENTENCE_SIZE)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    truth = np.zeros(SENTENCE_SIZE)
    truth[3] = 2.0
    lexicon = rng.uniform(-1, 1, count).astype(np.float32)
    valence = spread * (lexicon + vectors @ truth).astype(np.float32)
    return Heard(f"c{seed}", vectors, lexicon, valence), truth


def test_what_the_lexicon_lacks_is_found_in_the_lexicons_scale() -> None:
    (one, truth), (two, _) = made(3000, 1), made(300, 2, spread=0.2)
    found = fit_words([one, two], ridge=1e-4)
    assert np.corrcoef(found["text_sentence"], truth)[0, 1] > 0.98
    assert found["text_sentence"][3] == pytest.approx(2.0, rel=0.1)
    usual = (one.vectors @ found["text_sentence"]).mean() + found["text_sentence_bias"][0]
    assert abs(usual) < 0.05
    again = fit_words([one, two], ridge=1e-4)
    assert np.array_equal(found["text_sentence"], again["text_sentence"])


def test_only_the_words_head_of_a_folder_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, texts = tmp_path / "weights", tmp_path / "texts"
    shutil.copytree(DEFAULT_FOLDER, folder)
    texts.mkdir()
    lines = [
        f"{i}\t{3 * (-1) ** i}\t{'warm' if i % 2 == 0 else 'dreary'} day {i}" for i in range(9)
    ]
    (texts / "few_GroundTruth.txt").write_text("\n".join(lines))
    before = EmotionWeights.load(folder)
    assert train(["--ratings", str(texts), "--out", str(folder)]) == 0
    after = EmotionWeights.load(folder)
    changed = {n for n, v in after.arrays.items() if not np.array_equal(v, before.arrays[n])}
    assert changed == {"text_sentence", "text_sentence_bias"}
    assert after.manifest["words"] == {"few": 9}
    assert after.manifest["training"] == before.manifest["training"]
    assert np.array_equal(kept_words(folder)["text_sentence"], after.arrays["text_sentence"])
    assert not kept_words(tmp_path / "none")["text_sentence"].any()
    assert train(["--ratings", str(tmp_path / "none"), "--out", str(folder)]) == 1
    assert "GroundTruth" in capsys.readouterr().err
