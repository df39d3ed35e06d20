"""The Speak API as an AsyncAPI 3 document, from the models of its messages.

Pure; for `python -m server.speech.asyncapi > docs/speak.asyncapi.yaml` and the test of that file.
Never describes a message that the code has not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from server.speech.messages import SENT, TOLD, schema_of

ABOUT = (
    "Speech for a session created with voice `push`. Text messages are JSON; binary ones are the "
    "sound of the open segment: PCM, 16-bit little endian, mono. The text messages but `start` and "
    "`end` are taken on the data channel `events` too. See docs/speak.md."
)
SOUND = {
    "name": "sound",
    "contentType": "application/octet-stream",
    "summary": "PCM of the open segment, at most 1 MiB a message.",
    "payload": {"type": "string", "format": "binary"},
}


def document() -> dict[str, Any]:
    """The whole document."""
    messages = {
        **{f"send_{name}": _message(name, model) for name, model in SENT.items()},
        "send_sound": SOUND,
        **{f"told_{name}": _message(name, model) for name, model in TOLD.items()},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "SynchroRaMa Live: Speak API", "version": "1", "description": ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            "speech": {
                "address": "/v1/sessions/{session}/audio",
                "parameters": {"session": {"description": "Id of a session; it is a secret."}},
                "bindings": {"ws": {"query": {"type": "object", "properties": {"version": {
                    "type": "string", "description": "The protocol's; refused when unknown."}}}}},
                "messages": {name: _ref("messages", name) for name in messages},
            }
        },
        "operations": {
            "send": _operation("receive", "send", messages),
            "tell": _operation("send", "told", messages),
        },
        "components": {"messages": messages, "schemas": _schemas()},
    }  # fmt: skip


def _operation(action: str, prefix: str, messages: Mapping[str, object]) -> dict[str, Any]:
    """As the server sees it: it receives what clients send."""
    names = [name for name in messages if name.startswith(prefix)]
    refs = [{"$ref": f"#/channels/speech/messages/{name}"} for name in names]
    return {"action": action, "channel": {"$ref": "#/channels/speech"}, "messages": refs}


def _message(name: str, model: type[BaseModel]) -> dict[str, Any]:
    summary = (model.__doc__ or "").splitlines()[0]
    return {"name": name, "summary": summary, "payload": _ref("schemas", model.__name__)}


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model in (*SENT.values(), *TOLD.values()):
        schema = schema_of(model)
        found.update(schema.pop("$defs", {}))
        found[model.__name__] = schema
    return dict(sorted(found.items()))


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def text() -> str:
    """The file: JSON, which is YAML."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
