"""What the page says of an assistant that lacks parts (run by node)."""

from __future__ import annotations

import json

from server.static import WEB_ROOT
from tests.unit.server.bench.test_page_scripts import run_js

TALK = json.dumps((WEB_ROOT / "page" / "talk.js").as_uri())
TELLINGS = json.dumps((WEB_ROOT / "client" / "tellings.js").as_uri())
LACKS = f"""
globalThis.matchMedia = () => ({{ matches: false, addEventListener() {{}} }});
import({TALK}).then(({{ lacks }}) => console.log(JSON.stringify(lacks({{ missing: input }}))));
"""
ASK = f"""
import({TELLINGS}).then(({{ ask }}) => {{
  const out = input.map((text) => {{
    try {{ return ask(text).text.length; }} catch (error) {{ return error.code; }}
  }});
  console.log(JSON.stringify(out));
}});
"""


def test_every_missing_part_is_told_in_words_with_what_to_set() -> None:
    parts = [{"part": part, "set": f"the {part}"} for part in ("asr", "llm")]
    asr, llm = run_js(LACKS, parts)
    assert "type to it" in asr["words"] and asr["remedy"] == "To change that, set the asr."
    assert "spoken as it is" in llm["words"]
    both = run_js(LACKS, [*parts, {"part": "tts", "set": "x"}])
    # Nothing can be spoken then, so it is not promised.
    assert "spoken as it is" not in both[1]["words"]
    assert run_js(LACKS, [{"part": "nose", "set": "x"}])[0]["words"] == "It has no nose."
    assert run_js(LACKS, []) == []


def test_a_question_is_sent_whole_or_refused() -> None:
    asked = ["  Hi ", "", "   ", "x" * 4000, "x" * 4001, 5]
    assert run_js(ASK, asked) == [2, "bad-wish", "bad-wish", 4000, "bad-wish", "bad-wish"]
