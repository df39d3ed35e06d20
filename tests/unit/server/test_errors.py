"""One shape for every error."""

from __future__ import annotations

import logging

import httpx
import pytest
from fastapi import FastAPI

from server.errors import (
    ApiError,
    closed_session,
    error_body,
    install_error_handlers,
    invalid_body,
    unknown_session,
)


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/full")
    async def full() -> None:
        raise ApiError(503, "server_full", "no place", "wait", headers={"Retry-After": "5"})

    @app.get("/fault")
    async def fault() -> None:
        raise RuntimeError("secret detail")

    @app.get("/typed")
    async def typed(count: int) -> None:
        return None

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_our_own_errors_keep_status_and_headers(client: httpx.AsyncClient) -> None:
    reply = await client.get("/full")
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "5"
    assert reply.json() == error_body("server_full", "no place", "wait")


async def test_unknown_paths_and_methods(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).json()["error"]["code"] == "not_found"
    wrong = await client.post("/full")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET"


async def test_an_invalid_request_names_the_field_and_not_the_value(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.get("/typed", params={"count": "my-secret"})
    assert reply.status_code == 422
    error = reply.json()["error"]
    assert "count" in error["message"]
    assert "my-secret" not in reply.text


async def test_a_fault_tells_the_client_nothing_and_the_log_all(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        reply = await client.get("/fault")
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "internal_error"
    assert "secret detail" not in reply.text
    assert any("secret detail" in str(record.exc_info) for record in caplog.records)


def test_only_the_first_faults_of_many_are_told() -> None:
    rows = [{"loc": ("body", f"field{i}"), "msg": "wrong"} for i in range(9)]
    message = invalid_body(rows)["error"]["message"]
    assert message == "field0: wrong; field1: wrong; field2: wrong; and 6 more"
    assert invalid_body(None)["error"]["message"] == "the request is not valid"


def test_sessions_unknown_and_ended_are_told_apart() -> None:
    assert (unknown_session().status, closed_session("x").status) == (404, 410)
    assert "ended: x" in closed_session("x").message
