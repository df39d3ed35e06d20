"""Stage directions leave assistant text, whole or in pieces; other brackets stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.scene.cues import Cue
from engines.scene.markers import MAX_MARKER, MarkerReader, parse_markers


@pytest.mark.parametrize(
    ("text", "clean", "cues"),
    [
        ("[nods] Hello [laughs]", "Hello", [("nod", 0), ("laugh", 5)]),
        ("Hello [laughs] world.", "Hello world.", [("laugh", 5)]),
        ("Well[shrugs], yes.", "Well, yes.", [("shrug", 4)]),
        ("*nods slowly* Yes.", "Yes.", [("nod", 0)]),
        ("*She softly laughs* Yes.", "Yes.", [("laugh", 0)]),
        ("[shakes her head][look_left] No", "No", [("shake", 0), ("look_left", 0)]),
        ("This is *really* good", "This is *really* good", []),
        ("*I do think he nods*", "*I do think he nods*", []),
        ("**Smile** at 2 * 3 * 4", "**Smile** at 2 * 3 * 4", []),
        ("See [1] and [the docs](x)", "See [1] and [the docs](x)", []),
        ("a [ b [nods] c", "a [ b c", [("nod", 5)]),
        ("open [nods", "open [nods", []),
        ("[nods\n] x", "[nods\n] x", []),
        ("[] [[nods]]", "[] []", [("nod", 4)]),
        ("", "", []),
        ("  spaced \n out ", "  spaced \n out ", []),
    ],
)
def test_markers(text: str, clean: str, cues: list[tuple[str, int]]) -> None:
    assert parse_markers(text) == (clean, [Cue(*cue) for cue in cues])


@given(st.text(alphabet="[]* \nnodslaugh.", max_size=60), st.integers(1, 5))
def test_any_split_reads_the_same(text: str, step: int) -> None:
    reader = MarkerReader()
    clean, cues = "", []
    for at in range(0, len(text), step):
        piece, found = reader.feed(text[at : at + step])
        clean += piece
        cues += found
    assert (clean + reader.flush()[0], cues) == parse_markers(text)
    assert all(0 <= cue.at <= len(clean) + MAX_MARKER for cue in cues)


def test_what_is_held_back_is_bounded() -> None:
    reader = MarkerReader()
    given = "".join(reader.feed(piece)[0] for piece in ["[" + "n" * 5000, " " * 5000, "*" * 5000])
    assert len(given) > 10_000 - 2 * MAX_MARKER - 5000
