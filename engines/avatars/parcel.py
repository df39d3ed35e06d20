"""An avatar as one .zip file: to take it along, and to take one in from a stranger.

Any thread. A parcel holds the plain files of one avatar's folder, nothing else: nets of its own
stay behind, for a net is a program, and who takes a parcel in does not know its maker.
Never extracts to a name from the file, never reads more than the limits, never unpickles.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engines.avatars.bundle import SIZES, AvatarInfo, DamagedAvatar, load
from engines.avatars.consent import FILE as CONSENT
from engines.avatars.consent import BadConsent
from engines.avatars.headers import BrokenHeader, read_header
from engines.avatars.preview import FILE as PREVIEW
from engines.avatars.preview import MAX_BYTES as MAX_PREVIEW_BYTES
from engines.avatars.shelf import Shelf, ShelfError, check_name, check_title

MAX_PARCEL_BYTES = 32 * 2**20
MAX_FILE_BYTES = 8 * 2**20
MAX_ARRAYS_BYTES = 4 * 2**20
MANIFEST = "manifest.json"
PICTURES = frozenset(
    {
        "portrait.png", "portrait.jpg", "background.jpg", "alpha.png", "skin.png", "cover.png",
        "eyes.png",
    }
)  # fmt: skip
TEETH = "teeth.png"
FILES = PICTURES | {MANIFEST, CONSENT, "data.npz"}
MAY_HAVE = frozenset({PREVIEW, TEETH})
MAX_CREDIT = 400
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(shelf: Shelf, name: str) -> bytes:
    """The .zip of a user's avatar; the same bytes each time.

    Raises ShelfError unknown_avatar, DamagedAvatar.
    """
    folder = shelf.info(name).folder
    load(folder)
    listed = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as parcel:
        for each in [MANIFEST, *sorted(listed)]:
            entry = zipfile.ZipInfo(each, _EPOCH)
            entry.external_attr = 0o644 << 16
            parcel.writestr(entry, (folder / each).read_bytes())
    return out.getvalue()


def unpack(
    shelf: Shelf, parcel: bytes, *, name: str | None = None, replace: bool = False
) -> AvatarInfo:
    """Take an avatar in; `name` instead of its own.

    Raises ShelfError bad_parcel and what `Shelf.put` raises.
    """
    files = read_parcel(parcel)
    manifest = _manifest(files)
    name = check_name(str(manifest.get("name", "")) if name is None else name)
    shelf.check_free(name, replace=replace)
    files[MANIFEST] = (json.dumps({**manifest, "name": name}, indent=1) + "\n").encode()
    with shelf.aside() as aside:
        made = aside / name
        made.mkdir()
        for each, content in files.items():
            (made / each).write_bytes(content)
        try:
            return shelf.put(made, replace=replace)
        except (DamagedAvatar, BadConsent) as error:
            raise _bad(str(error).split(";")[0]) from error


def read_parcel(parcel: bytes) -> dict[str, bytes]:
    """The files by name, each within its limits and looking like what it is. Raises ShelfError."""
    if len(parcel) > MAX_PARCEL_BYTES:
        raise _bad(f"it is larger than {MAX_PARCEL_BYTES // 2**20} MiB")
    with _as_bad("it is no .zip that can be read"):
        with zipfile.ZipFile(io.BytesIO(parcel)) as opened:
            files = _entries(opened)
    missing = FILES - files.keys()
    if missing:
        raise _bad(f"{', '.join(sorted(missing))} is missing")
    for name in files.keys() & (PICTURES | {TEETH}):
        _check_picture(name, files[name])
    if PREVIEW in files:
        _check_film(files[PREVIEW])
    with _as_bad("data.npz cannot be read"):
        _check_arrays(files["data.npz"])
    return files


@contextmanager
def _as_bad(what: str) -> Iterator[None]:
    """The faults of zipfile and numpy on a made-up file all mean the same to a person."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _bad(what) from error
    except (ValueError, TypeError, OSError, OverflowError, SyntaxError) as error:
        raise _bad(what) from error


def _entries(opened: zipfile.ZipFile) -> dict[str, bytes]:
    entries = opened.infolist()
    names = [entry.filename for entry in entries]
    strange = [name for name in names if name not in FILES | MAY_HAVE]
    if strange:
        raise _bad(f"{strange[0][:60]!r} does not belong to an avatar")
    if len(set(names)) != len(names):
        raise _bad("a file is in it twice")
    files = {}
    for entry in entries:
        with opened.open(entry) as stream:
            # What the entry says of its size may be a lie; what is read is counted.
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise _bad(f"{entry.filename} is larger than {MAX_FILE_BYTES // 2**20} MiB")
        files[entry.filename] = content
    return files


def _manifest(files: dict[str, bytes]) -> dict[str, object]:
    try:
        manifest = json.loads(files[MANIFEST].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _bad("its manifest cannot be read") from error
    listed = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(listed, dict) or set(listed) != files.keys() - {MANIFEST}:
        raise _bad("its manifest does not list its files")
    _check_words(manifest)
    return dict(manifest)


def _check_words(manifest: dict[str, object]) -> None:
    """A title or credit is shown in terminals and pages: no controls, no endless ones."""
    credit = manifest.get("credit")
    if not isinstance(credit, str) or len(credit) > MAX_CREDIT or not credit.isprintable():
        raise _bad("its credit cannot be shown")
    try:
        check_title(str(manifest.get("title", "")))
    except ShelfError as error:
        raise _bad(error.what) from error


def _check_picture(name: str, content: bytes) -> None:
    """Before a decoder sees it: a picture in an avatar has one of two sizes."""
    try:
        header = read_header(content)
    except BrokenHeader as error:
        raise _bad(f"{name}: {error}") from error
    if header is None or header.width != header.height or header.width not in SIZES:
        raise _bad(f"{name} is not a square picture of {' or '.join(map(str, SIZES))} pixels")


def _check_film(content: bytes) -> None:
    """Nothing here decodes it; what is served from here as a film is one at least, and small."""
    if content[4:8] != b"ftyp" or len(content) > MAX_PREVIEW_BYTES:
        raise _bad(f"{PREVIEW} is not a film of at most {MAX_PREVIEW_BYTES // 1024} KiB")


def _check_arrays(content: bytes) -> None:
    """Before numpy makes room for them: the sum of what the arrays say they need."""
    with zipfile.ZipFile(io.BytesIO(content)) as arrays:
        for entry in arrays.infolist():
            if entry.file_size > MAX_ARRAYS_BYTES:
                raise _bad("data.npz holds more than an avatar's figures")
            with arrays.open(entry) as stream:
                version = np.lib.format.read_magic(stream)
                read = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, kind = read(stream, max_header_size=2048)
            count = 1
            for side in shape:
                count *= side
            if kind.hasobject or count * kind.itemsize > MAX_ARRAYS_BYTES:
                raise _bad("data.npz holds more than an avatar's figures")


def _bad(what: str) -> ShelfError:
    return ShelfError(
        "bad_parcel",
        f"this is not an avatar's parcel: {what}",
        "make one with `synchrorama avatar export NAME`",
    )


def write_parcel(parcel: bytes, path: Path) -> None:
    """Whole or not at all. Raises OSError."""
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_bytes(parcel)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
