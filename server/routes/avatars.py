"""Which avatars there are, and their portraits.

Runs on the event loop.
Never loads an avatar on it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from server.schemas import AvatarReply, AvatarsReply, ErrorReply
from server.services import Services, services

router = APIRouter(prefix="/v1/avatars", tags=["avatars"])
Served = Annotated[Services, Depends(services)]


@router.get("", summary="Every avatar a session may use")
async def list_avatars(served: Served) -> AvatarsReply:
    """Names, titles, credits and portrait URLs, sorted by name."""
    return AvatarsReply(
        avatars=[
            AvatarReply(
                name=info.name,
                title=info.title,
                credit=info.credit,
                portrait=f"/v1/avatars/{info.name}/portrait.jpg",
                default=info.name == served.gallery.default,
            )
            for info in served.gallery.infos()
        ]
    )


@router.get(
    "/{name}/portrait.jpg",
    summary="The portrait of one avatar",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 404: {"model": ErrorReply}},
)
async def portrait(name: str, served: Served) -> Response:
    """The picture a client shows until the first frame comes."""
    data = await served.gallery.portrait(name)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})
