"""Tokens, links and faults as HTTP tells them; the whole way is in tests/unit/server/routes."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from server.doors.answers import check_token, options, refused, token_of
from server.errors import ApiError
from server.rtc.addresses import NoFreePort
from server.rtc.offer_limits import BadOffer
from server.settings import DoorSettings, IceServer
from server.settings_section import SettingsError


def asking(authorization: str | None) -> Request:
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return Request({"type": "http", "method": "POST", "path": "/whip", "headers": headers})


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert token_of(DoorSettings()) is None
    monkeypatch.setenv("DOOR_TOKEN", "s3cret")
    assert token_of(DoorSettings(token_env="DOOR_TOKEN")) == "s3cret"
    monkeypatch.delenv("DOOR_TOKEN")
    with pytest.raises(SettingsError, match=r"doors\.token_env.*DOOR_TOKEN"):
        token_of(DoorSettings(token_env="DOOR_TOKEN"))


@pytest.mark.parametrize("given", [None, "", "s3cret", "Basic s3cret", "Bearer s3crex", "Bearer é"])
def test_no_other_token_will_do(given: str | None) -> None:
    check_token(asking(given), None)
    with pytest.raises(ApiError) as caught:
        check_token(asking(given), "s3cret")
    assert caught.value.status == 401
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("given", ["Bearer s3cret", "bearer  s3cret "])
def test_the_right_token(given: str) -> None:
    check_token(asking(given), "s3cret")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoFreePort("none"), 503),
        (TimeoutError(), 504),
        (BadOffer("m-lines", "none", "audio"), 400),
        (BadOffer("offer", "OperationError: Failed to set remote video", "Opus"), 406),
    ],
)
def test_faults(error: Exception, status: int) -> None:
    assert refused(error).status == status


def test_options_say_what_may_be_posted_and_where_the_relays_are() -> None:
    reply = options([IceServer(("turn:a",), "ann", "pw"), IceServer(("stun:b",))])
    assert reply.headers["Accept-Post"] == "application/sdp"
    assert "PATCH" in reply.headers["Access-Control-Allow-Methods"]
    links = reply.headers.getlist("Link")
    assert links[0].startswith('<turn:a>; rel="ice-server"; username="ann"; credential="pw"')
    assert links[1] == '<stun:b>; rel="ice-server"'
