"""WHIP (RFC 9725): a microphone, or an assistant's voice, into a session by one URL.

Runs on the event loop.
Never waits longer than an answer may take.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from server.bodies import describe
from server.doors.answers import (
    REFUSALS,
    check_token,
    created,
    options,
    read_offer,
    refused,
    trickle,
)
from server.doors.keeper import Entry
from server.routes.sessions import make_session
from server.schemas import ErrorReply, SessionRequest
from server.services import Services, services
from server.sessions import Session

router = APIRouter(tags=["doors"])
Served = Annotated[Services, Depends(services)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 401, 404, 406, 409, 410, 415, 422, 503)
}
PATCH_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 404, 412, 415, 422, 428)
}
RESOURCE = "/whip/r/{key}"


@router.options("/whip", include_in_schema=False)
@router.options("/whip/{channel}", include_in_schema=False)
@router.options("/v1/sessions/{session_id}/whip", include_in_schema=False)
@router.options(RESOURCE, include_in_schema=False)
async def whip_options(request: Request, served: Served) -> Response:
    """What may be posted, and the ICE servers (with their credentials only for the token)."""
    check_token(request, served.token if "session_id" not in request.path_params else None)
    return options(served.settings.rtc.ice_servers)


@router.get("/whip", include_in_schema=False)
@router.get("/whip/{channel}", include_in_schema=False)
@router.get("/v1/sessions/{session_id}/whip", include_in_schema=False)
async def whip_nothing() -> Response:
    """An endpoint has nothing to show (RFC 9725 section 4.1)."""
    return Response(status_code=204)


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
    entry, answer = await enter(served, session, sdp, owner=True)
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
    entry, answer = await enter(served, session, await read_offer(request))
    return created(request, entry, answer, served.settings.rtc.ice_servers)


async def enter(
    served: Services, session: Session, sdp: str, *, owner: bool = False
) -> tuple[Entry, str]:
    """Open the door. Raises ApiError."""
    try:
        return await served.doors.enter(session, "whip", sdp, owner=owner)
    except REFUSALS as error:
        raise refused(error) from error


@router.get(RESOURCE, include_in_schema=False)
async def whip_resource(key: str, served: Served) -> Response:
    """Nothing to show while it is there (RFC 9725 section 4.1), else 404."""
    served.doors.get(key, "whip")
    return Response(status_code=204)


@router.patch(RESOURCE, status_code=204, responses=PATCH_ERRORS, openapi_extra=describe(frag=None))
async def whip_trickle(key: str, request: Request, served: Served) -> Response:
    """Candidates found after the offer."""
    return await trickle(request, served.doors.get(key, "whip"))


@router.delete(RESOURCE, responses={404: {"model": ErrorReply}})
async def whip_end(key: str, served: Served) -> Response:
    """Ends it; answers when nothing is left of it."""
    served.doors.get(key, "whip")
    await served.doors.leave(key)
    return Response(status_code=200)
