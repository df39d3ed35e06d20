"""The folder of a user's own avatars: put in whole, taken out whole, never beyond its limits.

Any one thread at a time; another process may use the same folder (renames decide who was first).
Never half-writes, never touches a built-in avatar, never lets a name reach outside its folder.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engines.avatars import personal
from engines.avatars.bundle import AvatarError, AvatarInfo, DamagedAvatar, info, load
from engines.avatars.consent import BadConsent, Consent
from engines.avatars.consent import read as read_consent
from engines.avatars.locks import abandoned, held
from engines.avatars.store import BUILTIN, AvatarStore

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MAX_TITLE = 60
RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
"""Names that some file systems keep for devices: a parcel made here must open there."""
_ASIDE, _GONE = ".making-", ".removed-"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ShelfError(AvatarError):
    """Something a user asked for that cannot be; `code` is for programs, `remedy` for people.

    Codes: bad_name, bad_title, name_taken, built_in, unknown_avatar, too_many_avatars, no_room,
    disk_full, bad_parcel.
    """

    def __init__(self, code: str, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.code = code
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Limits:
    """Most avatars of users, and most bytes on disk for all of them."""

    avatars: int = 100
    bytes: int = 512 * 2**20


def default_folder(env: Mapping[str, str] | None = None) -> Path:
    """Where users' avatars lie if no setting says otherwise: in the XDG data folder."""
    given = (os.environ if env is None else env).get("XDG_DATA_HOME", "")
    # The XDG base directory specification: a relative path is to be ignored.
    data = Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "share"
    return data / "synchrorama" / "avatars"


def check_name(name: str) -> str:
    """Raises ShelfError bad_name."""
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ShelfError(
            "bad_name",
            # ASCII: a letter that only looks like another must show as what it is.
            f"{ascii(name[:60])} cannot be a name",
            "use a-z, 0-9 and -, beginning with a letter or digit, at most 40",
        )
    return name


def check_title(title: str) -> str:
    """Raises ShelfError bad_title."""
    title = title.strip()
    if not title or len(title) > MAX_TITLE or not title.isprintable():
        raise ShelfError(
            "bad_title", "the title cannot be shown", f"write 1 to {MAX_TITLE} letters"
        )
    return title


def name_from(title: str) -> str:
    """A name like `title`, or `portrait`."""
    found = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-")
    return found if found and found not in RESERVED else "portrait"


