"""Trickle fragments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.schemas import MAX_CANDIDATES
from server.sdpfrag import BadFragment, offered_ufrag, parse_fragment

LINE = "candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0"
# The example of RFC 8840 §9, shortened.
FRAGMENT = (
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    f"m=audio 9 RTP/AVP 0\r\na=mid:0\r\na={LINE}\r\n"
    f"m=video 9 RTP/AVP 0\r\na=mid:1\r\na={LINE}\r\na=end-of-candidates\r\n"
)


def test_candidates_come_with_their_m_line() -> None:
    fragment = parse_fragment(FRAGMENT)
    assert fragment.ufrag == "EsAw"
    assert fragment.candidates == ((LINE, "0", 0), (LINE, "1", 1), ("", "1", 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no candidate"),
        ("hello\r\n", "no candidate"),
        ("a=candidate:" + "x" * 2000, "a line has more than 1024"),
        (f"a={LINE}\r\n" * (MAX_CANDIDATES + 1), "more than 32 candidates"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str) -> None:
    with pytest.raises(BadFragment, match=said):
        parse_fragment(text)


@given(st.text(max_size=500))
def test_any_text_is_a_fragment_or_a_named_error(text: str) -> None:
    try:
        fragment = parse_fragment(text)
    except BadFragment:
        return
    assert fragment.candidates or fragment.ufrag is not None
    assert len(fragment.candidates) <= MAX_CANDIDATES


def test_the_ufrag_of_an_offer() -> None:
    assert offered_ufrag("v=0\r\na=ice-ufrag:abcd\r\na=ice-ufrag:efgh\r\n") == "abcd"
    assert offered_ufrag("v=0\r\n") is None
