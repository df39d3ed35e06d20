"""The person's mask at the photo's size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engines.face.matte import SIDE_PX, person_mask
from engines.face.weights import load
from engines.values import F32, U8


class Halves:
    """Says that the left half of any picture is person."""

    def run(self, name: str, crops: U8, output: str) -> F32:
        assert (name, output) == ("scene", "person")
        out = np.full((len(crops), 1, SIDE_PX, SIDE_PX), -9, np.float32)
        bright = crops[..., 0] > 127
        out[:, 0][bright] = 9
        return out


def test_the_mask_has_the_photos_size_and_keeps_to_its_edge() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    photo[:, :203] = 255
    run: Callable[..., F32] = Halves().run
    nets = load()
    object.__setattr__(nets, "sessions", {"scene": _Session(run)})
    mask = person_mask(photo, nets)
    assert mask.shape == (300, 400)
    assert mask.dtype == np.float32
    assert mask[:, :198].min() > 0.9
    assert mask[:, 208:].max() < 0.1


class _Session:
    """An onnxruntime session that asks a Python function."""

    def __init__(self, run: Callable[..., F32]) -> None:
        self._run = run

    def run(self, names: list[str], feed: dict[str, F32]) -> list[F32]:
        crops = feed["pictures"].transpose(0, 2, 3, 1).astype(np.uint8)
        return [self._run("scene", crops, names[0])]
