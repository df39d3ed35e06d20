"""Sessions: create, offer, trickle, look, end; and the push websocket.

Runs on the event loop.
Never waits longer than the session's own deadlines.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from fastapi.responses import JSONResponse

from engines.avatars.consent import BadConsent
from engines.avatars.shelf import Shelf
from engines.render.stage import AS_IT_IS
from server.bodies import FRAGMENT, JSON, SDP, describe, kind_of, read_model, read_text
from server.disclosure import disclosure_of
from server.doors.answers import add_links
from server.errors import ApiError
from server.logs import session_context
from server.push import PushSocket, open_push, refuse
from server.push_protocol import MAX_MESSAGE_BYTES, POLICY, PushError
from server.rtc.addresses import NoFreePort
from server.rtc.offer_limits import BadOffer
from server.same_site import same_site
from server.schemas import (
    Description,
    ErrorReply,
    IceServerReply,
    Limits,
    SessionReply,
    SessionRequest,
    Trickle,
)
from server.sdpfrag import BadFragment, parse_fragment
from server.services import Services, services, services_of
from server.sessions import Session, SessionPlan
from server.settings import SIZES, IceServer
from server.stage_wishes import applied, reply_of
from server.tellings import wish_of

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
Served = Annotated[Services, Depends(services)]
OFFER_GRACE_S = 5.0
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 404, 409, 410, 413, 415, 422, 503)
}


def _ice(server: IceServer) -> IceServerReply:
    return IceServerReply(
        urls=list(server.urls), username=server.username, credential=server.credential
    )


def _reply(served: Services, session: Session) -> SessionReply:
    settings, plan = served.settings, session.plan
    return SessionReply(
        id=plan.id,
        state=session.state.value,
        avatar=plan.avatar,
        voice=plan.voice,
        size=plan.size,
        seed=plan.seed,
        renderer=plan.renderer,
        limits=Limits(
            offer_timeout_s=settings.session.offer_timeout_s,
            connect_timeout_s=settings.rtc.connect_timeout_s,
            max_duration_s=settings.session.max_duration_s,
            max_body_bytes=settings.server.max_body_bytes,
            max_push_message_bytes=MAX_MESSAGE_BYTES,
        ),
        ice_servers=[_ice(server) for server in settings.rtc.ice_servers],
        expires_in_s=served.manager.left_s(session),
        stage=reply_of(session.staging.stage),
        disclosure=disclosure_of(settings.disclosure, plan.consent_given),
        watch=f"/whep/{served.doors.channel_of(session)}",
    )


@router.post(
    "",
    status_code=201,
    summary="Create a session",
    response_model=SessionReply,
    responses=ERRORS,
    openapi_extra=describe(json=SessionRequest),
)
async def create_session(request: Request, response: Response, served: Served) -> SessionReply:
    """Takes a place; an offer must follow within `limits.offer_timeout_s`."""
    kind_of(request, JSON)
    session = await make_session(served, await read_model(request, SessionRequest, empty=True))
    response.headers["Location"] = f"/v1/sessions/{session.plan.id}"
    return _reply(served, session)


async def make_session(served: Services, asked: SessionRequest) -> Session:
    """A session as asked for. Raises ApiError (404, 422, 503)."""
    size = asked.size or served.settings.session.size
    if size not in SIZES:
        raise ApiError(
            422, "unknown_size", f"size: wanted one of {', '.join(map(str, SIZES))}, got {size}"
        )
    renderer = _renderer(served, asked.renderer)
    avatar = served.gallery.check(asked.avatar)
    stage = applied(asked.stage, AS_IT_IS, None)
    wishes = tuple(wish_of(each) for each in (asked.emotion, asked.manner) if each is not None)
    seed = secrets.randbelow(2**31) if asked.seed is None else asked.seed
    refused = served.manager.refusal(size)
    attributes: Mapping[str, str] = {}
    if refused is None:
        # Loaded before the place is taken: a damaged avatar then costs nobody a place.
        await served.gallery.load(avatar)
        attributes = (await served.gallery.run(served.backend.store.info, avatar)).attributes
    plan = SessionPlan("", avatar, asked.voice, size, seed, asked.probe, stage, wishes, attributes)
    given = await served.gallery.run(consent_given, served.maker.shelf, avatar)
    session = served.manager.create(replace(plan, consent_given=given, renderer=renderer))
    if asked.scene:
        session.direct(asked.scene)
    return session


def _renderer(served: Services, asked: str) -> str:
    """Who draws the session at best. Raises ApiError 422 for one that is not here."""
    here = served.backend.renderer
    if asked == "diffusion" != here:
        hint = "leave renderer out, or see `synchrorama doctor` on the server"
        raise ApiError(422, "no_renderer", "this server draws motion frames only", hint)
    return here if asked == "auto" else asked


def consent_given(shelf: Shelf, name: str) -> str | None:
    """When the person agreed; None for what is built in, or has a record that cannot be read."""
    if name not in shelf.names():
        return None
    try:
        consent = shelf.consent(name)
    except BadConsent as error:
        log.warning("the consent of an avatar cannot be read: %s", error, extra={"avatar": name})
        return None
    return consent.when if consent else None


@router.get("/{session_id}", summary="A session as it stands", responses=ERRORS)
async def show_session(session_id: str, served: Served) -> SessionReply:
    """404 when unknown, 410 with the reason when it has ended."""
    return _reply(served, served.manager.get(session_id))


@router.post(
    "/{session_id}/offer",
    status_code=201,
    summary="Answer a WebRTC offer",
    responses={201: {"content": {JSON: {}, SDP: {}}}, **ERRORS},
    openapi_extra=describe(json=Description, sdp=None),
)
async def offer(session_id: str, request: Request, served: Served) -> Response:
    """The answer comes in the kind of the offer: JSON, or SDP with WHIP's headers (RFC 9725)."""
    session = served.manager.get(session_id)
    kind = kind_of(request, JSON, SDP)
    if kind == JSON:
        given = await read_model(request, Description)
        if given.type != "offer":
            raise ApiError(400, "bad_offer", "type is not offer", "the server only answers")
        sdp = given.sdp
    else:
        sdp = await read_text(request)
    with session_context(session_id):
        try:
            answer = await session.answer(sdp)
        except BadOffer as error:
            log.warning("offer refused", extra={"why": str(error)[:200]})
            hint = "this session has ended; create a new one and send the browser's own offer"
            raise ApiError(400, "bad_offer", str(error), hint) from error
        except NoFreePort as error:
            hint = "widen the setting rtc.udp_ports, or lower session.max_sessions"
            raise ApiError(503, "no_free_port", str(error), hint) from error
        except TimeoutError as error:
            hint = "a STUN or TURN server of rtc.ice_servers may not answer; see synchrorama doctor"
            raise ApiError(504, "answer_timeout", "the answer took too long", hint) from error
    location = f"/v1/sessions/{session_id}"
    if kind == JSON:
        body = {"sdp": answer, "type": "answer"}
        return JSONResponse(body, status_code=201, headers={"Location": location})
    reply = Response(answer, status_code=201, media_type=SDP, headers={"Location": location})
    reply.headers["ETag"] = f'"{session_id[:8]}"'
    add_links(reply, served.settings.rtc.ice_servers)
    return reply


