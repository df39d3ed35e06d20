"""The mesh in picture pixels, whatever crop it was seen in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.face import mesh
from engines.face.frame import Frame, frame_of
from engines.face.parts import PARTS
from engines.face.weights import FaceNets, load
from engines.values import F32, U8


class Oracle:
    """A session that knows where each crop lies: mesh.cut is told to write that into it."""

    def __init__(self, name: str, truth: F32, mirror: Any) -> None:
        self.name, self.truth, self.mirror = name, truth, mirror

    def run(self, names: list[str], feed: dict[str, F32]) -> list[F32]:
        out = []
        for crop in feed["pictures"]:
            flip = crop[0, 0, 0] != FIRST
            row = crop[1, 0, ::-1] if flip else crop[1, 0]
            matrix = MATRICES[int(row[0]) * 256 + int(row[1])]
            side = PARTS[self.name].side_px
            xy = (self.truth[:, :2] @ matrix[:, :2].T + matrix[:, 2] - (side - 1) / 2) / side
            points = np.concatenate([xy, self.truth[:, 2:] * 0], 1)
            if flip:
                points = points[self.mirror] * [-1, 1, 1]
            out.append(points[[*PARTS[self.name].points]])
        return [np.stack(out).astype(np.float32)]


FIRST = 77
MATRICES: list[F32] = []


def written(image: U8, matrix: F32, side_px: int) -> U8:
    MATRICES.append(matrix)
    crop = np.zeros((side_px, side_px, 3), np.uint8)
    crop[0, 0, 0] = FIRST
    number = len(MATRICES) - 1
    crop[0, 0, 1], crop[0, 1, 1] = number // 256, number % 256
    return crop


def test_looks_mirrors_and_parts_agree_on_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load()
    rng = np.random.default_rng(2)
    truth = rng.uniform(100, 300, (478, 3)).astype(np.float32)
    truth[:, 2] = 0
    sessions: Any = {n: Oracle(n, truth, shipped.mirror) for n in ("mesh", "lips", "eye")}
    nets = FaceNets(sessions, shipped.mirror, 0.5, 0.05, 0.5)
    monkeypatch.setattr(mesh, "cut", written)
    rough = frame_of(truth)
    start = Frame((rough.centre[0] + 4, rough.centre[1] - 3), rough.unit * 1.1, rough.angle + 0.1)
    found = mesh.measure(np.zeros((400, 400, 3), np.uint8), start, nets)
    assert np.allclose(found.points[:, :2] - mesh.HALF_PIXEL, truth[:, :2], atol=0.2)
    assert found.spread < 0.01


def test_the_shipped_nets_answer_with_finite_points() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    found = mesh.measure(image, Frame((100, 100), 40, 0.0), load())
    assert found.points.shape == (478, 3)
    assert np.isfinite(found.points).all()
    assert found.spread >= 0
