"""Where the avatars of users lie, and who may add to them.

Plain functions of the settings, called anywhere.
Never makes a folder: the first avatar does.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from engines.avatars.shelf import Limits, Shelf, default_folder
from server.settings import AvatarSettings, Settings


def user_folder(settings: AvatarSettings, env: Mapping[str, str] | None = None) -> Path:
    """The folder of users' avatars; by default in the XDG data folder."""
    if settings.user_folder:
        return Path(settings.user_folder).expanduser()
    return default_folder(env)


def shelf_of(settings: AvatarSettings) -> Shelf:
    """The shelf with the settings' limits."""
    return Shelf(user_folder(settings), Limits(settings.max_avatars, settings.max_disk_mib * 2**20))


def uploads_allowed(settings: Settings) -> bool:
    """Whether the API may make and remove avatars."""
    rule = settings.avatars.uploads
    return rule == "always" or (rule == "local" and is_loopback(settings.server.host))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
