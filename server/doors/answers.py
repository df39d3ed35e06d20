"""What WHIP and WHEP have in common on HTTP: tokens, entity tags, answers, CORS.

Runs on the event loop.
Never knows a session: `server.routes.whip` and `.whep` do.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence

from fastapi import Request, Response

from server.bodies import FRAGMENT, SDP, kind_of, read_text
from server.doors.keeper import Entry
from server.errors import ApiError
from server.rtc.addresses import NoFreePort
from server.rtc.offer_limits import BadOffer
from server.sdpfrag import BadFragment, parse_fragment
from server.settings import DoorSettings, IceServer
from server.settings_section import SettingsError

METHODS = "OPTIONS, GET, POST, PATCH, DELETE"
"""Clients look for PATCH here to learn whether candidates may be trickled."""


def token_of(settings: DoorSettings) -> str | None:
    """The bearer token that is asked for, or None. Raises SettingsError when it is not there."""
    if settings.token_env is None:
        return None
    token = os.environ.get(settings.token_env, "")
    if not token:
        raise SettingsError(
            f"doors.token_env names {settings.token_env!r}, which is not set: set it, or leave "
            "the setting out"
        )
    return token


def check_token(request: Request, token: str | None) -> None:
    """Raises ApiError 401 unless the request carries the bearer token (RFC 6750)."""
    if token is None:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return
    headers = {"WWW-Authenticate": 'Bearer realm="synchrorama"'}
    hint = "send Authorization: Bearer TOKEN; the owner of the server knows it"
    raise ApiError(401, "unauthorized", "this needs a bearer token", hint, headers=headers)


async def read_offer(request: Request) -> str:
    """The SDP offer. Raises ApiError 415 for another kind of body, 400 when it is none."""
    kind_of(request, SDP)
    sdp = await read_text(request)
    if not sdp.strip():
        hint = "send the client's offer; the server makes none"
        raise ApiError(400, "bad_offer", "the body is empty, wanted an SDP offer", hint)
    return sdp


def refused(error: Exception) -> ApiError:
    """An answer's failure as HTTP tells it."""
    if isinstance(error, NoFreePort):
        hint = "widen the setting rtc.udp_ports, or lower session.max_sessions"
        return ApiError(503, "no_free_port", str(error), hint, headers={"Retry-After": "5"})
    if isinstance(error, TimeoutError):
        hint = "a STUN or TURN server of rtc.ice_servers may not answer; see synchrorama doctor"
        return ApiError(504, "answer_timeout", "the answer took too long", hint)
    # aiortc's words for an offer without one codec that we know.
    status = 406 if "Failed to set remote" in str(error) else 400
    code = "not_acceptable" if status == 406 else "bad_offer"
    return ApiError(status, code, str(error)[:300], "Opus, and VP8 or H264, in one bundle")


REFUSALS = (BadOffer, NoFreePort, TimeoutError)


def created(
    request: Request, entry: Entry, answer: str, ice_servers: Sequence[IceServer]
) -> Response:
    """201 as RFC 9725 section 4.2 asks."""
    reply = Response(answer, status_code=201, media_type=SDP)
    reply.headers["Location"] = f"/{entry.door.kind}/r/{entry.key}"
    reply.headers["ETag"] = entry.etag
    reply.headers["Accept-Patch"] = FRAGMENT
    reply.headers["Cache-Control"] = "no-store"
    add_links(reply, ice_servers)
    return reply


def add_links(reply: Response, ice_servers: Sequence[IceServer]) -> None:
    """A Link header for each ICE server (RFC 9725 section 4.6)."""
    for server in ice_servers:
        for link in links(server):
            reply.headers.append("Link", link)


def links(server: IceServer) -> list[str]:
    """Values of Link headers of one server."""
    tail = ""
    if server.username is not None:
        tail = f'; username="{server.username}"; credential="{server.credential or ""}"'
        tail += '; credential-type="password"'
    return [f'<{url}>; rel="ice-server"{tail}' for url in server.urls]


def options(ice_servers: Sequence[IceServer]) -> Response:
    """200 with what may be posted; clients also take their ICE servers from here.

    A browser's preflight is answered before, by the CORS middleware.
    """
    reply = Response(status_code=200)
    reply.headers["Accept-Post"] = SDP
    reply.headers["Allow"] = METHODS
    reply.headers["Access-Control-Allow-Methods"] = METHODS
    add_links(reply, ice_servers)
    return reply


async def trickle(request: Request, entry: Entry) -> Response:
    """Candidates found after the offer: 204.

    Raises ApiError as RFC 9725 section 4.3 asks: 415 and 400 for the body, 428 without If-Match,
    412 with another tag, 422 for an ICE restart, which leaves the ICE session as it is.
    """
    kind_of(request, FRAGMENT)
    try:
        fragment = parse_fragment(await read_text(request))
    except BadFragment as error:
        raise ApiError(400, "bad_fragment", str(error)) from error
    tags = request.headers.get("if-match")
    if tags is None:
        hint = f"send If-Match: {entry.etag}"
        raise ApiError(428, "precondition_required", "the PATCH has no If-Match", hint)
    anew = fragment.ufrag is not None and fragment.ufrag != entry.door.ufrag
    if anew or tags.strip().strip('"') == "*":
        hint = "DELETE, and POST a new offer"
        raise ApiError(422, "no_ice_restart", "ICE restart is not supported", hint)
    if entry.etag not in (tag.strip() for tag in tags.split(",")):
        hint = f"the tag is {entry.etag}"
        raise ApiError(412, "precondition_failed", "If-Match names another ICE session", hint)
    for candidate, mid, index in fragment.candidates:
        try:
            await entry.door.peer.add_candidate(candidate, mid, index)
        except BadOffer as error:
            raise ApiError(400, "bad_candidate", str(error)[:200]) from error
    return Response(status_code=204)
