"""Request bodies and their faults."""

from __future__ import annotations

import json

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from server.bodies import JSON, SDP, describe, kind_of, read_model, read_text, schemas_of
from server.errors import ApiError
from server.schemas import Description, SessionRequest, Trickle


def request(body: bytes, kind: str | None = JSON) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [] if kind is None else [(b"content-type", kind.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.mark.parametrize("kind", [JSON, "Application/JSON; charset=utf-8", SDP])
def test_the_kind_is_known_whatever_its_case_and_parameters(kind: str) -> None:
    assert kind_of(request(b"", kind), JSON, SDP) in (JSON, SDP)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json5", "x" * 5000])
def test_another_kind_is_415_and_says_what_is_wanted(kind: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        kind_of(request(b"", kind), JSON, SDP)
    assert caught.value.status == 415
    assert JSON in caught.value.message
    assert len(caught.value.message) < 200


async def test_a_body_that_fits_becomes_its_model() -> None:
    got = await read_model(request(b'{"avatar": "ada", "voice": "push"}'), SessionRequest)
    assert (got.avatar, got.voice, got.seed) == ("ada", "push", None)
    assert (await read_model(request(b" "), SessionRequest, empty=True)).voice == "mirror"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b'{"seed": NaN}',
        b'{"seed": Infinity}',
        b"[" * 60_000,
        b'{"seed": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "cut", "nan", "nan-inside", "infinity", "deep", "long-number"],
)
async def test_what_is_not_json_is_400(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        await read_model(request(body), SessionRequest)
    assert (caught.value.status, caught.value.code) == (400, "bad_json")


async def test_text_that_is_not_utf8_is_400() -> None:
    with pytest.raises(ApiError) as caught:
        await read_text(request(b"\xff\xfe"))
    assert caught.value.code == "bad_encoding"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"5",
        b'{"avatr": "ada"}',
        b'{"voice": "loud"}',
        b'{"seed": -1}',
        b'{"seed": 1e99}',
        b'{"size": "big"}',
        b'{"avatar": ""}',
    ],
)
async def test_what_does_not_fit_is_a_validation_error(body: bytes) -> None:
    with pytest.raises(RequestValidationError):
        await read_model(request(body), SessionRequest)


async def test_the_fault_does_not_carry_what_was_sent() -> None:
    with pytest.raises(RequestValidationError) as caught:
        await read_model(request(b'{"sdp": "x", "type": "my-secret"}'), Description)
    assert "my-secret" not in json.dumps(caught.value.errors(), default=str)


@given(st.binary(max_size=300))
def test_any_body_is_a_model_or_a_named_error(body: bytes) -> None:
    import asyncio

    try:
        asyncio.run(read_model(request(body), SessionRequest))
    except (ApiError, RequestValidationError):
        return


def test_what_is_described_is_defined() -> None:
    described = json.dumps(describe(json=Trickle, sdp=None))
    schemas = schemas_of(SessionRequest, Description, Trickle)
    assert "#/components/schemas/Trickle" in described
    for reference in json.dumps(schemas).split('"#/components/schemas/')[1:]:
        assert reference.split('"')[0] in schemas
