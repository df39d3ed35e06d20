"""What is spoken at once: sentences, and the first clause of a long one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.speech.clauses import LONGEST, Clauses


def cut(*pieces: str) -> list[str]:
    clauses = Clauses()
    return [each for piece in pieces for each in clauses.feed(piece)] + clauses.flush()


def test_a_long_first_sentence_begins_with_its_clause_and_short_ones_stay_whole() -> None:
    text = "Well, hello there my dear old friend, how nice it is to see you here again. One, two."
    assert cut(text) == [
        "Well, hello there my dear old friend,",
        " how nice it is to see you here again.",
        " One, two.",
    ]
    assert cut("Yes, of course it is. No.") == ["Yes, of course it is.", " No."]


def test_titles_and_numbers_end_nothing() -> None:
    assert cut("Dr. Smith and J. Doe left at 5. Then it rained.") == [
        "Dr. Smith and J. Doe left at 5. Then it rained."
    ]


def test_what_never_ends_is_cut_between_words() -> None:
    pieces = cut("word " * 300)
    assert all(len(each) <= LONGEST for each in pieces)
    assert all(each.endswith(" ") for each in pieces)


@given(st.lists(st.text("ab .,!?\n-;", max_size=60), max_size=12))
def test_no_character_is_lost_however_it_comes(pieces: list[str]) -> None:
    found = cut(*pieces)
    assert "".join(found) == "".join(pieces)
    assert all(len(each) <= LONGEST for each in found)
