"""The errors the API answers with: one shape, `{"error": {"code", "message", "hint"}}`.

Runs on the event loop.
Never shows a traceback, a path of the machine or what a client sent beyond its name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

log = logging.getLogger(__name__)

_CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    415: "unsupported_media_type",
}


class ApiError(Exception):
    """An answer with a status, a code a program can test, a message and a next step."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})

    @property
    def told(self) -> dict[str, str]:
        """Code, message and hint, as every error has them."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


def error_body(code: str, message: str, hint: str = "") -> dict[str, dict[str, str]]:
    """The body of every error."""
    return {"error": {"code": code, "message": message, "hint": hint}}


def unknown_session() -> ApiError:
    """404 for an id that names no session."""
    return ApiError(
        404, "unknown_session", "no session has this id", "create one: POST /v1/sessions"
    )


def closed_session(reason: str) -> ApiError:
    """410 for a session that has ended, with the reason."""
    return ApiError(
        410,
        "session_closed",
        f"this session has ended: {reason}",
        "create a new one: POST /v1/sessions",
    )


async def _on_api_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    body = {"error": error.told}
    return JSONResponse(body, status_code=error.status, headers=error.headers)


async def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    hint = "the API is described at /docs" if error.status_code in (404, 405) else ""
    body = error_body(code, str(error.detail), hint)
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


async def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return JSONResponse(invalid_body(error.errors()), status_code=422)


def invalid_body(errors: object) -> dict[str, dict[str, str]]:
    """Body of a 422: the first three faults as `field: what is wrong`, without the value sent."""
    rows = list(errors) if isinstance(errors, list | tuple) else []
    parts = []
    for row in rows[:3]:
        place = ".".join(str(item)[:40] for item in row.get("loc", ()) if item != "body") or "body"
        parts.append(f"{place}: {str(row.get('msg', 'not valid'))[:200]}")
    if len(rows) > 3:
        parts.append(f"and {len(rows) - 3} more")
    message = "; ".join(parts) or "the request is not valid"
    return error_body("invalid_request", message, "the fields are described at /docs")


async def _on_fault(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed", exc_info=error, extra={"method": request.method})
    body = error_body("internal_error", "the server failed on this request", "see its log")
    return JSONResponse(body, status_code=500)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of `app` in the one shape."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_fault)
