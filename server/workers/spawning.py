"""What a child process needs to begin: its settings as plain values, its signals, its log.

Runs in the parent when a child is made, and first of all in the child.
Never sends what only one process can hold: no proxy, lock or handle.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from server.logs import install_logging
from server.settings import SECTIONS, Settings


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
