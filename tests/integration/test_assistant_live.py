"""A short conversation over real WebRTC: a visitor, a scripted provider process, and the face."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest

from engines.values import F32
from server.app import create_app
from server.assistant.settings import AssistantSettings
from server.bench.visitor import Visitor
from server.voices.settings import VoiceSettings
from tests.integration.loopback import Client
from tests.integration.test_session_live import live
from tests.support.live_server import serve
from tests.support.provider import Provider
from tests.support.real_backend import LOOPBACK, real_backend


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


class Page:
    """The visitor's end: what it says and what it was told."""

    def __init__(self) -> None:
        self.visitor = Visitor()
        self.client = Client(self.wave)

    def wave(self, first: int, count: int) -> F32:
        return self.visitor.take(count)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(event) for event in self.client.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["type"] == kind]

    @property
    def state(self) -> str:
        return str(self.of("turn")[-1]["state"]) if self.of("turn") else ""

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Until an event makes it true."""
        heard = asyncio.Event()
        self.client.channel.on("message", lambda _: heard.set())
        async with asyncio.timeout(60):
            while not wanted():
                heard.clear()
                await heard.wait()


async def test_a_turn_a_barge_in_and_its_answer(provider: Provider) -> None:
    settings = replace(
        LOOPBACK,
        assistant=AssistantSettings(llm_url=provider.url, asr_url=provider.url),
        voices=VoiceSettings(provider="openai", openai_url=provider.url),
    )
    async with serve(create_app(settings, real_backend(settings), page=False)) as http:
        page = Page()
        async with live(http, page.client, voice="assistant"):
            await page.until(lambda: page.state == "listening")
            page.visitor.say(0.8)
            # Half a second into the answer, which lasts three.
            await page.until(lambda: len(page.of("started")) == 1)
            await page.client.audio.at_least(len(page.client.audio.frames) + 25)
            page.visitor.say(0.8)
            await page.until(lambda: any(e["interrupted"] for e in page.of("finished")))
            await page.until(lambda: page.state == "listening")
            await page.until(lambda: page.state == "speaking")
            await page.until(lambda: page.state == "listening")
        visitor = [e["text"] for e in page.of("transcript") if e["by"] == "visitor"]
        assert len(visitor) == 2
        assert page.of("warning") == []
        started = [e["segment"] for e in page.of("started")]
        finished = [e["segment"] for e in page.of("finished")]
        assert len(set(started)) == len(started)
        assert len(set(finished)) == len(finished)
        assert set(started) <= set(finished)
        asked = provider.seen("chat")[-1]["asked"]["messages"]
        (cut,) = [m["content"] for m in asked if m["content"].endswith("\u2014")]
        assert cut.startswith("Answer")
        states = [e["state"] for e in page.of("turn")]
        assert {"listening", "thinking", "speaking"} == set(states)
        levels = [np.abs(f.to_ndarray()).max() for _, f in page.client.audio.frames]
        assert max(levels) > 3000


async def test_typed_words_are_answered_and_faults_are_told(provider: Provider) -> None:
    settings = replace(
        LOOPBACK,
        assistant=AssistantSettings(llm_url=provider.url, llm_model="denied"),
        voices=VoiceSettings(provider="openai", openai_url=provider.url),
    )
    async with serve(create_app(settings, real_backend(settings), page=False)) as http:
        page = Page()
        async with live(http, page.client, voice="assistant") as session:
            await page.until(lambda: page.state == "listening")
            (ready,) = page.of("assistant")
            assert [part["part"] for part in ready["missing"]] == ["asr"]
            page.client.channel.send(json.dumps({"type": "ask", "text": "Hello?"}))
            await page.until(lambda: bool(page.of("warning")))
            assert page.of("warning")[0]["code"] == "llm_unauthorized"
            page.client.channel.send(json.dumps({"type": "ask", "text": 5}))
            await page.until(lambda: len(page.of("warning")) > 1)
            assert page.state in ("thinking", "listening")
            assert (await state_of(http, session)) == "live"
            refused = await http.get("/v1/capabilities")
            assert "assistant" in refused.json()["voices"]


async def state_of(http: httpx.AsyncClient, session: str) -> str:
    return str((await http.get(f"/v1/sessions/{session}")).json()["state"])
