"""Words reckoned from letters: in order, each once, within the sound."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from server.voices.words import WordReckoner

RATE_HZ = 16_000
TEXT = "One, two - three (four) five."
WORDS = ["One,", "two", "three", "(four)", "five."]


def loud(seconds: float) -> np.ndarray:
    return np.full(round(seconds * RATE_HZ), 5000, np.int16)


@given(st.lists(st.integers(0, 9000), max_size=20))
@settings(max_examples=60, deadline=None)
def test_however_the_sound_is_cut_each_word_comes_once_and_in_order(sizes: list[int]) -> None:
    words = WordReckoner(TEXT, RATE_HZ)
    marks = [mark for size in sizes for mark in words.hear(np.full(size, 5000, np.int16))]
    marks += words.finish()
    assert [TEXT[mark.start : mark.end] for mark in marks] == WORDS
    places = [mark.at for mark in marks]
    assert places == sorted(places)
    assert not sizes or places[-1] <= sum(sizes)
    assert words.finish() == ()


def test_silence_before_and_after_the_words_is_left_out() -> None:
    words = WordReckoner(TEXT, RATE_HZ)
    quiet = np.zeros(RATE_HZ // 2, np.int16)
    assert words.hear(quiet) == ()
    marks = [*words.hear(loud(0.9)), *words.hear(quiet), *words.hear(quiet), *words.finish()]
    assert marks[0].at == RATE_HZ // 2
    # Spoken faster than usual: the last word still lies in the sound.
    assert all(RATE_HZ // 2 <= mark.at <= 1.4 * RATE_HZ for mark in marks[:3])


def test_nothing_to_say_is_no_words() -> None:
    words = WordReckoner(" ... ", RATE_HZ)
    assert (words.hear(loud(0.5)), words.finish()) == ((), ())
