"""Finds avatars by name in a list of folders; the built-in ones come last.

Any thread; reads the disk, keeps nothing.
Never lets a name reach outside its folders.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engines.avatars.bundle import Avatar, AvatarInfo, DamagedAvatar, UnknownAvatar
from engines.avatars.bundle import info as read_info
from engines.avatars.bundle import load as read_avatar

BUILTIN = Path(__file__).parent / "builtin"


class AvatarStore:
    """Avatars in `folders`; where two have the same name the earlier folder wins."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def names(self) -> list[str]:
        """Names of whole or damaged avatars, sorted: those with a manifest."""
        found: set[str] = set()
        for folder in self._folders:
            if folder.is_dir():
                found.update(p.parent.name for p in folder.glob("[a-z0-9]*/manifest.json"))
        return sorted(found)

    def info(self, name: str) -> AvatarInfo:
        """Raises UnknownAvatar, DamagedAvatar."""
        return read_info(self._find(name))

    def load(self, name: str) -> Avatar:
        """Read and check; tens of milliseconds. Raises UnknownAvatar, DamagedAvatar."""
        return read_avatar(self._find(name))

    def _find(self, name: str) -> Path:
        names = self.names()
        if name not in names:
            known = ", ".join(names) or "none"
            raise UnknownAvatar(f"no avatar named {name!r}; known: {known}")
        return next(f / name for f in self._folders if (f / name / "manifest.json").is_file())


def default_store(extra: Path | None = None) -> AvatarStore:
    """The built-in avatars, and those of `extra` before them."""
    return AvatarStore([BUILTIN] if extra is None else [extra, BUILTIN])


__all__ = ["Avatar", "AvatarInfo", "AvatarStore", "DamagedAvatar", "UnknownAvatar", "default_store"]
