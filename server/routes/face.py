"""Telling a session's face: words, feelings, actions, manner.

Runs on the event loop.
Never waits for the face: what is told shows with one of the next pictures.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import RootModel

from server.bodies import JSON, describe, kind_of, read_model
from server.schemas import ErrorReply
from server.services import Services, services
from server.tellings import Telling

router = APIRouter(prefix="/v1/sessions", tags=["face"])
Served = Annotated[Services, Depends(services)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 404, 410, 413, 415, 422)
}


class TellingBody(RootModel[Telling]):
    """One of the tellings, by its `type`."""


@router.post(
    "/{session_id}/tell",
    status_code=204,
    summary="Tell the face: words, an emotion, an action, a manner, a scene, or who else speaks",
    responses=ERRORS,
    openapi_extra=describe(json=TellingBody),
)
async def tell_face(session_id: str, request: Request, served: Served) -> Response:
    """The page's event channel takes the same. Before the offer it is kept for the first frame."""
    session = served.manager.get(session_id)
    kind_of(request, JSON)
    body = await read_model(request, TellingBody)
    session.take(body.root)
    return Response(status_code=204)
