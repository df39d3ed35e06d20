"""Where avatars lie, as the settings say.

Any thread.
Never reads an avatar: the store it makes does.
"""

from __future__ import annotations

from pathlib import Path

from engines.avatars.store import BUILTIN, AvatarStore
from server.onboarding.shelves import user_folder
from server.settings import Settings


def avatar_store(settings: Settings) -> AvatarStore:
    """The avatars of the settings' folders, the built-in ones, and those of users.

    Those of users come last: a new one can never stand in for another.
    """
    folders = (Path(folder) for folder in settings.avatars.folders)
    return AvatarStore([*folders, BUILTIN, user_folder(settings.avatars)])
