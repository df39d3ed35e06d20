"""HTTP and its refusals."""

from __future__ import annotations

import httpx
import pytest

from synchrorama_client.errors import Refused, SessionClosed, Unreachable
from synchrorama_client.rest import Rest, refusal


def test_the_servers_words_are_kept() -> None:
    error = {"error": {"code": "server_full", "message": "full", "hint": "in 5 s"}}
    told = refusal(httpx.Response(503, json=error, headers={"Retry-After": "5"}))
    assert isinstance(told, Refused)
    assert (told.code, told.status, told.retry_after_s) == ("server_full", 503, 5.0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {}}'])
def test_an_answer_of_another_kind_is_told_too(body: bytes) -> None:
    told = refusal(httpx.Response(502, content=body, headers={"Retry-After": "later"}))
    assert isinstance(told, Refused)
    assert told.code == "http_502" and told.message and told.retry_after_s is None


def test_an_ended_session_is_an_error_of_its_own() -> None:
    error = {"error": {"code": "session_ended", "message": "you hung up", "hint": ""}}
    assert isinstance(refusal(httpx.Response(410, json=error)), SessionClosed)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    rest = Rest("http://127.0.0.1:9", 5.0)
    with pytest.raises(Unreachable, match="is the server running"):
        await rest.call("GET", "/v1/capabilities")
    await rest.aclose()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", ""])
def test_an_address_without_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http://"):
        Rest(url, 5.0)
