"""`python -m export fit-avatar IMAGE --name N`: a portrait becomes an avatar folder.

Offline program, main thread; a few seconds.
Never uploads anything, never overwrites an avatar unless told to.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path

import numpy as np

from engines.avatars.bundle import Avatar, AvatarError, check_name, load, save
from engines.avatars.fit import BadPortrait, crop, fit
from engines.avatars.preview import preview_file
from engines.avatars.store import BUILTIN
from engines.avatars.wall import background
from engines.face.finder import BadFace
from engines.face.loader import load_finder
from engines.render.cv import cv2
from engines.values import F32, U8
from export.rig.tracker import TrackerFailed, track

MAX_FILE_MIB = 32
MAX_SIDE_PX = 1600
"""Larger photos are shrunk first: an avatar is 512 pixels wide."""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    args = _parser().parse_args(argv)
    title = args.title or args.name.capitalize()
    about = About(args.name, title, args.credit, dict(args.attribute))
    try:
        # Before anything else: `--name ..` must never name a folder to replace.
        check_name(args.name)
        matte = beside(args.image)
        folder = make(read_photo(args.image), about, args.out, tracker_python=args.tracker_python,
                      matte=matte, replace=args.replace)  # fmt: skip
    except (BadPortrait, BadFace, TrackerFailed, AvatarError, OSError, ValueError) as error:
        sys.stderr.write(f"fit-avatar: {error}\n")
        return 1
    print(f"{folder}: {size_of(folder) / 2**20:.2f} MiB")
    return 0


@dataclass(frozen=True, slots=True)
class About:
    """What an avatar says of itself."""

    name: str
    title: str
    credit: str
    attributes: Mapping[str, str]


def make(
    photo: U8,
    about: About,
    out: Path,
    *,
    tracker_python: Path | None = None,
    matte: F32 | None = None,
    replace: bool = False,
) -> Path:
    """Find the face, fit, save and read back; returns the avatar's folder.

    matte f32[H,W]: the photo's exact one, where it is known; else it is estimated. Raises
    ValueError for a bad name or attribute, FileExistsError, BadFace, BadPortrait, TrackerFailed.
    """
    check_name(about.name)
    folder = out / about.name
    if folder.exists() and not replace:
        raise FileExistsError(f"{folder} exists; add --replace")
    points, mask = measure(photo, tracker_python)
    avatar = fit(photo, points, mask if matte is None else matte, name=about.name,
                 title=about.title, credit=about.credit, attributes=about.attributes)  # fmt: skip
    if matte is not None:
        avatar = exactly(avatar, crop(photo, points, matte)[2])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as aside:
        made = Path(aside, about.name)
        save(avatar, made, preview_file(avatar))
        load(made)
        # The one before goes only once the new one is whole.
        if folder.exists():
            shutil.rmtree(folder)
        made.replace(folder)
    return folder


def measure(photo: U8, tracker_python: Path | None) -> tuple[F32, F32]:
    """Mesh f32[478,3] px and person mask f32[H,W], by the server's own nets or by the tracker."""
    if tracker_python is None:
        finder = load_finder()
        points = finder.landmarks(photo).points
        return points, finder.matte(photo, points)
    tracked = track(photo[None], tracker_python)
    faces = int(tracked.faces[0])
    if faces != 1:
        raise BadPortrait(f"found {faces} faces; take a photo with one face, seen from the front")
    return tracked.landmarks[0], tracked.matte[0]


def exactly(avatar: Avatar, matte: F32) -> Avatar:
    """The avatar cut out by its known matte f32[S,S] instead of an estimated one."""
    alpha: U8 = np.rint(np.clip(matte, 0, 1) * 255).astype(np.uint8)
    return replace_fields(avatar, alpha=alpha, background=background(avatar.portrait, alpha))


def beside(image: Path) -> F32 | None:
    """The matte `NAME.matte.png` that lies beside `NAME.png`, f32[H,W] in [0, 1]; None if none.

    Raises BadPortrait when it cannot be read.
    """
    path = image.with_suffix(".matte.png")
    if not path.is_file():
        return None
    matte = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if matte is None:
        raise BadPortrait(f"{path.name} is not a picture OpenCV can read; remove it")
    out: F32 = (matte / np.float32(255)).astype(np.float32)
    return out


def size_of(folder: Path) -> int:
    """Bytes of an avatar's files."""
    return sum(p.stat().st_size for p in folder.iterdir())


def read_photo(path: Path) -> U8:
    """u8[H,W,3] BGR, upright, at most MAX_SIDE_PX on its longer side.

    Raises BadPortrait when the file is no picture or too large, OSError when it cannot be read.
    """
    if path.stat().st_size > MAX_FILE_MIB * 2**20:
        raise BadPortrait(f"{path.name} is larger than {MAX_FILE_MIB} MiB; shrink it first")
    photo = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if photo is None:
        raise BadPortrait(f"{path.name} is not a picture OpenCV can read; take JPEG or PNG")
    longest = max(photo.shape[:2])
    if longest > MAX_SIDE_PX:
        scale = MAX_SIDE_PX / longest
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    out: U8 = photo
    return out


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m export fit-avatar", description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--name", required=True, help="a-z, 0-9, - and _")
    parser.add_argument("--title", default="", help="shown to people")
    parser.add_argument("--credit", default="", help="who made the portrait, and its licence")
    parser.add_argument(
        "--attribute",
        type=_attribute,
        action="append",
        default=[],
        metavar="KEY=TEXT",
        help="for scene text: age, sex, skin, hair, clothes, setting; may be repeated",
    )
    parser.add_argument("--out", type=Path, default=BUILTIN, help="folder of avatars")
    parser.add_argument("--replace", action="store_true", help="overwrite an avatar of that name")
    parser.add_argument(
        "--tracker-python",
        type=Path,
        help="interpreter with mediapipe, to find the face by it instead of the server's own nets",
    )
    return parser


def _attribute(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}: wanted KEY=TEXT")
    return key, value


if __name__ == "__main__":
    sys.exit(main())
