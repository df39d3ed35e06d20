"""HTTP of the API: one request, one deadline, the server's own words when it refuses.

Runs on the caller's event loop.
Never retries by itself, and never follows a redirect to another host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from synchrorama_client.errors import Refused, SessionClosed, TimedOut, Unreachable

GONE = 410


class Rest:
    """A connection pool to one server."""

    def __init__(
        self, url: str, timeout_s: float, headers: Mapping[str, str] | None = None
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url must begin with http:// or https://, got {url!r}")
        self.url = url.rstrip("/")
        self.headers = dict(headers or {})
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            base_url=self.url, timeout=timeout_s, headers=self.headers, follow_redirects=False
        )

    async def call(self, method: str, path: str, body: object | None = None) -> Any:
        """The JSON of the answer, None where it has no body.

        Raises Refused (4xx, 5xx), SessionClosed (410), Unreachable or TimedOut.
        """
        try:
            reply = await self._http.request(method, path, json=body)
        except httpx.TimeoutException as error:
            message = f"{method} {path} took longer than {self._timeout_s:g} s"
            raise TimedOut("timeout", message, "is the server busy?") from error
        except httpx.HTTPError as error:
            message = f"{self.url} does not answer: {error or type(error).__name__}"
            raise Unreachable("unreachable", message, "is the server running?") from error
        if reply.is_success:
            return reply.json() if reply.content else None
        raise refusal(reply)

    async def aclose(self) -> None:
        """Close the pool. Idempotent."""
        await self._http.aclose()


def refusal(reply: httpx.Response) -> Refused | SessionClosed:
    """The error that an answer carries."""
    code, message, hint = f"http_{reply.status_code}", reply.text[:200], ""
    try:
        error = reply.json()["error"]
        code, message, hint = str(error["code"]), str(error["message"]), str(error.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        message = message or f"the server answered {reply.status_code}"
    if reply.status_code == GONE:
        return SessionClosed(code, message, hint)
    after = reply.headers.get("Retry-After", "")
    wait_s = float(after) if after.isdigit() else None
    return Refused(code, message, hint, status=reply.status_code, retry_after_s=wait_s)
