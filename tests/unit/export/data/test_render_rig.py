"""Mouths of speech on a portrait: only what is between the lips is another."""

from __future__ import annotations

import numpy as np

from engines.render.geometry import Geometry
from engines.render.warp import WarpRenderer
from engines.values import MOTION_INDEX
from export.data import render_rig
from export.data.render_pairs import sorted_by_box
from export.data.render_rig_mouth import RigMouth, random_looks
from export.data.render_stills import Portraits
from tests.support.sample_avatar import motion, sample, soft_mask
from tests.support.tiny_mouth import tiny_head

MOUTH = RigMouth(tiny_head())


def test_sounds_differ_and_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    made = [render_rig.random_mouth(rng) for _ in range(60)]
    motions = np.stack([m for m, _ in made])
    assert motions[:, :52].min() >= 0 and motions[:, :52].max() <= 1
    jaw = motions[:, MOTION_INDEX["jawOpen"]]
    assert jaw.min() < 0.1 and jaw.max() > 0.4
    assert motions[:, MOTION_INDEX["mouthPucker"]].max() > 0.3
    assert max(held.tongue_out for _, held in made) > 0.8
    assert all(held.jaw[0] == m[MOTION_INDEX["jawOpen"]] for m, held in made)


def test_nothing_but_the_opening_changes() -> None:
    avatar, drawing = sample(), WarpRenderer(sample())
    geometry = Geometry(avatar, avatar.size)
    rng = np.random.default_rng(1)
    looks = random_looks(np.array([190, 204, 214], np.float32), avatar.lip_colour, rng)
    wanted, held = render_rig.random_mouth(rng)
    wanted[MOTION_INDEX["jawOpen"]] = 0.6
    mesh = drawing.mesh(wanted)
    picture = drawing.draw(drawing.new_state(), mesh)
    out = render_rig.inside(picture, avatar, geometry, mesh, MOUTH, looks, held, 0.05)
    changed = np.abs(out.astype(int) - picture).max(2) > 0
    rows, columns = np.nonzero(changed)
    low, high = mesh.placed[[13, 14], 1]
    assert changed.sum() > 200
    assert rows.min() > low - 4 and rows.max() < high + 4
    left, right = mesh.placed[[78, 308], 0]
    assert columns.min() > left - 4 and columns.max() < right + 4


def test_shut_lips_stay_as_they_are() -> None:
    avatar, drawing = sample(), WarpRenderer(sample())
    mesh = drawing.mesh(motion())
    picture = drawing.draw(drawing.new_state(), mesh)
    looks = random_looks(avatar.lip_colour, avatar.lip_colour, np.random.default_rng(2))
    held = render_rig.random_mouth(np.random.default_rng(3))[1]
    geometry = Geometry(avatar, avatar.size)
    out = render_rig.inside(picture, avatar, geometry, mesh, MOUTH, looks, held, 0.05)
    assert np.abs(out.astype(int) - picture).mean() < 0.05


def test_a_portrait_speaks() -> None:
    mask = (soft_mask() * 255).astype(np.uint8)
    people = Portraits(["somebody"], sample().portrait[None], sample().landmarks[None], mask[None])
    told: list[int] = []
    rows = list(render_rig.make(people, MOUTH, 3, 4, lambda: told.append(1)))
    found = sorted_by_box(rows)["mouth"]
    assert len(found) == 3 and told == [1] and set(found.kind) == {"rig"}
    hole = found.masks[:, 0] > 200
    away = np.abs(found.picture.astype(int) - found.truth).mean(3)
    assert away[hole].mean() > 4 * away[~hole].mean()
    assert found.has_previous.all() and (found.previous_truth != found.truth).any()
    assert found.condition[:, MOTION_INDEX["jawOpen"]].max() > 0
