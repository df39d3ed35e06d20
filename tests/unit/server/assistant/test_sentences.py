"""Cutting an answer while it is written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.assistant.sentences import LONGEST, Sentences


def cut(text: str, size: int = 1) -> list[str]:
    cutter = Sentences()
    found = []
    for at in range(0, len(text), size):
        found += cutter.feed(text[at : at + size])
    return found + cutter.flush()


def test_sentences_and_the_first_clause() -> None:
    text = "Well, I would say that this is good, or not. Yes! Is it? \u2026 Fine\nNext line"
    assert cut(text) == [
        "Well, I would say that this is good,",
        "or not.",
        "Yes!",
        "Is it?",
        "\u2026",
        "Fine",
        "Next line",
    ]


def test_abbreviations_and_numbers_end_nothing() -> None:
    assert cut("Dr. Smith has 3.5 cats, e.g. Tom. He is J. Smith.") == [
        "Dr. Smith has 3.5 cats, e.g. Tom.",
        "He is J. Smith.",
    ]
    chinese = ["\u4f60\u597d\u3002", "\u518d\u89c1\u3002"]
    assert cut("".join(chinese)) == chinese


def test_a_sentence_is_there_as_soon_as_it_is_known() -> None:
    cutter = Sentences()
    assert cutter.feed("Hello.") == []
    assert cutter.feed(" W") == ["Hello."]


@given(
    st.text(st.sampled_from("ab .,!?\n;"), max_size=900) | st.text(max_size=300),
    st.integers(1, 50),
)
def test_nothing_is_lost_and_nothing_is_too_long(text: str, size: int) -> None:
    found = cut(text, size)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(piece) <= LONGEST for piece in found)


@given(st.text(st.sampled_from("abc .,!?\n"), max_size=600), st.integers(1, 40))
def test_any_split_gives_the_same_sentences(text: str, size: int) -> None:
    # Clauses and long runs are cut as they come; whole sentences do not depend on the pieces.
    plain = text.replace(",", "")[:250]
    assert cut(plain, size) == cut(plain, 1)
