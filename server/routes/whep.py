"""WHEP (draft-ietf-wish-whep): a session's picture and sound for whoever looks on, by one URL.

Runs on the event loop.
Never draws a frame more: viewers get those that are drawn anyway.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from server.bodies import describe
from server.doors.answers import check_token, created, read_offer
from server.routes.door_resource import ERRORS, Served, add_resource, enter
from server.services import Services
from server.sessions import Session

router = APIRouter(tags=["doors"])
add_resource(router, "whep", ("/whep/{channel}", "/v1/sessions/{session_id}/whep"))


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
    entry, answer = await enter(served, session, "whep", await read_offer(request))
    return created(request, entry, answer, served.settings.rtc.ice_servers)
