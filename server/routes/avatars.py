"""Which avatars there are, their portraits; making and removing those of users.

Runs on the event loop.
Never loads, makes or removes an avatar on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from engines.avatars.consent import BadConsent
from engines.avatars.inspection import Inspection, Remark
from engines.avatars.onboard import Step
from engines.avatars.preview import FILE as PREVIEW
from server.errors import ApiError
from server.gallery import Info
from server.onboarding.forms import is_form
from server.onboarding.progress import HEADERS, KIND, Steps, unless_gone, wants_events
from server.onboarding.replies import (
    AvatarReply,
    AvatarsReply,
    ConsentRecordReply,
    OneAvatarReply,
    PhotoReply,
    RemarkReply,
)
from server.onboarding.shelves import uploads_allowed
from server.same_site import same_site
from server.schemas import ErrorReply
from server.services import Services, services

router = APIRouter(prefix="/v1/avatars", tags=["avatars"])
Served = Annotated[Services, Depends(services)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 403, 404, 408, 409, 413, 415, 422, 503)
}
_IMAGE = {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP."}
_TEXT = {"type": "string"}
_FACE = {
    "type": "integer",
    "description": "Which of several faces: its index in a check's `faces`.",
}


def _form(**fields: dict[str, str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["image", *(["consent_statement"] if "consent_statement" in fields else [])],
        "properties": {"image": _IMAGE, **fields},
    }
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def _row(served: Services, info: Info, *, user: bool) -> dict[str, Any]:
    film = (info.folder / PREVIEW).is_file()
    return {
        "name": info.name,
        "title": info.title,
        "credit": info.credit,
        "portrait": f"/v1/avatars/{info.name}/portrait.jpg",
        "preview": f"/v1/avatars/{info.name}/{PREVIEW}" if film else None,
        "attributes": dict(info.attributes),
        "paste": dict(info.paste),
        "default": info.name == served.gallery.default,
        "user": user,
    }


@router.get("", summary="Every avatar a session may use")
async def list_avatars(served: Served) -> AvatarsReply:
    """Names, titles, credits and portrait URLs, sorted by name."""
    users = set(served.maker.shelf.names())
    return AvatarsReply(
        avatars=[
            AvatarReply(**_row(served, info, user=info.name in users))
            for info in served.gallery.infos()
        ],
        uploads=uploads_allowed(served.settings),
    )


@router.post(
    "",
    status_code=201,
    response_model=OneAvatarReply,
    summary="Make an avatar of a photo",
    responses={**ERRORS, 200: {"content": {KIND: {}}, "description": "Its steps, when asked for."}},
    openapi_extra=_form(
        consent_statement={**_TEXT, "description": "In the words of the person in the photo."},
        consent_by={**_TEXT, "description": "Who gives it."},
        name={**_TEXT, "description": "a-z, 0-9 and -; made from the title when left out."},
        title=_TEXT,
        face=_FACE,
    ),
)
async def make_avatar(request: Request, served: Served) -> Response:
    """Some seconds. What is wrong with the photo is said with what to do about it.

    With `Accept: text/event-stream` the answer is its steps as they begin (`step`), then `done`
    with the avatar, or `error`. A client that leaves ends the work, and nothing is kept.
    """
    kind = _may_change(request, served, form=True)
    body = await request.body()

    async def work(on_step: Callable[[Step], Any]) -> dict[str, Any]:
        info = await unless_gone(request, served.maker.create(kind, body, on_step))
        return (await show_avatar(info.name, served)).model_dump()

    if wants_events(request):
        steps = Steps(work)
        await steps.begun()
        return StreamingResponse(steps.events(), media_type=KIND, headers=HEADERS)
    made = await work(lambda step: None)
    return JSONResponse(made, 201, {"Location": f"/v1/avatars/{made['name']}"})


@router.post(
    "/check",
    summary="Look at a photo and keep nothing",
    responses=ERRORS,
    openapi_extra=_form(face=_FACE),
)
async def check_photo(request: Request, served: Served) -> PhotoReply:
    """Where the face is, and what is wrong: 200 with `problem` when it cannot become an avatar."""
    kind = _may_change(request, served, form=True)
    seen: Inspection = await served.maker.check(kind, await request.body())
    return PhotoReply(
        width=seen.width,
        height=seen.height,
        faces=list(seen.faces),
        outlines=[list(outline) for outline in seen.outlines],
        crop=seen.crop,
        problem=None if seen.problem is None else _remark(seen.problem),
        warnings=[_remark(warning) for warning in seen.warnings],
    )


@router.get("/{name}", summary="One avatar", responses=ERRORS)
async def show_avatar(name: str, served: Served) -> OneAvatarReply:
    """With its consent when it is a user's and the caller could remove it as well."""
    name = served.gallery.check(name)
    info = next((info for info in served.gallery.infos() if info.name == name), None)
    if info is None:
        hint = "the server's log says what is wrong with it"
        raise ApiError(500, "damaged_avatar", "this avatar cannot be read", hint)
    user = name in served.maker.shelf.names()
    consent = _consent(served, name) if user and uploads_allowed(served.settings) else None
    return OneAvatarReply(**_row(served, info, user=user), consent=consent)


