"""A finder that knows one face, and photos with it: onboarding without the nets."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from engines.avatars.bundle import save
from engines.avatars.consent import EXAMPLE, FILE, give
from engines.face.finder import Face, Landmarks
from engines.values import F32, U8
from tests.support.sample_avatar import sample, soft_mask
from tests.unit.engines.avatars.pictures import encode


def photo() -> bytes:
    """The first built-in portrait as a file."""
    return encode(sample().portrait, ".jpg", 1, 95)


@dataclass
class OneFace:
    """Says where the sample's face is, in a picture of any size made from it."""

    error: Exception | None = None
    looked: list[tuple[int, ...]] = field(default_factory=list)

    def find_faces(self, image: U8) -> list[Face]:
        height, width = image.shape[:2]
        box = (0.3 * width, 0.2 * height, 0.4 * width, 0.5 * height)
        return [Face(0.9, box, np.zeros((3, 2), np.float32))]

    def landmarks(self, image: U8) -> Landmarks:
        self.looked.append(image.shape)
        if self.error is not None:
            raise self.error
        scale = image.shape[1] / 512
        points: F32 = (sample().landmarks * scale).astype(np.float32)
        return Landmarks(points, 0.01)

    def matte(self, image: U8, points: F32) -> F32:
        out = np.zeros(image.shape[:2], np.float32)
        mask = soft_mask()
        part: F32 = mask[: image.shape[0], : image.shape[1]]
        out[: part.shape[0], : part.shape[1]] = part
        return out


def save_by_hand(folder: Path, name: str) -> None:
    """A user's avatar made without onboarding."""
    consent = give(EXAMPLE, "Zoe", photo())
    save(replace(sample(), name=name, title="Zoe"), folder / name, {FILE: consent.to_json()})


@cache
def _files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as made:
        save_by_hand(Path(made), "zoe")
        return {path.name: path.read_bytes() for path in Path(made, "zoe").iterdir()}


def put_by_hand(folder: Path, name: str) -> None:
    """The same in a moment: pictures are compressed once for all tests."""
    (folder / name).mkdir(parents=True)
    for file, content in _files().items():
        (folder / name / file).write_bytes(content)
