"""The push socket of the page (run by node)."""

from __future__ import annotations

import json
from typing import Any

from server.static import WEB_ROOT
from tests.unit.server.bench.test_page_scripts import run_js

VOICE = json.dumps((WEB_ROOT / "client" / "voice.js").as_uri())
FAKE_SOCKET = f"""
const made = [];
class FakeSocket extends EventTarget {{
  static OPEN = 1;
  constructor() {{ super(); this.readyState = 0; this.sent = []; made.push(this); }}
  send(data) {{ this.sent.push(data); }}
  close() {{ this.readyState = 3; }}
  opens() {{ this.readyState = 1; this.dispatchEvent(new Event("open")); }}
  ends(reason) {{
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
    this.onclose?.({{ reason }});
  }}
}}
globalThis.WebSocket = FakeSocket;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const code = (promise) => promise.then(() => "spoken", (error) => error.code);
import({VOICE}).then(async ({{ VoiceSocket }}) => {{
  const voice = new VoiceSocket("ws://x", () => {{}});
  const out = [];
  for (const fate of input) {{
    const said = code(voice.speak(new Int16Array(1600)));
    if (fate !== "refused") {{ made.at(-1).opens(); await turn(); }}
    if (fate === "spoken") {{
      const {{ segment }} = JSON.parse(made.at(-1).sent[0]);
      made.at(-1).onmessage({{ data: JSON.stringify({{ type: "finished", segment }}) }});
    }} else made.at(-1).ends("cut off");
    out.push([await said, made.length]);
  }}
  voice.close();
  out.push([await code(voice.speak(new Int16Array(1600))), made.length]);
  console.log(JSON.stringify(out));
  process.exit(0);
}});
"""


def spoken(*fates: str) -> Any:
    """What became of each speech, and how many sockets there had been; the last after close()."""
    return run_js(FAKE_SOCKET, fates)


def test_a_socket_that_was_refused_or_cut_off_is_followed_by_another() -> None:
    assert spoken("refused", "cut off", "spoken", "spoken") == [
        ["voice-refused", 1],
        ["voice-refused", 2],
        ["spoken", 3],
        ["spoken", 3],
        ["not-live", 3],
    ]
