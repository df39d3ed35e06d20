"""`python -m export fit-avatar IMAGE --name N`: a portrait becomes an avatar folder.

Offline program, main thread; a few seconds.
Never uploads anything, never overwrites an avatar unless told to.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.avatars.bundle import AvatarError, check_name, load, save
from engines.avatars.fit import BadPortrait, fit
from engines.avatars.store import BUILTIN
from engines.render.cv import cv2
from engines.values import U8
from export.rig.tracker import TrackerFailed, track

MAX_FILE_MIB = 32
MAX_SIDE_PX = 1600
"""Larger photos are shrunk first: an avatar is 512 pixels wide."""
TRACKER_ENV = "SYNCHRORAMA_TRACKER_PYTHON"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        photo = read_photo(args.image)
        make(photo, args)
    except (BadPortrait, TrackerFailed, AvatarError, OSError, ValueError) as error:
        sys.stderr.write(f"fit-avatar: {error}\n")
        return 1
    folder: Path = args.out / args.name
    size = sum(p.stat().st_size for p in folder.iterdir())
    print(f"{folder}: {size / 2**20:.2f} MiB")
    return 0


def make(photo: U8, args: argparse.Namespace) -> None:
    """Track, fit, save and read back. Raises what those raise."""
    # Before anything else: `--name ..` must never name a folder to replace.
    check_name(args.name)
    folder: Path = args.out / args.name
    if folder.exists() and not args.replace:
        raise FileExistsError(f"{folder} exists; add --replace")
    tracked = track(photo[None], args.tracker_python)
    faces = int(tracked.faces[0])
    if faces != 1:
        raise BadPortrait(f"found {faces} faces; take a photo with one face, seen from the front")
    avatar = fit(
        photo,
        tracked.landmarks[0],
        tracked.matte[0],
        name=args.name,
        title=args.title or args.name.capitalize(),
        credit=args.credit,
    )
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out, prefix=".making-") as aside:
        made = Path(aside, args.name)
        save(avatar, made)
        load(made)
        # The one before goes only once the new one is whole.
        if folder.exists():
            shutil.rmtree(folder)
        made.replace(folder)


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
    parser.add_argument("--out", type=Path, default=BUILTIN, help="folder of avatars")
    parser.add_argument("--replace", action="store_true", help="overwrite an avatar of that name")
    parser.add_argument(
        "--tracker-python",
        type=Path,
        default=Path(os.environ.get(TRACKER_ENV, sys.executable)),
        help=f"interpreter with mediapipe (default: ${TRACKER_ENV}, else this one)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
