"""Stage directions and feelings leave assistant text, whole or in pieces; other brackets stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.emotion.values import EmotionOverride
from engines.scene.cues import Cue
from engines.scene.markers import MAX_MARKER, Felt, Mark, MarkerReader, parse_markers


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


def felt(label: str | None, at: int, intensity: float = 0.8) -> Felt:
    wanted = None if label is None else EmotionOverride(label, intensity=intensity)
    return Felt(wanted, at)


@pytest.mark.parametrize(
    ("text", "clean", "marks"),
    [
        ("[sadly] I lost it.", "I lost it.", [felt("sadness", 0), felt(None, 10)]),
        (
            "[sadly] I lost it. Never mind.",
            "I lost it. Never mind.",
            [felt("sadness", 0), felt(None, 10)],
        ),
        (
            "[sadly] No. [very happy] Yes! Well",
            "No. Yes! Well",
            [felt("sadness", 0), felt("joy", 3, 1.0), felt(None, 8)],
        ),
        ('[angry] "Out!" he said', '"Out!" he said', [felt("anger", 0), felt(None, 6)]),
        ("I know [sadly]. Yes", "I know. Yes", [felt("sadness", 6), felt(None, 7)]),
        (
            "[angrily][shakes head] No\nYes",
            "No\nYes",
            [felt("anger", 0), Cue("shake", 0), felt(None, 2)],
        ),
        ("[sadly] 3.5 m. So", "3.5 m. So", [felt("sadness", 0), felt(None, 6)]),
        ("[surprised]", "", [felt("surprise", 0), felt(None, 0)]),
        # Denied, or more than a feeling, or stressed: text.
        ("[not happy] Hm. So", "[not happy] Hm. So", []),
        ("[happy birthday](x) to you", "[happy birthday](x) to you", []),
        ("I am *happy*. So", "I am *happy*. So", []),
    ],
)
def test_a_feeling_holds_to_the_end_of_its_sentence(
    text: str, clean: str, marks: list[Mark]
) -> None:
    assert parse_markers(text) == (clean, marks)


PARTS = (
    "[sadly]",
    "[happy]",
    "[not sad]",
    "[nods]",
    "*laughs*",
    "No. ",
    "Yes",
    "!",
    "\n",
    " ",
    '"',
)


@given(
    st.one_of(
        st.text(alphabet="[]* \nnodslaugh.", max_size=60),
        st.lists(st.sampled_from(PARTS), max_size=12).map("".join),
    ),
    st.integers(1, 5),
)
def test_any_split_reads_the_same(text: str, step: int) -> None:
    reader = MarkerReader()
    clean, marks = "", list[Mark]()
    for at in range(0, len(text), step):
        piece, found = reader.feed(text[at : at + step])
        clean += piece
        marks += found
        assert reader.given >= len(clean.rstrip())
    rest, last = reader.flush()
    assert (clean + rest, marks + last) == parse_markers(text)
    places = [mark.at for mark in marks + last]
    assert places == sorted(places) and all(0 <= at <= len(clean + rest) for at in places)
    # A feeling that begins ends, or is followed by another one.
    feelings = [mark.wanted for mark in marks + last if isinstance(mark, Felt)]
    assert not feelings or feelings[-1] is None
    assert not reader.feeling


def test_what_is_held_back_is_bounded() -> None:
    reader = MarkerReader()
    given = "".join(reader.feed(piece)[0] for piece in ["[" + "n" * 5000, " " * 5000, "*" * 5000])
    assert len(given) > 10_000 - 2 * MAX_MARKER - 5000
