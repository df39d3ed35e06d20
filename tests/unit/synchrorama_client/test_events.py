"""The messages of the speech socket as values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synchrorama_client.events import (
    Buffered,
    Closed,
    Event,
    Finished,
    Hello,
    Mark,
    Started,
    Trouble,
    Unknown,
    parse_event,
)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ({"type": "started", "segment": "a"}, Started("a")),
        (
            {"type": "finished", "segment": "a", "position_s": 1.5, "interrupted": True},
            Finished("a", 1.5, True),
        ),
        ({"type": "buffered", "seconds": 2}, Buffered(2.0)),
        ({"type": "closed", "reason": "it ended"}, Closed("it ended")),
    ],
)
def test_messages_become_values(message: dict[str, object], wanted: Event) -> None:
    assert parse_event(json.dumps(message)) == wanted


def test_values_with_more_keep_the_whole_message() -> None:
    error = {"type": "error", "code": "buffer_full", "message": "full", "refused_s": 1.0}
    trouble = parse_event(json.dumps(error))
    assert isinstance(trouble, Trouble) and (trouble.code, trouble.raw) == ("buffer_full", error)
    hello = parse_event('{"type": "hello", "version": 1, "voices": ["x"]}')
    assert isinstance(hello, Hello) and hello.version == 1 and hello.raw["voices"] == ["x"]
    mark = parse_event('{"type": "mark", "segment": "a", "name": "word", "position_s": 0.4}')
    assert isinstance(mark, Mark) and (mark.name, mark.position_s) == ("word", 0.4)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "3", '{"type": "started"}', '{"type": "finished", "segment": "a"}',
     '{"type": "buffered", "seconds": "many"}', '{"type": "later"}', "[" * 100_000],
)  # fmt: skip
def test_what_is_not_known_is_said_to_be_unknown(text: str) -> None:
    assert isinstance(parse_event(text), Unknown)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    parse_event(text)
