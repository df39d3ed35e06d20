"""Portraits become avatars as a user's photo does: through the door of `engines.avatars.onboard`.

Offline; main thread; a second or some a portrait.
Never takes a portrait that training saw: the held-out names come with the face nets' weights.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.avatars.bundle import Avatar, AvatarError
from engines.avatars.consent import give
from engines.avatars.fit import BadPortrait
from engines.avatars.intake import BadImage, decode
from engines.avatars.onboard import Onboarder
from engines.avatars.shelf import Shelf
from engines.avatars.store import AvatarStore, default_store
from engines.face.finder import BadFace, FaceFinder
from engines.face.weights import DEFAULT_FOLDER
from engines.values import U8
from export.data.faces import FacesMissing

STATEMENT = "A made portrait of nobody; used to measure how avatars move."


@dataclass(frozen=True, slots=True)
class Person:
    """One portrait and what became of it."""

    name: str
    avatar: Avatar | None
    photo: U8
    """u8[H,W,3] BGR, as it was given; empty when it could not be read."""
    cpu_s: float
    """CPU seconds of making the avatar, from the file's bytes to the folder on disk."""
    refusal: str = ""
    """Why not, in the words a user would read."""
    bundle_bytes: int = 0
    """Of the avatar's folder on disk."""


def held_out(data: Path, weights: Path = DEFAULT_FOLDER) -> list[Path]:
    """The portraits the face nets never saw. Raises FacesMissing."""
    names = json.loads((weights / "manifest.json").read_text("utf-8"))["held_out"]
    files = [data / "portraits" / f"{name}.jpg" for name in names]
    missing = [f.name for f in files if not f.is_file()]
    if missing:
        raise FacesMissing(
            f"{len(missing)} of {len(files)} held-out portraits are not under {data / 'portraits'} "
            f"({missing[0]} ...); pass --data FOLDER or --smoke"
        )
    return files


def make_people(files: list[Path], folder: Path) -> Iterator[Person]:
    """Avatars of the files, kept in `folder`; one at a time."""
    shelf = Shelf(folder)
    onboarder = Onboarder(FaceFinder.load(), shelf)
    for file in files:
        name = file.stem.replace("_", "-")
        data = file.read_bytes()
        photo = np.zeros((0, 0, 3), np.uint8)
        began = time.process_time()
        try:
            photo = decode(data)
            began = time.process_time()
            onboarder.create(
                data, name=name, title=name, consent=give(STATEMENT, "", data), replace=True
            )
        except (BadImage, BadFace, BadPortrait) as error:
            seconds = time.process_time() - began
            yield Person(name, None, photo, seconds, f"{type(error).__name__}: {error}")
            continue
        seconds = time.process_time() - began
        size = folder_bytes(folder / name)
        yield Person(name, AvatarStore([folder]).load(name), photo, seconds, "", size)


def built_in() -> Iterator[Person]:
    """The avatars that come with the program. Raises AvatarError."""
    store = default_store()
    names = store.names()
    if not names:
        raise AvatarError("no built-in avatars in this installation")
    for name in names:
        avatar = store.load(name)
        size = folder_bytes(store.info(name).folder)
        yield Person(name, avatar, avatar.portrait, 0.0, "", size)


def folder_bytes(folder: Path) -> int:
    """Size of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
