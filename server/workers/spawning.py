"""What a child process needs to begin: its settings as plain values, its end of the lifeline.

Runs in the parent when a child is made, and first of all in the child.
Never lets a child outlive its parent: the lifeline's end is the child's end.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from server.logs import install_logging
from server.settings import SECTIONS, Settings
from server.workers.link import Link
from server.workers.messages import Stop
from server.workers.wire import BadMessage

ALIVE_S = 0.25
"""Between two heartbeats of a child."""


def plain(settings: Settings) -> dict[str, dict[str, Any]]:
    """Section -> name -> value, without what cannot be sent to another process."""
    return {
        name: {
            item.name: dict(value) if isinstance(value, Mapping) else value
            for item in fields(kind)
            for value in [getattr(getattr(settings, name), item.name)]
        }
        for name, kind in SECTIONS.items()
    }


def settings_of(values: dict[str, dict[str, Any]]) -> Settings:
    """The inverse of `plain`. Raises SettingsError."""
    sections: dict[str, Any] = {
        name: SECTIONS[name](
            **{
                key: MappingProxyType(value) if isinstance(value, dict) else value
                for key, value in rows.items()
            }
        )
        for name, rows in values.items()
    }
    return Settings(**sections)


def begin(values: dict[str, dict[str, Any]]) -> Settings:
    """First of all in a child: Ctrl+C is the parent's to hear, the log is everybody's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    settings = settings_of(values)
    install_logging(settings.log)
    return settings


async def obey(link: Link, stop: Callable[[], None], hear: Callable[[Any], None]) -> None:
    """Read the lifeline until the parent wants an end, or is gone; then call `stop`."""
    try:
        async for message in link.messages():
            if isinstance(message, Stop):
                return
            hear(message)
    except BadMessage:
        # Nobody else writes there: the two are not of one version.
        return
    finally:
        stop()


async def breathe(link: Link, alive: Callable[[], object]) -> None:
    """Send heartbeats for ever."""
    while True:
        link.send(alive())
        await asyncio.sleep(ALIVE_S)
