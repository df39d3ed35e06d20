"""What WHIP's and WHEP's URLs have in common: preflight, the resource that a POST made, its end.

Runs on the event loop.
Never says who may come in: that differs, see `server.routes.whip` and `server.routes.whep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from server.bodies import describe
from server.doors.answers import REFUSALS, check_token, options, refused, trickle
from server.doors.hall import Kind
from server.doors.keeper import Entry
from server.schemas import ErrorReply
from server.services import Services, services
from server.sessions import Session

Served = Annotated[Services, Depends(services)]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 401, 404, 406, 409, 410, 415, 422, 503)
}
PATCH_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 404, 412, 415, 422, 428)
}


async def enter(
    served: Services, session: Session, kind: Kind, sdp: str, *, owner: bool = False
) -> tuple[Entry, str]:
    """Open a door; it and the answer. Raises ApiError."""
    try:
        return await served.doors.enter(session, kind, sdp, owner=owner)
    except REFUSALS as error:
        raise refused(error) from error


def add_resource(router: APIRouter, kind: Kind, endpoints: Sequence[str]) -> None:
    """Routes of `kind` beside its POSTs, which go to `endpoints`."""
    resource = f"/{kind}/r/{{key}}"

    async def preflight(request: Request, served: Served) -> Response:
        """What may be posted, and the ICE servers (with their credentials only for the token)."""
        check_token(request, served.token if "session_id" not in request.path_params else None)
        return options(served.settings.rtc.ice_servers)

    async def nothing() -> Response:
        """An endpoint has nothing to show (RFC 9725 section 4.1)."""
        return Response(status_code=204)

    for path in (*endpoints, resource):
        router.options(path, name=f"{kind}_options", include_in_schema=False)(preflight)
    for path in endpoints:
        router.get(path, name=f"{kind}_nothing", include_in_schema=False)(nothing)

    @router.get(resource, name=f"{kind}_resource", include_in_schema=False)
    async def look(key: str, served: Served) -> Response:
        """Nothing to show while it is there (RFC 9725 section 4.1), else 404."""
        served.doors.get(key, kind)
        return Response(status_code=204)

    described = describe(frag=None)

    @router.patch(
        resource,
        name=f"{kind}_trickle",
        status_code=204,
        responses=PATCH_ERRORS,
        openapi_extra=described,
    )
    async def take_candidates(key: str, request: Request, served: Served) -> Response:
        """Candidates found after the offer."""
        return await trickle(request, served.doors.get(key, kind))

    @router.delete(resource, name=f"{kind}_end", responses={404: {"model": ErrorReply}})
    async def end(key: str, served: Served) -> Response:
        """Ends it; answers when nothing is left of it. A session outlives its viewers."""
        served.doors.get(key, kind)
        await served.doors.leave(key)
        return Response(status_code=200)
