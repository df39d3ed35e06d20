"""The assistants that there are fit the interface."""

from __future__ import annotations

from server.assistant.dialogue import Dialogue
from server.assistant.interfaces import Assistant
from server.assistant.realtime import Realtime


def test_both_have_every_method() -> None:
    wanted = {name for name in vars(Assistant) if not name.startswith("_")}
    assert wanted == {"begin", "introduce", "hear", "played", "ask", "aclose"}
    for kind in (Dialogue, Realtime):
        assert wanted <= set(dir(kind))