def _consent(served: Services, name: str) -> ConsentRecordReply | None:
    try:
        found = served.maker.shelf.consent(name)
    except BadConsent:
        return None
    if found is None:
        return None
    return ConsentRecordReply(given=found.when, by=found.by, statement=found.statement)


@router.delete("/{name}", status_code=204, summary="Remove a user's avatar", responses=ERRORS)
async def remove_avatar(name: str, request: Request, served: Served) -> Response:
    """Deletes everything of it. A built-in one is 403, one that a session shows is 409."""
    _may_change(request, served)
    name = served.gallery.check(name)
    if any(session.plan.avatar == name for session in served.manager.sessions()):
        raise ApiError(
            409, "avatar_in_use", "a session shows this avatar", "end the session, then try again"
        )
    if name not in served.maker.shelf.names():
        raise ApiError(
            403, "built_in", "this avatar is built in", "only avatars of users can be removed"
        )
    if name == served.gallery.default:
        raise ApiError(
            409, "avatar_in_use", "this is the default avatar", "change avatars.default first"
        )
    await served.maker.remove(name)
    return Response(status_code=204)


@router.get(
    "/{name}/portrait.jpg",
    summary="The portrait of one avatar",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 404: {"model": ErrorReply}},
)
async def portrait(name: str, served: Served) -> Response:
    """The picture a client shows until the first frame comes."""
    data = await served.gallery.portrait(name)
    headers = {"Cache-Control": _keeping(served, name)}
    return Response(data, media_type="image/jpeg", headers=headers)


@router.get(
    "/{name}/preview.mp4",
    summary="A short film of one avatar, without sound, that loops",
    response_class=Response,
    responses={
        200: {"content": {"video/mp4": {}}},
        206: {"content": {"video/mp4": {}}},
        404: {"model": ErrorReply},
    },
)
async def film(name: str, served: Served) -> Response:
    """What it looks like when it moves, before a session. Ranges are served, as players want."""
    name = served.gallery.check(name)
    path = served.gallery.folder(name) / PREVIEW
    if not path.is_file():
        raise ApiError(404, "no_preview", "this avatar has no film", "show its portrait.jpg")
    headers = {"Cache-Control": _keeping(served, name)}
    return FileResponse(path, media_type="video/mp4", headers=headers)


def _keeping(served: Services, name: str) -> str:
    """A user may remove an avatar and give another its name: that one is asked for anew."""
    return "no-store" if name in served.maker.shelf.names() else "max-age=3600"


def _may_change(request: Request, served: Services, *, form: bool = False) -> str:
    """The content type. Raises ApiError 403 (not allowed) or 415 (no form)."""
    if not uploads_allowed(served.settings):
        raise ApiError(
            403,
            "uploads_off",
            "this server takes no photos",
            "its owner may allow it with the setting avatars.uploads",
        )
    if not same_site(request, served.settings.server.cors_origins):
        raise ApiError(403, "foreign_origin", "this page is of another site")
    kind = request.headers.get("content-type", "")
    if form and not is_form(kind):
        raise ApiError(
            415,
            "unsupported_media_type",
            "the body is no form",
            "send multipart/form-data with the photo in the field image",
        )
    return kind


def _remark(remark: Remark) -> RemarkReply:
    return RemarkReply(code=remark.code, message=remark.message, remedy=remark.remedy)
