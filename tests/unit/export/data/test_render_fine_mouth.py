"""A mouth drawn well: where the motion frame has it, in its colours, and of more relief."""

from __future__ import annotations

import numpy as np
import pytest

from engines.render.boxes import Boxes
from engines.render.geometry import Geometry
from engines.render.rig import load_rig
from engines.render.teeth import Stand, rig_row
from engines.render.warp import WarpRenderer
from engines.values import F32, U8
from export.data.render_fine_mouth import FineMouth
from tests.support.sample_avatar import motion, sample


def both(**shapes: float) -> tuple[U8, U8, U8]:
    """Motion frame and the same drawn well, u8[96,128,3] each, and the opening u8[96,128]."""
    plain, fine = WarpRenderer(sample()), WarpRenderer(sample(), mouth=FineMouth)
    mesh = plain.mesh(motion(**shapes))
    box = Boxes(sample().landmarks).place(mesh.placed)[0]
    pictures = [box.cut(way.draw(way.new_state(), mesh)) for way in (plain, fine)]
    return pictures[0], pictures[1], box.masks()[0]


def test_nothing_outside_the_mouth_is_another() -> None:
    picture, truth, opening = both(jawOpen=0.5, mouthUpperUpLeft=0.3, mouthUpperUpRight=0.3)
    changed = np.abs(truth.astype(int) - picture).max(2)
    # The lips' line is soft, and the photo's creases at the corners belong to the opening.
    rows, columns = (np.flatnonzero((opening > 127).any(axis)) for axis in (1, 0))
    inside = np.zeros_like(opening, bool)
    inside[rows[0] - 4 : rows[-1] + 13, columns[0] - 8 : columns[-1] + 9] = True
    assert changed[inside].mean() > 3
    assert changed[~inside].max() == 0
    # The lower lip is wet where it was inside.
    lip = np.zeros_like(inside)
    lip[rows[-1] + 1 : rows[-1] + 4, columns.mean().astype(int) - 15 : columns[-1] - 15] = True
    assert changed[lip].mean() > 1


def test_shut_lips_stay_as_they_are() -> None:
    picture, truth, _ = both()
    assert (picture == truth).all()


@pytest.mark.parametrize("funnel", [0.0, 0.5])
def test_teeth_keep_their_place_and_about_their_light(funnel: float) -> None:
    picture, truth, opening = both(
        jawOpen=0.3, mouthFunnel=funnel, mouthUpperUpLeft=0.5, mouthUpperUpRight=0.5
    )
    grey, fine = (p.astype(float).mean(2) for p in (picture, truth))
    inside = opening > 250
    # Lit teeth are about as light, the throat stays about as dark, and edges lie where they lay.
    lit = inside & (grey >= np.quantile(grey[inside], 0.8))
    assert 0.7 < fine[lit].mean() / grey[lit].mean() < 1.2
    dark = inside & (grey <= np.quantile(grey[inside], 0.2))
    assert abs(fine[dark].mean() - grey[dark].mean()) < 25
    assert np.corrcoef(grey[inside], fine[inside])[0, 1] > 0.8


def test_a_row_darkens_along_the_arch_and_shows_its_gaps() -> None:
    avatar, rig = sample(), load_rig()
    geometry = Geometry(avatar, avatar.size)
    fine = FineMouth(avatar, geometry, rig, avatar.portrait)
    light = np.ones(3, np.float32)
    stand = Stand(20.0, np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    was = rig_row(rig.upper_teeth, rig.upper_origin, rig, stand, light)
    now = fine._row(rig.upper_teeth, rig.upper_origin, rig, stand, light)
    assert (now.corners == was.corners).all() and now.image.shape == was.image.shape
    row = round(1.4 * 20)
    middle, side = round(3.5 * 20), round(1.4 * 20)
    tooth = slice(middle - 8, middle + 8)

    def steep(image: F32) -> float:
        return float(np.abs(np.diff(image[row, tooth, :3].mean(1))).mean())

    assert steep(now.image) > 1.3 * steep(was.image)
    falls = [float(s.image[row, side, 1] / s.image[row, middle + 4, 1]) for s in (was, now)]
    assert falls[1] < falls[0]
