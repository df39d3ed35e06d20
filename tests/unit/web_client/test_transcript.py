"""The page's list of what was said (run by node)."""

from __future__ import annotations

import json
from typing import Any

from server.static import WEB_ROOT
from tests.unit.server.bench.test_page_scripts import run_js

PAGE = json.dumps((WEB_ROOT / "page" / "transcript.js").as_uri())
SCRIPT = f"""
import({PAGE}).then(({{ Transcripts }}) => {{
  const said = new Transcripts();
  for (const each of input) said.hear(each);
  console.log(JSON.stringify(said.rows.map(({{ by, parts }}) =>
    [by, ...parts.map(({{ text, rest, cut }}) => [text, rest, cut])])));
}});
"""


def face(text: str, segment: str = "", **more: Any) -> dict[str, Any]:
    told = {"by": "assistant", "text": text, **more}
    return {**told, "segment": segment} if segment else told


def visitor(text: str) -> dict[str, Any]:
    return {"by": "visitor", "text": text}


def test_sentences_of_one_answer_stand_together_and_what_was_not_heard_is_told_apart() -> None:
    told = [
        visitor("Hello"),
        face("One two.", "a"),
        face("Three four.", "b"),
        visitor("Wait"),
        # The cut is told behind the words that cut it.
        face("Three", "b", interrupted=True),
        face("Five.", "c"),
    ]
    assert run_js(SCRIPT, told) == [
        ["visitor", ["Hello", "", False]],
        ["assistant", ["One two.", "", False], ["Three", " four.", True]],
        ["visitor", ["Wait", "", False]],
        ["assistant", ["Five.", "", False]],
    ]


def test_nothing_heard_leaves_all_of_it_cut_and_a_new_answer_begins_anew() -> None:
    told = [face("One.", "a"), face("", "a", interrupted=True), face("Two.", "b")]
    assert run_js(SCRIPT, told) == [
        ["assistant", ["", "One.", True]],
        ["assistant", ["Two.", "", False]],
    ]


def test_a_text_that_grows_stays_one_and_two_visitors_turns_stay_two() -> None:
    told = [
        visitor("So"),
        visitor("So so"),
        face("I"),
        face("I am", "a"),
        face("I am here", "a"),
    ]
    assert run_js(SCRIPT, told) == [
        ["visitor", ["So", "", False]],
        ["visitor", ["So so", "", False]],
        ["assistant", ["I am here", "", False]],
    ]


def test_only_the_last_rows_are_kept() -> None:
    rows = run_js(SCRIPT, [visitor(str(n)) for n in range(250)])
    assert len(rows) == 200
    assert rows[-1] == ["visitor", ["249", "", False]]
