"""What is around the person of a session: change it, give it a picture; the built-in backdrops.

Runs on the event loop; pictures are decoded and drawn on the loader thread.
Never writes a picture to disk, and keeps it no longer than its session.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from engines.avatars.intake import BadImage, decode
from engines.render.backdrops import BACKDROPS, backdrop
from engines.render.stage import Image, image_of
from server.bodies import JSON, describe, kind_of, read_model
from server.errors import ApiError
from server.gallery import encode_portrait
from server.onboarding.service import STATUS
from server.schemas import ErrorReply
from server.services import Services, services
from server.stage_wishes import StageChange, StageReply, reply_of

router = APIRouter(prefix="/v1", tags=["stage"])
Served = Annotated[Services, Depends(services)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 403, 404, 408, 409, 410, 413, 415, 422, 503)
}
SWATCH_PX = 160
_PICTURE = {"schema": {"type": "string", "format": "binary"}}


@router.patch(
    "/sessions/{session_id}/stage",
    summary="Change background, framing or mirroring, live too",
    response_model=StageReply,
    responses=ERRORS,
    openapi_extra=describe(json=StageChange),
)
async def change_stage(session_id: str, request: Request, served: Served) -> StageReply:
    """What is left out stays. The answer comes when it is shown; of many changes the last counts.

    The page's event channel takes the same as `{"type": "stage", ...}`.
    """
    session = served.manager.get(session_id)
    kind_of(request, JSON)
    change = await read_model(request, StageChange)
    return reply_of(await session.restage(lambda staging: staging.change(change)))


@router.put(
    "/sessions/{session_id}/stage/image",
    summary="Give a session a picture of its own as background",
    response_model=StageReply,
    responses=ERRORS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {f"image/{kind}": _PICTURE for kind in ("jpeg", "png", "webp")},
        }
    },
)
async def give_image(session_id: str, request: Request, served: Served) -> StageReply:
    """The bare bytes of a JPEG, PNG or WebP; its middle square is shown. A new one replaces it."""
    session = served.manager.get(session_id)
    if not served.settings.session.own_backgrounds:
        raise ApiError(
            403,
            "own_backgrounds_off",
            "this server takes no pictures as background",
            "choose one of the built-in backdrops; its owner may set session.own_backgrounds",
        )
    own = await served.gallery.run(_read, await request.body(), session.plan.size)
    return reply_of(await session.restage(lambda staging: staging.give(own)))


@router.get(
    "/backdrops/{name}.jpg",
    summary="A small picture of a built-in backdrop",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 404: {"model": ErrorReply}},
)
async def swatch(name: str, served: Served) -> Response:
    """For a list to choose from."""
    if name not in BACKDROPS:
        raise ApiError(
            404, "unknown_backdrop", "no backdrop has this name", "see GET /v1/capabilities"
        )
    data = await served.gallery.run(_swatch, name)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})


@lru_cache(len(BACKDROPS))
def _swatch(name: str) -> bytes:
    return encode_portrait(backdrop(name, SWATCH_PX))


def _read(data: bytes, size: int) -> Image:
    """On the loader thread. Raises ApiError."""
    try:
        return image_of(decode(data), size)
    except BadImage as error:
        what = f"{error.what}: got {error.got}, wanted {error.wanted}"
        # What intake advises about faces does not fit a background.
        hint = "send a JPEG, PNG or WebP" if error.code == "no_image" else error.remedy
        raise ApiError(STATUS.get(error.code, 422), error.code, what, hint) from error
