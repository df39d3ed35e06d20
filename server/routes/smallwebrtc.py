"""Pipecat's SmallWebRTC signalling as another way to the same sessions.

Runs on the event loop.
Never renegotiates: a client that restarts gets a new session like the one before.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from server.bodies import JSON, describe, kind_of, read_model
from server.doors.answers import REFUSALS, check_token, refused
from server.errors import ApiError
from server.routes.sessions import make_session
from server.schemas import MAX_CANDIDATES, ErrorReply, SessionRequest
from server.services import Services, services
from server.sessions import Session

router = APIRouter(tags=["doors"])
Served = Annotated[Services, Depends(services)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 401, 404, 409, 410, 415, 422, 503)
}


class Foreign(BaseModel):
    """A body of another project: what we do not know is none of our business."""

    model_config = ConfigDict(extra="ignore")


class SmallOffer(Foreign):
    """An offer, as `@pipecat-ai/small-webrtc-transport` sends it."""

    sdp: Annotated[str, Field(min_length=1)]
    type: str
    pc_id: Annotated[str, Field(max_length=128)] | None = None
    restart_pc: bool = False
    wishes: SessionRequest | None = Field(
        None, validation_alias=AliasChoices("request_data", "requestData")
    )


class SmallCandidate(Foreign):
    """One of its candidates."""

    candidate: Annotated[str, Field(max_length=1024)]
    sdp_mid: Annotated[str, Field(max_length=64)] | None = None
    sdp_mline_index: Annotated[int, Field(ge=0, le=15)] | None = None


class SmallTrickle(Foreign):
    """Candidates found after the offer."""

    pc_id: Annotated[str, Field(max_length=128)]
    candidates: Annotated[list[SmallCandidate], Field(max_length=MAX_CANDIDATES)]


class SmallStart(Foreign):
    """Asks for a session to connect to; `body` has the fields of POST /v1/sessions."""

    body: SessionRequest | None = None


BODIES = (SmallOffer, SmallTrickle, SmallStart)


@router.post("/start", responses=ERRORS, openapi_extra=describe(json=SmallStart))
async def small_start(request: Request, served: Served) -> dict[str, object]:
    """A session, to be offered to at /sessions/{sessionId}/api/offer."""
    check_token(request, served.token)
    asked = SmallStart()
    if await request.body():
        kind_of(request, JSON)
        asked = await read_model(request, SmallStart)
    session = await make_session(served, asked.body or SessionRequest.model_validate({}))
    served.doors.remember(session)
    servers = [
        {"urls": list(each.urls)}
        | ({"username": each.username, "credential": each.credential} if each.username else {})
        for each in served.settings.rtc.ice_servers
    ]
    return {"sessionId": session.plan.id, "iceConfig": {"iceServers": servers}}


@router.post("/api/offer", responses=ERRORS, openapi_extra=describe(json=SmallOffer))
async def small_offer(request: Request, served: Served) -> dict[str, str]:
    """Makes a session and answers; its `pc_id` is the session's id."""
    check_token(request, served.token)
    given = await _read_offer(request)
    session = None
    if given.pc_id is not None:
        session = await _again(served, given.pc_id, given.restart_pc)
    if session is None:
        wishes = given.wishes or SessionRequest.model_validate({})
        session = await make_session(served, wishes)
    return await _answer(served, session, given.sdp)


@router.post(
    "/sessions/{session_id}/api/offer", responses=ERRORS, openapi_extra=describe(json=SmallOffer)
)
async def small_session_offer(session_id: str, request: Request, served: Served) -> dict[str, str]:
    """Answers for a session of /start."""
    given = await _read_offer(request)
    session = None
    if given.pc_id is not None:
        session = await _again(served, given.pc_id, given.restart_pc)
    return await _answer(served, session or served.manager.get(session_id), given.sdp)


@router.patch("/api/offer", responses=ERRORS, openapi_extra=describe(json=SmallTrickle))
@router.patch(
    "/sessions/{session_id}/api/offer", responses=ERRORS, openapi_extra=describe(json=SmallTrickle)
)
async def small_trickle(request: Request, served: Served) -> dict[str, str]:
    """Candidates found after the offer."""
    kind_of(request, JSON)
    given = await read_model(request, SmallTrickle)
    media = served.manager.get(given.pc_id).media
    if media is None:
        raise ApiError(409, "no_offer", "this session has no offer yet", "send the offer first")
    for row in given.candidates:
        try:
            await media.add_candidate(row.candidate, row.sdp_mid, row.sdp_mline_index)
        except ValueError as error:
            raise ApiError(400, "bad_candidate", str(error)[:200]) from error
    return {"status": "success"}


async def _read_offer(request: Request) -> SmallOffer:
    kind_of(request, JSON)
    given = await read_model(request, SmallOffer)
    if given.type != "offer":
        raise ApiError(400, "bad_offer", "type is not offer", "the server only answers")
    return given


async def _again(served: Services, pc_id: str, restart: bool) -> Session | None:
    """A new session like the one before; None when there was none. Raises ApiError 409."""
    plan = served.doors.remembered(pc_id)
    if plan is None:
        return None
    if not restart:
        hint = "send restart_pc: true with the offer of a new peer connection"
        raise ApiError(409, "already_offered", "this connection cannot be renegotiated", hint)
    await served.manager.close(pc_id)
    session = served.manager.create(plan)
    served.doors.remember(session)
    return session


async def _answer(served: Services, session: Session, sdp: str) -> dict[str, str]:
    served.doors.remember(session)
    try:
        answer = await session.answer(sdp)
    except REFUSALS as error:
        raise refused(error) from error
    return {"sdp": answer, "type": "answer", "pc_id": session.plan.id}
