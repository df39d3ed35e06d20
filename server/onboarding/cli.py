"""`synchrorama avatar`: list, show, check, create, remove, export, import.

Runs on the main thread.
Never asks back: what is missing is said with the flag that gives it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engines.avatars.bundle import AvatarError, AvatarInfo
from engines.avatars.consent import BadConsent, Consent, statement_in
from engines.avatars.consent import read as read_consent
from engines.avatars.fit import BadPortrait
from engines.avatars.intake import MAX_BYTES, BadImage
from engines.avatars.parcel import MAX_PARCEL_BYTES, pack, unpack, write_parcel
from engines.avatars.preview import FILE as PREVIEW
from engines.avatars.shelf import ShelfError, name_from
from engines.face.finder import BadFace
from engines.face.weights import BadFaceWeights
from server.onboarding.shelves import shelf_of
from server.onboarding.terminal import fault, progress, seen, sheet, table
from server.settings import Settings
from server.settings_section import SettingsError

FAILED = 1
ACTIONS = ("list", "show", "check", "create", "remove", "export", "import")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What `avatar` takes."""
    command.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    command.add_argument(
        "target",
        nargs="?",
        metavar="PORTRAIT|NAME|FILE",
        help="create, check: a photo; show, remove, export: a name; import: a .zip",
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
    command.add_argument(
        "--face", type=int, metavar="N", help="create, check: which of several faces, from 0"
    )
    command.add_argument("--replace", action="store_true", help="in place of one of that name")
    command.add_argument("--out", type=Path, metavar="FILE", help="export: where to [NAME.zip]")
    command.add_argument("--json", action="store_true", help="list, show: as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it. Raises SettingsError for what is missing on the command line."""
    action: str = arguments.action
    if action != "list" and not arguments.target:
        wanted = {"create": "PORTRAIT", "check": "PORTRAIT", "import": "FILE"}.get(action, "NAME")
        raise SettingsError(f"avatar {action}: wanted a {wanted}; see synchrorama avatar --help")
    runs: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "list": _list,
        "show": _show,
        "check": _check,
        "create": _create,
        "remove": _remove,
        "export": _export,
        "import": _import,
    }
    try:
        return runs[action](arguments, settings)
    except ShelfError as error:
        told = error
        if error.code == "name_taken":
            told = ShelfError(error.code, error.what, "choose another --name, or add --replace")
        fault(f"synchrorama avatar {action}", told)
    except (AvatarError, BadImage, BadFace, BadPortrait, BadConsent, BadFaceWeights) as error:
        fault(f"synchrorama avatar {action}", error)
    except OSError as error:
        fault(f"synchrorama avatar {action}", OSError(f"{error}; check the path"))
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
    users = set(shelf_of(settings.avatars).names())
    if arguments.json:
        print(json.dumps([_row(info, info.name in users) for info in infos], ensure_ascii=False))
        return 0
    if not infos:
        print("no avatar: reinstall, or set avatars.folders", file=sys.stderr)
        return FAILED
    rows = [
        (info.name, info.title, "yours" if info.name in users else "built in", info.credit)
        for info in infos
    ]
    table(("Name", "Title", "Kind", "Credit"), rows)
    return 0


def _row(info: AvatarInfo, user: bool) -> dict[str, object]:
    return {
        "name": info.name,
        "title": info.title,
        "credit": info.credit,
        "user": user,
        "attributes": dict(info.attributes),
    }


def _show(arguments: argparse.Namespace, settings: Settings) -> int:
    from server.backend import avatar_store
    from server.drawing import said_of

    info = avatar_store(settings).info(arguments.target)
    consent = read_consent(info.folder)
    rows = {"name": info.name, "title": info.title, "credit": info.credit}
    rows |= info.attributes
    rows["renderer"] = said_of(info.paste)
    if info.personal is not None:
        rows["own nets"] = f"trained on {info.personal.trained_s:.0f} s of this person's video"
    rows["folder"] = str(info.folder)
    film = info.folder / PREVIEW
    if film.is_file():
        rows["preview"] = str(film)
    if consent is not None:
        rows |= _consent_rows("", "photo", consent)
    if info.personal is not None:
        rows |= _consent_rows("video ", "video", info.personal.consent)
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        sheet(rows)
    return 0


def _consent_rows(prefix: str, what: str, consent: Consent) -> dict[str, str]:
    return {
        f"{prefix}consent": consent.statement,
        f"{prefix}consent by": consent.by or "(not said)",
        f"{prefix}consent given": consent.when,
        f"{what} sha-256": consent.image_sha256,
    }


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    from engines.avatars.onboard import Onboarder
    from engines.face.loader import load_finder

    portrait = Path(arguments.target)
    onboarder = Onboarder(load_finder(), shelf_of(settings.avatars))
    found = onboarder.inspect(_read(portrait, MAX_BYTES), arguments.face)
    if found.problem is not None:
        fault(f"{portrait}", BadPortrait(f"{found.problem.message}; {found.problem.remedy}"))
    seen(str(portrait), found)
    if found.problem is not None:
        return FAILED
    print(f"{portrait}: this photo can become an avatar")
    return 0


def _create(arguments: argparse.Namespace, settings: Settings) -> int:
    from engines.avatars.consent import give
    from engines.avatars.onboard import Onboarder
    from engines.face.loader import load_finder
    from server.disclosure import mark_style
    from server.drawing import nets_of, said_of

    statement = _statement(arguments)
    portrait = Path(arguments.target)
    title = arguments.title or (arguments.name or portrait.stem).replace("-", " ").title()
    data = _read(portrait, MAX_BYTES)
    consent = give(statement, arguments.consent_by, data)
    shelf = shelf_of(settings.avatars)
    name = arguments.name or shelf.free_name(name_from(portrait.stem))
    shelf.check_free(name, replace=arguments.replace)
    mark, nets = mark_style(settings.disclosure), nets_of(settings.render)
    onboarder = Onboarder(load_finder(), shelf, mark, nets)
    seen(str(portrait), onboarder.inspect(data, arguments.face))
    with progress() as on_progress:
        info = onboarder.create(
            data,
            name=name,
            title=title,
            consent=consent,
            face=arguments.face,
            replace=arguments.replace,
            on_progress=on_progress,
        )
    print(f"{info.name}: {info.folder}")
    if nets is not None:
        print(f"shown of the renderer's work: {said_of(info.paste)}", file=sys.stderr)
    print(
        f"next: `synchrorama serve`, and choose {info.title}; or "
        f"`synchrorama render --avatar {info.name} --audio VOICE --out FILE.mp4`",
        file=sys.stderr,
    )
    return 0


def _remove(arguments: argparse.Namespace, settings: Settings) -> int:
    shelf_of(settings.avatars).remove(arguments.target)
    print(
        f"{arguments.target} is removed, with its pictures, its film, its own nets and its consent"
    )
    return 0


def _export(arguments: argparse.Namespace, settings: Settings) -> int:
    shelf = shelf_of(settings.avatars)
    parcel = pack(shelf, arguments.target)
    out: Path = arguments.out or Path(f"{arguments.target}.zip")
    if out.exists() and not arguments.replace:
        raise FileExistsError(f"{out} exists; add --replace, or choose another --out")
    write_parcel(parcel, out)
    print(out)
    if shelf.info(arguments.target).personal is not None:
        print(
            "without the nets trained on its own video: a parcel holds no programs; train them "
            "again where it goes",
            file=sys.stderr,
        )
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
    with _told(file):
        return statement_in(file)


def _read(path: Path, limit: int) -> bytes:
    """At most one byte more than `limit`: enough to be refused. Raises OSError in our words."""
    with _told(path), path.open("rb") as file:
        return file.read(limit + 1)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What goes wrong with a file, in our words. Raises OSError."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: there is no such file") from error
    except OSError as error:
        raise OSError(f"{path}: it cannot be read ({error.strerror or error})") from error
