"""Opens the websocket of a session, and opens it again when it was lost.

Runs on the caller's event loop.
Never tries for longer than it was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from synchrorama_client.errors import ConnectionLost, TimedOut
from synchrorama_client.timeouts import Retry, Timeouts


async def open_line(url: str, headers: Mapping[str, str], timeouts: Timeouts) -> ClientConnection:
    """One attempt. Raises ConnectionLost or TimedOut."""
    limit_s = timeouts.connect_s
    try:
        async with asyncio.timeout(limit_s):
            return await connect(
                url,
                additional_headers=headers,
                open_timeout=None,
                close_timeout=timeouts.close_s,
                compression=None,
            )
    except TimeoutError as error:
        raise TimedOut("timeout", f"the socket did not open in {limit_s:g} s") from error
    except (OSError, WebSocketException) as error:
        raise ConnectionLost("unreachable", f"the socket cannot be opened: {error}") from error


async def open_again(
    url: str, headers: Mapping[str, str], timeouts: Timeouts, retry: Retry
) -> ClientConnection:
    """As many attempts as `retry` says. Raises ConnectionLost."""
    last: Exception | None = None
    for attempt in range(retry.attempts):
        await asyncio.sleep(retry.wait_s(attempt))
        try:
            return await open_line(url, headers, timeouts)
        except (ConnectionLost, TimedOut) as error:
            last = error
    hint = "the session ends by itself; create a new one"
    raise ConnectionLost("connection_lost", f"{retry.attempts} attempts: {last}", hint)