class Shelf:
    """A user's avatars in `folder`, which need not exist yet."""

    def __init__(self, folder: Path, limits: Limits | None = None, builtin: Path = BUILTIN) -> None:
        self.folder = folder
        self._limits = limits or Limits()
        self._builtin = AvatarStore([builtin])
        self._store = AvatarStore([folder])

    def names(self) -> list[str]:
        """Names of the user's avatars, sorted."""
        return self._store.names()

    def info(self, name: str) -> AvatarInfo:
        """Raises ShelfError unknown_avatar, DamagedAvatar."""
        return info(self._find(name))

    def consent(self, name: str) -> Consent | None:
        """Its consent record. Raises ShelfError unknown_avatar, BadConsent."""
        return read_consent(self._find(name))

    def free_name(self, name: str) -> str:
        """`name`, or with the first number that makes it free."""
        taken = {*self.names(), *self._builtin.names()}
        tries = (name if n == 1 else f"{name[:36]}-{n}" for n in range(1, len(taken) + 2))
        return next(each for each in tries if each not in taken)

    def check_free(self, name: str, *, replace: bool = False) -> None:
        """Whether one more of this name may come. Raises ShelfError."""
        check_name(name)
        if name in self._builtin.names():
            raise ShelfError(
                "built_in", f"{name} is a built-in avatar and stays", "choose another name"
            )
        there = self._there(name)
        if there and not replace:
            raise ShelfError(
                "name_taken", f"there is an avatar {name}", "choose another name, or replace it"
            )
        if not there and len(self.names()) >= self._limits.avatars:
            raise ShelfError(
                "too_many_avatars",
                f"there are {self._limits.avatars} avatars of users, the most allowed",
                "remove one, or raise the setting avatars.max_avatars",
            )

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """A folder to write in; gone afterwards, whatever happens. Raises ShelfError disk_full."""
        self.sweep()
        with _disk_room():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=_ASIDE) as made:
                with held(Path(made)):
                    yield Path(made)

    def put(self, made: Path, *, replace: bool = False) -> AvatarInfo:
        """Move a whole avatar from aside to its place.

        `made` lies in `aside()` and bears the avatar's name. Raises ShelfError, DamagedAvatar,
        BadConsent.
        """
        name = made.name
        self.check_free(name, replace=replace)
        load(made)  # What was written is read back before anybody can choose it.
        if read_consent(made) is None:
            raise BadConsent("there is no consent record with this avatar; give the consent")
        self._check_room(_size(made), self.folder / name)
        self._swap(made, self.folder / name)
        return info(self.folder / name)

    def put_nets(self, name: str, made: Path) -> AvatarInfo:
        """Give an avatar nets of its own, in place of those it has.

        `made` lies in `aside()`, is called `renderer` and holds what personal.py says. Raises
        ShelfError unknown_avatar, no_room, DamagedAvatar.
        """
        place = self._find(name) / personal.FOLDER
        try:
            found = personal.read(made.parent)
            if made.name != personal.FOLDER or found is None:
                raise personal.BadPersonal(f"{made}: there are no nets in it; {personal.REMEDY}")
            personal.check(found)
        except personal.BadPersonal as error:
            raise DamagedAvatar(f"avatar {name}: its own nets: {error}") from error
        self._check_room(_size(made), place)
        self._swap(made, place)
        return info(place.parent)

    def remove_nets(self, name: str) -> bool:
        """Delete an avatar's own nets; whether it had any. Raises ShelfError unknown_avatar."""
        place = self._find(name) / personal.FOLDER
        if not place.exists():
            return False
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=_GONE) as gone:
            os.rename(place, Path(gone, personal.FOLDER))
        return True

    def _check_room(self, new: int, instead_of: Path) -> None:
        """Raises ShelfError no_room."""
        others = sum(_size(self.folder / each) for each in self.names()) - _size(instead_of)
        if new + others > self._limits.bytes:
            raise ShelfError(
                "no_room",
                f"avatars of users take {others / 2**20:.0f} MiB of "
                f"{self._limits.bytes / 2**20:.0f} MiB",
                "remove one, or raise the setting avatars.max_disk_mib",
            )

    def remove(self, name: str) -> None:
        """Delete everything of it, consent and all. Raises ShelfError."""
        if name in self._builtin.names() and not self._there(name):
            raise ShelfError("built_in", f"{name} is built in", "only avatars of users can go")
        folder = self._find(name)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=_GONE) as gone:
            # Out of sight in one step: nobody may load what is half deleted.
            os.rename(folder, Path(gone, name))

    def _find(self, name: str) -> Path:
        if not NAME.fullmatch(name) or name not in self.names():
            known = ", ".join(self.names()) or "none"
            raise ShelfError(
                "unknown_avatar",
                f"no avatar of a user is named {ascii(name[:60])}",
                f"known are: {known}",
            )
        return self.folder / name

    def _there(self, name: str) -> bool:
        return os.path.lexists(self.folder / name)

    def _swap(self, made: Path, place: Path) -> None:
        old = made.parent / f".old-{made.name}"
        moved = False
        try:
            if self._there(str(place.relative_to(self.folder))):
                os.rename(place, old)
                moved = True
            os.rename(made, place)
        except OSError as error:
            if moved:
                os.rename(old, place)
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                raise ShelfError(
                    "name_taken", f"there is an avatar {place.name} now", "choose another name"
                ) from error
            raise

    def sweep(self) -> None:
        """Delete what runs that ended in mid-work (a power cut) left aside."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.name.startswith((_ASIDE, _GONE)) and path.is_dir() and not path.is_symlink():
                if abandoned(path):
                    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _disk_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise ShelfError(
            "disk_full", "the disk is full; nothing was kept", "make room and try again"
        ) from error


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
