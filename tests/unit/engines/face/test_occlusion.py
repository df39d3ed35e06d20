"""What is hidden: sides keep their names, mirrors are turned back."""

from __future__ import annotations

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.face.mesh import LOOKS
from engines.face.occlusion import hidden
from engines.face.weights import FaceNets, load
from engines.values import F32, U8


class Fake:
    """Says the left eye of the plain looks is hidden, and so the right of the mirrors."""

    def __init__(self, plain: tuple[float, float, float], back: tuple[float, float, float]) -> None:
        self.plain, self.back = plain, back
        self.crops: U8 | None = None

    def run(self, names: list[str], feeds: dict[str, F32]) -> list[F32]:
        assert names == ["hidden"]
        self.crops = feeds["pictures"].astype(np.uint8)
        half = len(self.crops) // 2
        return [np.array([self.plain] * half + [self.back] * half, np.float32)]


def nets(fake: Fake) -> FaceNets:
    return FaceNets({"occlusion": fake}, load().mirror, 0.2, 0.03, 0.5)


def test_mirrored_looks_name_the_other_eye() -> None:
    avatar = default_store().load(default_store().names()[0])
    fake = Fake((-9.0, 4.0, -9.0), (-9.0, -9.0, 4.0))
    seen = hidden(avatar.portrait, avatar.landmarks, nets(fake))
    assert seen.left_eye > 0.97 and seen.right_eye < 0.01 and seen.mouth < 0.01
    assert fake.crops is not None and len(fake.crops) == 2 * len(LOOKS)
    pictures = fake.crops.transpose(0, 2, 3, 1)
    assert (pictures[len(LOOKS)] == pictures[0][:, ::-1]).all()


def test_looks_that_disagree_give_half() -> None:
    avatar = default_store().load(default_store().names()[0])
    seen = hidden(avatar.portrait, avatar.landmarks, nets(Fake((5.0, 0, 0), (-5.0, 0, 0))))
    assert seen.mouth == pytest.approx(0.5)
