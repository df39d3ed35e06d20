"""The page's voice list (run by node): voices of the reader's languages come first."""

from __future__ import annotations

import json

from server.static import WEB_ROOT
from tests.unit.server.bench.test_page_scripts import run_js

TYPING = json.dumps((WEB_ROOT / "page" / "typing.js").as_uri())
SCRIPT = f"""
globalThis.matchMedia = () => ({{ matches: false, addEventListener() {{}} }});
import({TYPING}).then(({{ sorted }}) => {{
  const voices = input.voices.map((language) => ({{ language }}));
  const parts = sorted(voices, input.languages);
  console.log(JSON.stringify(parts.map((part) => part.map(({{ language }}) => language))));
}});
"""


def test_voices_of_the_reader_s_languages_come_first_and_none_is_lost() -> None:
    asked = {"voices": ["en-us", "de", "DE-at", "", "fr"], "languages": ["de-CH", "EN"]}
    assert run_js(SCRIPT, asked) == [["en-us", "de", "DE-at", ""], ["fr"]]
