"""One avatar: what it is in memory, and its folder on disk.

Loaded on any thread, then only read.
Never unpickles, never trusts a file whose hash or shape is not the manifest's, never fits.

A folder: `manifest.json`, `portrait.png` (lossless: the rest pose is the photo), `portrait.jpg`
(for pages), `background.jpg`, `alpha.png`, `skin.png`, `cover.png`,
`eyes.png`, `data.npz`; `renderer/` where it has nets of its own (personal.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile, is_zipfile

import numpy as np
from numpy.typing import NDArray

from engines.avatars import personal
from engines.avatars.personal import BadPersonal, Personal
from engines.render.cv import cv2
from engines.render.landmarks import ALL_POINTS, MESH_POINTS
from engines.values import ARKIT_NAMES, F32, U8

SCHEMA = 2
_READ_SCHEMAS = (1, 2)
"""Schema 1 had no attributes, no glasses and one size; what it lacks has a plain answer."""
SIZE = 512
"""Usual side of an avatar's pictures in pixels."""
SIZES = (SIZE, 1024)
"""Sides an avatar's pictures may have. The larger is for photos that hold as much."""
MAX_ATTRIBUTES = 16
MAX_ATTRIBUTE_CHARS = 120
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,23}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_MANIFEST = "manifest.json"
_FILES = (
    *("portrait.png", "portrait.jpg", "background.jpg"),
    *("alpha.png", "skin.png", "cover.png", "eyes.png", "data.npz"),
)
_ARRAYS: dict[str, tuple[int, ...]] = {
    "landmarks": (ALL_POINTS, 3),
    "deltas": (len(ARKIT_NAMES), MESH_POINTS, 3),
    "rig_scale": (),
    "smile": (2,),
    "lip_colour": (3,),
    "teeth_light": (3,),
    "laugh": (MESH_POINTS, 3),
}
_ADDED = ("laugh",)
"""Arrays that older folders lack: zeros."""
_TEETH = "teeth.png"
"""Only where the photo showed them."""
_REMEDY = "fit the portrait again with `python -m export fit-avatar`"


class AvatarError(Exception):
    """Something about an avatar on disk; the text names it and the next step."""


class UnknownAvatar(AvatarError):
    """No folder of that name."""


class DamagedAvatar(AvatarError):
    """A folder that is not a whole avatar of this version."""


@dataclass(frozen=True, slots=True)
class AvatarInfo:
    """What a list of avatars shows."""

    name: str
    title: str
    credit: str
    folder: Path
    portrait: Path
    """A JPEG for pages."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What scene text may say of the person, as `Avatar.attributes`."""
    paste: Mapping[str, float] = field(default_factory=dict)
    """As `Avatar.paste`."""
    personal: Personal | None = None
    """The nets of its own, if it has any."""


@dataclass(frozen=True, slots=True)
class Avatar:
    """A portrait with everything static worked out.

    Pictures are BGR squares, `size` pixels a side (S); points and offsets are in those pixels.
    """

    name: str
    title: str
    credit: str
    portrait: U8
    """u8[S,S,3]"""
    background: U8
    """u8[S,S,3] the photo without the person."""
    alpha: U8
    """u8[S,S] person 255."""
    skin: U8
    """u8[S,S,3] the photo with skin painted outward past the outline of the face."""
    cover: U8
    """u8[S,S] 255 where the face layer may be drawn, 0 on hair and ears inside its outline."""
    eyes: U8
    """u8[S,S,3] the photo with whole irises, as if the lids were open."""
    landmarks: F32
    """f32[478,3] pixels: x right, y down, z away from the camera."""
    deltas: F32
    """f32[52,468,3] pixels per unit of each ARKit shape: x right, y up, z toward the camera."""
    rig_scale: float
    """Pixels per centimetre of the rig."""
    smile: F32
    """f32[2] smile already in the photo (person's left, right), 0 to 1."""
    lip_colour: F32
    """f32[3] BGR 0-255."""
    teeth_light: F32
    """f32[3] factor on tooth sprites, BGR."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """For scene text: age, sex, skin, hair, clothes, setting. Empty for users' avatars."""
    glasses: float = 0.0
    """0 none, 1 sure: the frame is then held stiff over the skin."""
    teeth: U8 = field(default_factory=lambda: np.zeros((0, 0, 4), np.uint8))
    """u8[S,S,4] BGRA: the person's own upper teeth where they stand; empty when never seen."""
    laugh: F32 = field(default_factory=lambda: np.zeros((MESH_POINTS, 3), np.float32))
    """f32[468,3] as `deltas`: from sealed lips to those of the photo, if it showed parted ones."""

    paste: Mapping[str, float] = field(default_factory=dict)
    """How much of what the renderer's nets draw is shown, 0..1, by kind of box; 1 where none is
    said. Chosen with one set of nets, `paste_nets`."""
    paste_nets: str = ""
    """Digest of those nets; empty: nothing was tried."""
    personal: Personal | None = None
    """The renderer's nets trained on this person's footage; None: those of everybody."""

    @property
    def size(self) -> int:
        """Side of the pictures, one of SIZES."""
        return int(self.portrait.shape[0])