@router.patch(
    "/{session_id}",
    status_code=204,
    summary="Trickle ICE candidates",
    responses=ERRORS,
    openapi_extra=describe(json=Trickle, frag=None),
)
@router.patch(
    "/{session_id}/offer",
    status_code=204,
    summary="Trickle ICE candidates",
    responses=ERRORS,
    openapi_extra=describe(json=Trickle, frag=None),
)
async def trickle(session_id: str, request: Request, served: Served) -> Response:
    """Candidates found after the offer; a fragment with another ice-ufrag (a restart) is 405."""
    session = served.manager.get(session_id)
    kind = kind_of(request, JSON, FRAGMENT)
    if session.media is None:
        raise ApiError(409, "no_offer", "this session has no offer yet", "send the offer first")
    if kind == JSON:
        given = await read_model(request, Trickle)
        rows = [(row.candidate, row.sdpMid, row.sdpMLineIndex) for row in given.candidates]
    else:
        rows = _fragment_rows(session, await read_text(request))
    for candidate, mid, index in rows:
        try:
            await session.media.add_candidate(candidate, mid, index)
        except ValueError as error:
            raise ApiError(400, "bad_candidate", str(error)[:200]) from error
    return Response(status_code=204)


def _fragment_rows(session: Session, text: str) -> list[tuple[str, str | None, int | None]]:
    try:
        fragment = parse_fragment(text)
    except BadFragment as error:
        raise ApiError(400, "bad_fragment", str(error)) from error
    if fragment.ufrag is not None and fragment.ufrag != session.ufrag:
        raise ApiError(
            405,
            "no_ice_restart",
            "ICE restart is not supported",
            "end the session and create a new one",
            headers={"Allow": "GET, PATCH, DELETE"},
        )
    return list(fragment.candidates)


@router.get("/{session_id}/stats", summary="Figures of a session", responses=ERRORS)
async def stats(session_id: str, served: Served) -> dict[str, Any]:
    """Times in the unit their name ends with; counters since the session began."""
    session = served.manager.get(session_id)
    waited = session.waited()
    media = await session.media.stats() if session.media is not None else {}
    return {"state": session.state.value, "life_s": round(waited.life_s, 3), **media}


@router.delete("/{session_id}", status_code=204, summary="End a session", responses=ERRORS)
async def end_session(session_id: str, served: Served) -> Response:
    """Waits until nothing is left of it; 204 too when it had already ended."""
    await served.manager.close(session_id)
    return Response(status_code=204)


@router.post("/{session_id}/close", status_code=204, summary="End it by a page-hide beacon")
async def close_session(session_id: str, served: Served) -> Response:
    """The same as DELETE, for `navigator.sendBeacon`; any small body is taken and ignored."""
    await served.manager.close(session_id)
    return Response(status_code=204)


@router.websocket("/{session_id}/audio")
async def push_audio(socket: WebSocket, session_id: str) -> None:
    """Speech in as PCM16, acknowledgements out: see docs/api.md."""
    served = services_of(socket)
    await socket.accept()
    if not same_site(socket, served.settings.server.cors_origins):
        await refuse(socket, PushError(POLICY, "foreign_origin", "this page is of another site"))
        return
    try:
        session = served.manager.get(session_id)
    except ApiError as error:
        await refuse(socket, PushError(POLICY, error.code, error.message))
        return
    with session_context(session_id):
        # A little longer than the session itself would wait: its end then gives the reason.
        timeout_s = served.settings.session.offer_timeout_s + OFFER_GRACE_S
        voice = await open_push(socket, session, timeout_s)
        if voice is not None:
            await PushSocket(socket, session, voice).run()
