"""`synchrorama avatar`: list, show, create, remove, export, import.

Runs on the main thread.
Never asks back: what is missing is said with the flag that gives it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from engines.avatars.bundle import AvatarError
from engines.avatars.consent import BadConsent
from engines.avatars.consent import read as read_consent
from engines.avatars.fit import BadPortrait
from engines.avatars.intake import MAX_BYTES, BadImage
from engines.avatars.parcel import MAX_PARCEL_BYTES, pack, unpack, write_parcel
from engines.avatars.shelf import name_from
from engines.face.finder import BadFace
from engines.face.weights import BadFaceWeights
from server.onboarding.shelves import shelf_of
from server.settings import Settings, SettingsError

FAILED = 1
ACTIONS = ("list", "show", "create", "remove", "export", "import")
_MAX_STATEMENT_BYTES = 64 * 1024


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What `avatar` takes."""
    command.add_argument("action", choices=ACTIONS, help="what to do")
    command.add_argument(
        "target",
        nargs="?",
        metavar="PORTRAIT|NAME|FILE",
        help="create: a photo; show, remove, export: a name; import: a .zip",
    )
    command.add_argument("--name", help="create, import: name in the API (a-z, 0-9, -)")
    command.add_argument("--title", help="create: name shown to people")
    command.add_argument(
        "--consent", type=Path, metavar="FILE", help="create: a text file with the consent"
    )
    command.add_argument(
        "--consent-statement",
        metavar="TEXT",
        help="create: the consent itself, in the words of the person in the photo",
    )
    command.add_argument("--consent-by", default="", metavar="WHO", help="create: who gives it")
    command.add_argument("--replace", action="store_true", help="in place of one of that name")
    command.add_argument("--out", type=Path, metavar="FILE", help="export: where to [NAME.zip]")
    command.add_argument("--json", action="store_true", help="list, show: as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it. Raises SettingsError for what is missing on the command line."""
    action: str = arguments.action
    if action != "list" and not arguments.target:
        wanted = {"create": "PORTRAIT", "import": "FILE"}.get(action, "NAME")
        raise SettingsError(f"avatar {action}: wanted a {wanted}; see synchrorama avatar --help")
    runs: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "list": _list,
        "show": _show,
        "create": _create,
        "remove": _remove,
        "export": _export,
        "import": _import,
    }
    try:
        return runs[action](arguments, settings)
    except (AvatarError, BadImage, BadFace, BadPortrait, BadConsent, BadFaceWeights) as error:
        print(f"synchrorama avatar {action}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"synchrorama avatar {action}: {error}; check the path", file=sys.stderr)
    return FAILED


def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    from server.backend import avatar_store

    store = avatar_store(settings)
    infos = []
    for name in store.names():
        try:
            infos.append(store.info(name))
        except AvatarError as error:
            print(f"left out: {error}", file=sys.stderr)
    if arguments.json:
        print(json.dumps([{"name": i.name, "title": i.title, "credit": i.credit} for i in infos]))
        return 0
    for info in infos:
        print(f"{info.name:<16} {info.title:<24} {info.credit}")
    if not infos:
        print("no avatar: reinstall, or set avatars.folders", file=sys.stderr)
    return 0 if infos else FAILED


def _show(arguments: argparse.Namespace, settings: Settings) -> int:
    from server.backend import avatar_store

    info = avatar_store(settings).info(arguments.target)
    consent = read_consent(info.folder)
    rows = {"name": info.name, "title": info.title, "credit": info.credit}
    rows["folder"] = str(info.folder)
    if consent is not None:
        rows |= {
            "consent": consent.statement,
            "consent by": consent.by,
            "consent given": consent.when,
            "photo sha-256": consent.image_sha256,
        }
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for key, value in rows.items():
        print(f"{key:<14} {value}")
    return 0


def _create(arguments: argparse.Namespace, settings: Settings) -> int:
    from engines.avatars.consent import give
    from engines.avatars.onboard import Onboarder
    from engines.face.finder import FaceFinder

    statement = _statement(arguments)
    portrait = Path(arguments.target)
    title = arguments.title or (arguments.name or portrait.stem).replace("-", " ").title()
    data = _read(portrait, MAX_BYTES)
    consent = give(statement, arguments.consent_by, data)
    shelf = shelf_of(settings.avatars)
    name = arguments.name or shelf.free_name(name_from(portrait.stem))
    shelf.check_free(name, replace=arguments.replace)
    info = Onboarder(FaceFinder.load(), shelf).create(
        data,
        name=name,
        title=title,
        consent=consent,
        replace=arguments.replace,
        on_progress=_show_progress,
    )
    print(f"{info.name}: {info.folder}")
    return 0


def _remove(arguments: argparse.Namespace, settings: Settings) -> int:
    shelf_of(settings.avatars).remove(arguments.target)
    print(f"{arguments.target} is removed, with its photo and its consent")
    return 0


def _export(arguments: argparse.Namespace, settings: Settings) -> int:
    parcel = pack(shelf_of(settings.avatars), arguments.target)
    out: Path = arguments.out or Path(f"{arguments.target}.zip")
    if out.exists() and not arguments.replace:
        raise FileExistsError(f"{out} exists; add --replace, or choose another --out")
    write_parcel(parcel, out)
    print(out)
    return 0


def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    parcel = _read(Path(arguments.target), MAX_PARCEL_BYTES)
    shelf = shelf_of(settings.avatars)
    info = unpack(shelf, parcel, name=arguments.name, replace=arguments.replace)
    print(f"{info.name}: {info.folder}")
    return 0


def _statement(arguments: argparse.Namespace) -> str:
    """The consent's words. Raises SettingsError when there are none or two."""
    given: str | None = arguments.consent_statement
    file: Path | None = arguments.consent
    if (given is None) == (file is None):
        raise SettingsError(
            "avatar create: wanted the consent of the person in the photo, by one of "
            "--consent FILE and --consent-statement TEXT"
        )
    if given is not None:
        return given
    assert file is not None
    try:
        return _read(file, _MAX_STATEMENT_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadConsent(f"{file} is not UTF-8 text; give a plain text file") from error


def _read(path: Path, limit: int) -> bytes:
    """At most one byte more than `limit`: enough to be refused."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _show_progress(step: str, share: float) -> None:
    end = "\r" if sys.stderr.isatty() and share < 1 else "\n"
    print(f"{share:4.0%} {step:<26}", end=end, file=sys.stderr, flush=True)
