"""WHIP (RFC 9725): a microphone, or an assistant's voice, into a session by one URL.

Runs on the event loop.
Never waits longer than an answer may take.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from server.bodies import describe
from server.doors.answers import check_token, created, read_offer
from server.routes.door_resource import ERRORS, Served, add_resource, enter
from server.routes.sessions import make_session
from server.schemas import SessionRequest

router = APIRouter(tags=["doors"])
add_resource(router, "whip", ("/whip", "/whip/{channel}", "/v1/sessions/{session_id}/whip"))


@router.post("/whip", status_code=201, responses=ERRORS, openapi_extra=describe(sdp=None))
@router.post("/whip/{channel}", status_code=201, responses=ERRORS, openapi_extra=describe(sdp=None))
async def whip_standing(
    request: Request,
    served: Served,
    channel: str | None = None,
    avatar: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    size: int | None = None,
    seed: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    renderer: Literal["auto", "diffusion", "motion-frame"] = "auto",
    scene: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Makes a session for this microphone, which ends with it; watched at /whep/CHANNEL."""
    check_token(request, served.token)
    sdp = await read_offer(request)
    if channel is not None:
        served.doors.check_free(channel)
    wishes = {"avatar": avatar, "size": size, "seed": seed, "scene": scene, "renderer": renderer}
    asked = SessionRequest.model_validate(wishes)
    session = await make_session(served, asked)
    name = served.doors.name(session, channel)
    entry, answer = await enter(served, session, "whip", sdp, owner=True)
    reply = created(request, entry, answer, served.settings.rtc.ice_servers)
    reply.headers.append("Link", f'</whep/{name}>; rel="alternate"; title="whep"')
    return reply


@router.post(
    "/v1/sessions/{session_id}/whip",
    status_code=201,
    responses=ERRORS,
    openapi_extra=describe(sdp=None),
)
async def whip(session_id: str, request: Request, served: Served) -> Response:
    """A microphone for a session that is there, in mirror mode; the session outlives it."""
    session = served.manager.get(session_id)
    entry, answer = await enter(served, session, "whip", await read_offer(request))
    return created(request, entry, answer, served.settings.rtc.ice_servers)
