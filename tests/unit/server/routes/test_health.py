"""Health, readiness, metrics and capabilities."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from server.app import create_app
from server.settings import SessionSettings, Settings
from tests.support.fake_backend import FakeBackend


@pytest.fixture
async def running() -> AsyncIterator[tuple[httpx.AsyncClient, FakeBackend, FastAPI]]:
    backend = FakeBackend()
    app = create_app(Settings(session=SessionSettings(max_sessions=1)), backend, page=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            yield http, backend, app


async def test_alive_is_not_ready(running: Any) -> None:
    http, backend, _ = running
    assert (await http.get("/readyz")).json()["status"] == "ready"
    backend.running = False
    reply = await http.get("/readyz")
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "engine_stopped")
    assert (await http.get("/healthz")).status_code == 200
    backend.running = True


async def test_a_full_server_is_not_ready_and_says_when(running: Any) -> None:
    http, _, _ = running
    session = (await http.post("/v1/sessions", json={})).json()["id"]
    reply = await http.get("/readyz")
    assert reply.status_code == 503
    assert "retry-after" in reply.headers
    await http.delete(f"/v1/sessions/{session}")
    assert (await http.get("/readyz")).status_code == 200


async def test_metrics_are_of_prometheus_kind(running: Any) -> None:
    http, _, _ = running
    reply = await http.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "avatar_build_info{" in reply.text


async def test_the_declared_latency_is_the_backends(running: Any) -> None:
    http, backend, _ = running
    backend.lookahead = 640
    body = (await http.get("/v1/capabilities")).json()
    assert (body["hop_ms"], body["lookahead_ms"], body["max_sessions"]) == (40.0, 40.0, 1)
    assert body["push_sample_rates_hz"][0] == 8000
    assert body["marked"] is True
    assert body["assistant"]["missing"] == []
    backend.assistant_missing = (("llm", "assistant.llm_url"),)
    told = (await http.get("/v1/capabilities")).json()["assistant"]
    assert told["parts"] == {"asr": True, "llm": False, "tts": True}
    assert told["missing"] == [{"part": "llm", "set": "assistant.llm_url"}]
