"""The inside of a mouth: jaw and tongue move, light falls off, each person is another."""

from __future__ import annotations

import numpy as np

from engines.values import F32
from export.data.render_rig_mouth import Held, Looks, RigMouth, random_looks
from tests.support.tiny_mouth import tiny_head

MOUTH = RigMouth(tiny_head())
SHAPE = (90, 120)
PX = 20.0


def looks(seed: int = 0) -> Looks:
    tooth, lip = np.array([190, 204, 214], np.float32), np.array([90, 90, 160], np.float32)
    return random_looks(tooth, lip, np.random.default_rng(seed))


def held(jaw: float, up: float = 0, out: float = 0) -> Held:
    return Held(np.array([jaw, 0, 0, 0], np.float32), up, out)


def drawn(how: Held, who: Looks) -> tuple[F32, F32]:
    posed = MOUTH.posed(who, how)
    placed = PX * posed * np.array([1, -1, 1], np.float32) + [60, 40, 0]
    return MOUTH.draw(posed, placed.astype(np.float32), who, SHAPE)


def test_the_jaw_takes_the_lower_row_and_leaves_the_upper() -> None:
    shut, open_ = (MOUTH.posed(looks(), held(jaw)) for jaw in (0.0, 0.5))
    moved = (open_ - shut)[:, 1]
    assert set(np.unique(np.round(moved, 3))) == {-1.75, 0.0}


def test_the_tongue_rises_at_its_tip() -> None:
    flat, raised = (MOUTH.posed(looks(), held(0.3, up, out)) for up, out in ((0, 0), (1, 0.5)))
    moved = raised - flat
    assert moved[:, 1].max() > 0.5 and moved[:, 1].min() >= 0
    assert moved[:, 2].max() > 0.2
    assert (np.abs(moved).max(1) > 0).sum() < len(moved) / 3


def test_teeth_are_light_and_what_lies_deep_is_dark() -> None:
    colour, cover = drawn(held(0.5), looks())
    assert colour.shape == (*SHAPE, 3) and cover.shape == SHAPE
    assert 0 <= cover.min() and cover.max() <= 1 + 1e-5
    teeth = colour[20:36, 50:70].mean()
    assert teeth > 120
    behind = colour[58:68, 56:64][cover[58:68, 56:64] > 0.9]
    assert len(behind) and behind.mean() < 0.6 * teeth


def test_people_differ_and_one_stays_the_same() -> None:
    first, again, other = (drawn(held(0.2), looks(seed))[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert np.abs(first - other).mean() > 1