def check_name(name: str) -> None:
    """Raises ValueError for what cannot be an avatar's name (and so the name of its folder)."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"avatar name {name!r}: use a-z, 0-9, - and _, at most 48")


def check_attributes(attributes: Mapping[str, str]) -> None:
    """Raises ValueError unless they are few, short, and text on one line."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"{len(attributes)} attributes, at most {MAX_ATTRIBUTES} are kept")
    for key, text in attributes.items():
        if not isinstance(key, str) or not _ATTRIBUTE.fullmatch(key):
            raise ValueError(f"attribute {str(key)[:40]!r}: use a-z, 0-9 and _, at most 24")
        if not isinstance(text, str) or len(text) > MAX_ATTRIBUTE_CHARS or not text.isprintable():
            raise ValueError(
                f"attribute {key}: wanted one line of {MAX_ATTRIBUTE_CHARS} characters"
            )


def save(avatar: Avatar, folder: Path, extra: Mapping[str, bytes] | None = None) -> None:
    """Write `folder` whole or not at all: aside first, then renamed. The folder must not exist.

    `extra`: further files, hashed with the others. Raises ValueError for a bad name, size or
    attribute, FileExistsError when the folder is there, OSError when the disk is full.
    """
    check_name(avatar.name)
    check_attributes(avatar.attributes)
    if avatar.size not in SIZES or not 0 <= avatar.glasses <= 1:
        raise ValueError(f"avatar of size {avatar.size}, glasses {avatar.glasses}; sizes: {SIZES}")
    if folder.exists():
        raise FileExistsError(f"{folder} exists; remove it or choose another --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as made:
        aside = Path(made, folder.name)
        aside.mkdir()
        _write_pictures(avatar, aside)
        arrays: dict[str, NDArray[np.generic]] = {
            key: np.asarray(getattr(avatar, key), np.float32) for key in _ARRAYS
        }
        for key in ("deltas", "laugh"):
            arrays[key] = arrays[key].astype(np.float16)
        np.savez_compressed(aside / "data.npz", allow_pickle=False, **arrays)
        for name, content in (extra or {}).items():
            (aside / name).write_bytes(content)
        manifest = {
            "schema": SCHEMA,
            "name": avatar.name,
            "title": avatar.title,
            "credit": avatar.credit,
            "attributes": dict(avatar.attributes),
            "glasses": round(float(avatar.glasses), 3),
            "paste": {
                "nets": avatar.paste_nets,
                **{kind: round(float(share), 3) for kind, share in avatar.paste.items()},
            },
            "size": avatar.size,
            "arkit": list(ARKIT_NAMES),
            "made_with": {"opencv": cv2.__version__, "numpy": np.__version__},
            "files": {p.name: _sha256(p) for p in sorted(aside.iterdir())},
        }
        (aside / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        os.replace(aside, folder)


def info(folder: Path) -> AvatarInfo:
    """Read the manifest only. Raises UnknownAvatar, DamagedAvatar."""
    manifest = _manifest(folder)
    own = _personal(folder)
    return AvatarInfo(
        name=folder.name,
        title=str(manifest["title"]),
        credit=str(manifest["credit"]),
        folder=folder,
        portrait=folder / "portrait.jpg",
        attributes=_attributes(manifest),
        paste=_paste(manifest) if own is None else own.paste,
        personal=own,
    )


def load(folder: Path) -> Avatar:
    """Read and check a whole avatar. Raises UnknownAvatar, DamagedAvatar."""
    manifest = _manifest(folder)
    digests = cast(dict[str, str], manifest["files"])
    # The files that will be read, whatever the manifest names: one left out is not trusted.
    # And those it names besides: a consent record.
    for name in dict.fromkeys([*_FILES, *digests]):
        path = folder / name
        if not path.is_file() or _sha256(path) != digests.get(name):
            raise DamagedAvatar(f"avatar {folder.name}: {name} is missing or changed; {_REMEDY}")
    own = _personal(folder, checked=True)
    arrays = _read_arrays(folder)
    size = _size(manifest)
    portrait = _picture(folder, "portrait.png", size, 3)
    return Avatar(
        name=folder.name,
        title=str(manifest["title"]),
        credit=str(manifest["credit"]),
        portrait=portrait,
        background=_picture(folder, "background.jpg", size, 3),
        alpha=_picture(folder, "alpha.png", size, 1),
        skin=_patched(portrait, _picture(folder, "skin.png", size, 4)),
        cover=_picture(folder, "cover.png", size, 1),
        eyes=_patched(portrait, _picture(folder, "eyes.png", size, 4)),
        landmarks=arrays["landmarks"],
        deltas=arrays["deltas"],
        rig_scale=float(arrays["rig_scale"]),
        smile=arrays["smile"],
        lip_colour=arrays["lip_colour"],
        teeth_light=arrays["teeth_light"],
        laugh=arrays["laugh"],
        teeth=_picture(folder, _TEETH, size, 4)
        if _TEETH in digests
        else np.zeros((0, 0, 4), np.uint8),
        attributes=_attributes(manifest),
        glasses=float(manifest.get("glasses", 0.0)),
        paste=_paste(manifest) if own is None else own.paste,
        paste_nets=str(manifest.get("paste", {}).get("nets", "")) if own is None else own.nets,
        personal=own,
    )


def _personal(folder: Path, *, checked: bool = False) -> Personal | None:
    try:
        own = personal.read(folder)
        if checked and own is not None:
            personal.check(own)
    except BadPersonal as error:
        raise DamagedAvatar(f"avatar {folder.name}: its own nets: {error}") from error
    return own


def _write_pictures(avatar: Avatar, folder: Path) -> None:
    jpeg = [cv2.IMWRITE_JPEG_QUALITY, 93]
    png = [cv2.IMWRITE_PNG_COMPRESSION, 6]
    _write(folder / "portrait.png", avatar.portrait, png)
    _write(folder / "portrait.jpg", avatar.portrait, jpeg)
    _write(folder / "background.jpg", avatar.background, jpeg)
    _write(folder / "alpha.png", avatar.alpha, png)
    _write(folder / "cover.png", avatar.cover, png)
    if avatar.teeth.any():
        _write(folder / _TEETH, avatar.teeth, png)
    for name, picture in (("skin.png", avatar.skin), ("eyes.png", avatar.eyes)):
        changed = (picture != avatar.portrait).any(2)
        patch = np.dstack([np.where(changed[..., None], picture, 0), changed * np.uint8(255)])
        _write(folder / name, patch.astype(np.uint8), png)


def _write(path: Path, picture: U8, options: list[int]) -> None:
    done, data = cv2.imencode(path.suffix, picture, options)
    if not done:
        raise OSError(f"could not write {path}")
    # Not by OpenCV's own writer, which does not say when the disk is full.
    path.write_bytes(data.tobytes())


def _patched(portrait: U8, patch: U8) -> U8:
    out: U8 = np.where(patch[..., 3:] > 0, patch[..., :3], portrait)
    return out


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    if not _NAME.fullmatch(folder.name) or not (folder / _MANIFEST).is_file():
        raise UnknownAvatar(f"no avatar in {folder}")
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
        schema, order = manifest["schema"], manifest["arkit"]
        _ = manifest["title"], manifest["credit"], manifest["files"].items()
        _check_person(manifest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedAvatar(f"avatar {folder.name}: bad manifest ({error!r}); {_REMEDY}") from error
    if schema not in _READ_SCHEMAS or order != list(ARKIT_NAMES):
        raise DamagedAvatar(
            f"avatar {folder.name}: schema {schema}, this program reads "
            f"{' and '.join(map(str, _READ_SCHEMAS))}; {_REMEDY}"
        )
    return cast(dict[str, Any], manifest)


def _check_person(manifest: dict[str, Any]) -> None:
    """Raises ValueError or TypeError for what schema 2 says of the person; 1 says nothing."""
    check_attributes(_attributes(manifest))
    if not 0 <= float(manifest.get("glasses", 0.0)) <= 1:
        raise ValueError(f"glasses {manifest['glasses']}: wanted 0 to 1")
    if not all(0 <= share <= 1 for share in _paste(manifest).values()):
        raise ValueError(f"paste {manifest['paste']}: wanted 0 to 1")
    _size(manifest)


def _paste(manifest: dict[str, Any]) -> dict[str, float]:
    shares = manifest.get("paste", {})
    return {kind: float(share) for kind, share in shares.items() if kind != "nets"}


def _attributes(manifest: dict[str, Any]) -> dict[str, str]:
    return dict(manifest.get("attributes", {}))


def _size(manifest: dict[str, Any]) -> int:
    size = manifest.get("size", SIZE)
    if size not in SIZES:
        raise ValueError(f"size {size!r}: wanted one of {SIZES}")
    return int(size)


def _read_arrays(folder: Path) -> dict[str, F32]:
    try:
        # Checked first: numpy leaves half an object behind when it meets a broken archive.
        if not is_zipfile(folder / "data.npz"):
            raise BadZipFile("it is no archive")
        with np.load(folder / "data.npz", allow_pickle=False) as data:
            arrays = {
                name: np.zeros(shape, np.float32)
                if name in _ADDED and name not in data
                else data[name].astype(np.float32)
                for name, shape in _ARRAYS.items()
            }
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise DamagedAvatar(f"avatar {folder.name}: data.npz ({error}); {_REMEDY}") from error
    for name, shape in _ARRAYS.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise DamagedAvatar(
                f"avatar {folder.name}: {name} has shape {arrays[name].shape}, "
                f"wanted {shape}, all finite; {_REMEDY}"
            )
    return arrays


def _picture(folder: Path, name: str, size: int, channels: int) -> U8:
    picture = cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED)
    wanted = (size, size) if channels == 1 else (size, size, channels)
    if picture is None or picture.shape != wanted or picture.dtype != np.uint8:
        raise DamagedAvatar(f"avatar {folder.name}: {name} is not a {wanted} picture; {_REMEDY}")
    return cast(U8, picture)
