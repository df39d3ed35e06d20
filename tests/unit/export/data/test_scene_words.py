"""The grammar's words: known dials and feelings, no word twice, none of the evaluation."""

from __future__ import annotations

from engines.emotion.values import EMOTION_INDEX
from engines.motion.style import STYLE_INDEX
from engines.scene.lexicon import parse_effects
from export.data import scene_words as words
from export.evaluate.scene import load_sentences


def test_effects_name_dials_and_feelings() -> None:
    for row, effects in (*words.TRAITS, *words.HABITS):
        shifts, feeling = parse_effects(effects)
        assert row and set(shifts) <= set(STYLE_INDEX)
        assert all(0 < abs(shift) <= 0.45 for shift in shifts.values())
        assert feeling is None or feeling in EMOTION_INDEX


def test_no_word_is_in_two_rows_and_no_phrase_is_a_sentence_of_the_evaluation() -> None:
    told = [w for row, _ in (*words.TRAITS, *words.HABITS) for w in row.split("|")]
    assert len(told) == len(set(told))
    held_out = {one.text for one in load_sentences()}
    assert held_out.isdisjoint(words.BUSINESS)
