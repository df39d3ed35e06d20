"""RTVI, the messages of Pipecat's clients on their data channel: ours in their words.

Pure; runs on the event loop.
Never acts on a message: it says what to answer, and which of our own events have a name there.
"""

from __future__ import annotations

from collections.abc import Mapping

LABEL = "rtvi-ai"
CHANNEL = "chat"
"""Label of the data channel that Pipecat's SmallWebRTC transport opens."""
VERSION = "1.0.0"
"""Of the protocol; clients compare its first number."""
IGNORED = ("signalling",)
"""The transport's own messages: which of its tracks are on."""
MAX_ID = 64


def is_rtvi(message: Mapping[str, object]) -> bool:
    """Whether a message of the page is one of Pipecat's clients."""
    return message.get("label") == LABEL or message.get("type") in IGNORED


def reply(message: Mapping[str, object]) -> dict[str, object] | None:
    """What to answer: `bot-ready` to `client-ready`, an error to what we cannot do."""
    kind, number = message.get("type"), message.get("id")
    if message.get("label") != LABEL or not isinstance(kind, str):
        return None
    tag = number[:MAX_ID] if isinstance(number, str) else ""
    if kind == "client-ready":
        about = {"library": "synchrorama-live"}
        return {
            "label": LABEL,
            "type": "bot-ready",
            "id": tag,
            "data": {"version": VERSION, "about": about},
        }
    if kind in ("disconnect-bot", "client-message", "send-text"):
        error = {"error": f"{kind}: this server is a face only", "fatal": False}
        return {"label": LABEL, "type": "error-response", "id": tag, "data": error}
    return None


def translated(event: Mapping[str, object]) -> dict[str, object] | None:
    """One of our events as RTVI says it, or None where it has no word for it."""
    kind = event.get("type")
    if kind == "state":
        name = "bot-started-speaking" if event.get("speaking") else "bot-stopped-speaking"
        return {"label": LABEL, "type": name}
    if kind == "transcript":
        said = {"text": event.get("text"), "final": True, "user_id": "", "timestamp": ""}
        return {"label": LABEL, "type": "user-transcription", "data": said}
    return None
