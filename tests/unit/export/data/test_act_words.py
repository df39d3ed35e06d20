"""Sentences of actions: each action of a box has some to learn and some kept."""

from __future__ import annotations

from engines.scene.cues import find_cues
from export.data.act_words import SENTENCES, sentences
from export.data.acted import NOTHING, SEEN


def test_every_action_that_is_seen_has_sentences_of_both_kinds() -> None:
    for name in {name for names in SEEN.values() for name in names}:
        seen, kept = sentences(name, False), sentences(name, True)
        assert len(seen) >= 4 and len(kept) >= 2 and not set(seen) & set(kept)
        assert {*seen, *kept} == set(SENTENCES[name])


def test_no_sentence_tells_another_action() -> None:
    for name, texts in SENTENCES.items():
        for text in texts:
            found = {cue.name for cue in find_cues(text)}
            assert found <= ({name} if name != NOTHING else set()), text
