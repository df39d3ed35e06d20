"""What was said, bounded, and only as far as it was heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.assistant.history import CUT, MAX_LETTERS, MAX_MESSAGES, History, heard_part


def test_turns_alternate_and_unanswered_ones_join() -> None:
    history = History("p")
    history.visitor("One")
    waiting = history.unanswered
    history.visitor("two")
    history.face("Yes")
    history.face("")
    assert (waiting, history.unanswered) == (True, False)
    history.face("No", cut=True)
    assert [m["content"] for m in history.messages()] == ["p", "One two", "Yes", "No" + CUT]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30_000)), max_size=120))
def test_it_never_outgrows_its_limits(said: list[tuple[bool, int]]) -> None:
    history = History("prompt")
    for visitor, length in said:
        if visitor:
            history.visitor("x" * length)
        else:
            history.face("y" * length)
    messages = history.messages()
    assert messages[0] == {"role": "system", "content": "prompt"}
    assert len(messages) <= MAX_MESSAGES + 1
    assert sum(len(m["content"]) for m in messages[1:]) <= MAX_LETTERS


@given(st.text(st.sampled_from("ab "), max_size=80), st.floats(0, 12), st.floats(0.1, 10))
def test_the_heard_part_is_whole_words_from_the_start(
    text: str, position_s: float, length_s: float
) -> None:
    part = heard_part(text, position_s, length_s)
    assert text.startswith(part)
    rest = text[len(part) :]
    assert not rest or not part or rest.startswith(" ")
    assert len(part) <= max(len(text) * min(1.0, position_s / length_s), 0) + 1e-6 or part == text
    if position_s >= length_s:
        assert part == text
    assert heard_part(text, 0, length_s) == ""
