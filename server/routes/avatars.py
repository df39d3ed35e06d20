"""Which avatars there are, their portraits; making and removing those of users.

Runs on the event loop.
Never loads, makes or removes an avatar on it.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from engines.avatars.consent import BadConsent
from engines.avatars.onboard import Inspection, Remark
from server.errors import ApiError
from server.gallery import Info
from server.onboarding.forms import is_form
from server.onboarding.shelves import uploads_allowed
from server.same_site import same_site
from server.schemas import AvatarReply, AvatarsReply, ErrorReply, PhotoReply, RemarkReply
from server.services import Services, services

router = APIRouter(prefix="/v1/avatars", tags=["avatars"])
Served = Annotated[Services, Depends(services)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 403, 404, 408, 409, 413, 415, 422, 503)
}
_IMAGE = {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP."}
_TEXT = {"type": "string"}


def _form(**fields: dict[str, str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["image", *(["consent_statement"] if "consent_statement" in fields else [])],
        "properties": {"image": _IMAGE, **fields},
    }
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def _reply(served: Services, info: Info, *, user: bool, given: str | None = None) -> AvatarReply:
    return AvatarReply(
        name=info.name,
        title=info.title,
        credit=info.credit,
        portrait=f"/v1/avatars/{info.name}/portrait.jpg",
        default=info.name == served.gallery.default,
        user=user,
        consent_given=given,
    )


@router.get("", summary="Every avatar a session may use")
async def list_avatars(served: Served) -> AvatarsReply:
    """Names, titles, credits and portrait URLs, sorted by name."""
    users = set(served.maker.shelf.names())
    return AvatarsReply(
        avatars=[_reply(served, info, user=info.name in users) for info in served.gallery.infos()],
        uploads=uploads_allowed(served.settings),
    )


@router.post(
    "",
    status_code=201,
    summary="Make an avatar of a photo",
    responses=ERRORS,
    openapi_extra=_form(
        consent_statement={**_TEXT, "description": "In the words of the person in the photo."},
        consent_by={**_TEXT, "description": "Who gives it."},
        name={**_TEXT, "description": "a-z, 0-9 and -; made from the title when left out."},
        title=_TEXT,
    ),
)
async def make_avatar(request: Request, response: Response, served: Served) -> AvatarReply:
    """Some seconds. What is wrong with the photo is said with what to do about it."""
    kind = _may_change(request, served, form=True)
    info = await served.maker.create(kind, await request.body())
    response.headers["Location"] = f"/v1/avatars/{info.name}"
    return await show_avatar(info.name, served)


@router.post(
    "/check",
    summary="Look at a photo and keep nothing",
    responses=ERRORS,
    openapi_extra=_form(),
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
        problem=None if seen.problem is None else _remark(seen.problem),
        warnings=[_remark(warning) for warning in seen.warnings],
    )


@router.get("/{name}", summary="One avatar", responses=ERRORS)
async def show_avatar(name: str, served: Served) -> AvatarReply:
    """With the time of the consent when it is a user's; its words stay on the server."""
    name = served.gallery.check(name)
    info = next((info for info in served.gallery.infos() if info.name == name), None)
    if info is None:
        hint = "the server's log says what is wrong with it"
        raise ApiError(500, "damaged_avatar", "this avatar cannot be read", hint)
    shelf = served.maker.shelf
    if name not in shelf.names():
        return _reply(served, info, user=False)
    try:
        consent = shelf.consent(name)
    except BadConsent:
        consent = None
    return _reply(served, info, user=True, given=consent.when if consent else None)


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
    # A user may remove an avatar and give another its name: that one's picture is asked for anew.
    user = name in served.maker.shelf.names()
    keep = "no-store" if user else "max-age=3600"
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": keep})


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
