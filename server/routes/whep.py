"""WHEP (draft-ietf-wish-whep): a session's picture and sound for whoever looks on, by one URL.

Runs on the event loop.
Never draws a frame more: viewers get those that are drawn anyway.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

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
from server.routes.whip import ERRORS, PATCH_ERRORS
from server.schemas import ErrorReply
from server.services import Services, services
from server.sessions import Session

router = APIRouter(tags=["doors"])
Served = Annotated[Services, Depends(services)]
RESOURCE = "/whep/r/{key}"


@router.options("/whep/{channel}", include_in_schema=False)
@router.options("/v1/sessions/{session_id}/whep", include_in_schema=False)
@router.options(RESOURCE, include_in_schema=False)
async def whep_options(request: Request, served: Served) -> Response:
    """What may be posted, and the ICE servers."""
    check_token(request, served.token if "session_id" not in request.path_params else None)
    return options(served.settings.rtc.ice_servers)


@router.get("/whep/{channel}", include_in_schema=False)
@router.get("/v1/sessions/{session_id}/whep", include_in_schema=False)
async def whep_nothing() -> Response:
    """An endpoint has nothing to show."""
    return Response(status_code=204)


@router.post("/whep/{channel}", status_code=201, responses=ERRORS, openapi_extra=describe(sdp=None))
async def whep_channel(channel: str, request: Request, served: Served) -> Response:
    """Look on at what is on a channel: one that WHIP named, or a session's `watch`."""
    check_token(request, served.token)
    return await look_on(request, served, served.doors.on(channel))


@router.post(
    "/v1/sessions/{session_id}/whep",
    status_code=201,
    responses=ERRORS,
    openapi_extra=describe(sdp=None),
)
async def whep(session_id: str, request: Request, served: Served) -> Response:
    """Look on at a session one controls."""
    return await look_on(request, served, served.manager.get(session_id))


async def look_on(request: Request, served: Services, session: Session) -> Response:
    """A new viewer. Raises ApiError."""
    sdp = await read_offer(request)
    try:
        entry, answer = await served.doors.enter(session, "whep", sdp)
    except REFUSALS as error:
        raise refused(error) from error
    return created(request, entry, answer, served.settings.rtc.ice_servers)


@router.get(RESOURCE, include_in_schema=False)
async def whep_resource(key: str, served: Served) -> Response:
    """Nothing to show while it is there, else 404."""
    served.doors.get(key, "whep")
    return Response(status_code=204)


@router.patch(RESOURCE, status_code=204, responses=PATCH_ERRORS, openapi_extra=describe(frag=None))
async def whep_trickle(key: str, request: Request, served: Served) -> Response:
    """Candidates found after the offer."""
    return await trickle(request, served.doors.get(key, "whep"))


@router.delete(RESOURCE, responses={404: {"model": ErrorReply}})
async def whep_end(key: str, served: Served) -> Response:
    """Ends it; answers when nothing is left of it. The session goes on."""
    served.doors.get(key, "whep")
    await served.doors.leave(key)
    return Response(status_code=200)
