"""Sentences of the grammar: seeded, bounded, words of validation kept apart."""

from __future__ import annotations

import numpy as np

from engines.motion.style import STYLE_INDEX
from export.data.scene_grammar import SceneGrammar


def test_one_seed_gives_one_set_and_targets_are_bounded() -> None:
    one, two = (SceneGrammar(np.random.default_rng(3)).examples(200) for _ in range(2))
    assert [a.text for a in one] == [b.text for b in two]
    for example in one:
        assert example.text and example.dials.shape == (len(STYLE_INDEX),)
        assert 0 < example.dials.min() and example.dials.max() < 1
    plain = [example for example in one if np.all(example.dials == 0.5)]
    assert 10 < len(plain) < 100


def test_validation_speaks_in_other_words() -> None:
    train = " ".join(e.text.lower() for e in SceneGrammar(np.random.default_rng(1)).examples(900))
    kept = SceneGrammar(np.random.default_rng(1), kept=True).examples(900)
    seen = " ".join(e.text.lower() for e in kept)
    # Fifth words of their rows.
    for word in ("vivacious", "merry", "embarrassed"):
        assert (word in seen) and (word not in train), word
