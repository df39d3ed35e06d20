"""Whether a request comes from a page of this server, as its Origin header says.

Pure; called on the event loop.
Never trusts a page of another site with what changes the server.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import HTTPConnection


def same_site(connection: HTTPConnection, allowed: Sequence[str]) -> bool:
    """True too without Origin (no browser), and for the origins in `allowed`.

    No CORS check guards a websocket (RFC 6455 section 10.2) or a plain form: the server looks.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin in allowed or "*" in allowed:
        return True
    return origin.split("://", 1)[-1] == connection.headers.get("host")
