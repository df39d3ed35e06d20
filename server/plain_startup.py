"""Says in one line what keeps the server from starting, where that is a setting.

Runs on the event loop, as plain ASGI around the app.
Never shortens another fault: for those the whole trace is logged.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.settings_section import SettingsError

_MARK = f"{SettingsError.__module__}.{SettingsError.__qualname__}: "


class PlainStartup:
    """Passes everything on, but the trace of a SettingsError while starting."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on."""

        async def send_plainly(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                _, found, plain = message.get("message", "").rpartition(_MARK)
                message = {**message, "message": plain.strip()} if found else message
            await send(message)

        await self._app(scope, receive, send_plainly if scope["type"] == "lifespan" else send)
