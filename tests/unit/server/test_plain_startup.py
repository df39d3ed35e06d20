"""What a wrong setting says when the server starts, and what every other fault says."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from server.plain_startup import PlainStartup
from server.settings_section import SettingsError


async def started(error: Exception | None) -> Message:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        yield

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    app = PlainStartup(Starlette(lifespan=lifespan))
    with pytest.raises(type(error or Exception())):
        await app({"type": "lifespan", "state": {}}, receive, send)
    return sent[-1]


async def test_a_setting_is_named_in_one_line() -> None:
    sent = await started(SettingsError("emotion.asr_model: no such thing"))
    assert sent["message"] == "emotion.asr_model: no such thing"


async def test_another_fault_keeps_its_trace() -> None:
    sent = await started(RuntimeError("broken"))
    assert "Traceback" in sent["message"] and "RuntimeError: broken" in sent["message"]


async def test_requests_pass_untouched() -> None:
    passed = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append((scope, receive, send))

    given = ({"type": "http"}, object(), object())
    await PlainStartup(app)(*given)  # type: ignore[arg-type]
    assert passed == [given]
