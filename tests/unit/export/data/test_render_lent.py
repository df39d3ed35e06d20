"""Mouths are lent: another's teeth between these lips, and nothing else changed."""

from __future__ import annotations

from functools import cache

import numpy as np

from engines.avatars.neutral import lip_gap
from engines.render import landmarks as lm
from engines.render.geometry import Geometry
from export.data import render_lent
from export.data.render_lent import Lender
from export.data.render_pairs import sorted_by_box
from export.data.render_puppet import Puppet
from export.data.render_stills import Portraits
from tests.support.laughing import laughing
from tests.support.sample_avatar import sample, soft_mask


@cache
def laugher() -> Lender:
    found = render_lent.lender("laughs", *laughing())
    assert found is not None
    return found


def test_closed_lips_and_coloured_teeth_lend_nothing() -> None:
    assert render_lent.lender("shut", sample().portrait, sample().landmarks) is None
    photo, points = laughing()
    orange = photo.copy()
    orange[..., 0] //= 2
    assert render_lent.lender("orange", orange, points) is None
    assert laugher().moved.shape == (lm.MESH_POINTS, 3) and np.abs(laugher().moved).max() < 0.6


def test_the_mouth_is_worn_more_or_less_open() -> None:
    geometry = Geometry(sample(), sample().size)
    rng = np.random.default_rng(0)
    still = np.zeros_like(render_lent.random_loan(rng).turn)
    gaps = [
        lip_gap(
            render_lent.landmarks(
                geometry, sample().landmarks, laugher(), render_lent.Loan(1.0, seal, still)
            )
        )
        for seal in (-0.1, 0.0, 0.4)
    ]
    assert gaps[0] > gaps[1] > gaps[2] > 0.03


def test_only_the_opening_is_the_lenders() -> None:
    puppet, geometry = Puppet(sample()), Geometry(sample(), sample().size)
    loan = render_lent.random_loan(np.random.default_rng(1))
    seen = render_lent.landmarks(geometry, sample().landmarks, laugher(), loan)
    made = render_lent.lent(puppet.drawn(seen, sample().portrait), laugher())
    changed = np.abs(made.truth.astype(int) - made.picture).max(2) > 0
    rows, columns = np.nonzero(changed)
    low, high = made.mesh.placed[[13, 14], 1]
    assert changed.sum() > 100
    assert rows.min() > low - 12 and rows.max() < high + 8
    left, right = made.mesh.placed[[lm.MOUTH_LEFT, lm.MOUTH_RIGHT], 0]
    assert columns.min() > left and columns.max() < right


def test_a_mouth_lent_to_its_own_face_is_its_own() -> None:
    photo, points = laughing()
    puppet = Puppet(sample())
    drawn = puppet.drawn(points, photo)
    made = render_lent.lent(drawn, laugher())
    x, y = np.rint(points[[13, 14], :2].mean(0)).astype(int)
    part = np.s_[y - 3 : y + 3, x - 20 : x + 20]
    assert np.abs(made.truth[part].astype(int) - photo[part]).mean() < 12


def test_nobody_wears_their_own() -> None:
    mask = (soft_mask() * 255).astype(np.uint8)
    photo, points = sample().portrait, sample().landmarks
    people = Portraits(["one"], photo[None], points[None], mask[None])
    own = Lender("one", *laughing(), laugher().moved)
    assert not list(render_lent.make(people, [own], 2, 1, lambda: None))
    found = sorted_by_box(list(render_lent.make(people, [laugher()], 2, 1, lambda: None)))["mouth"]
    assert len(found) == 2 and set(found.kind) == {"lent"} and found.has_previous.all()


def test_those_who_laugh_are_found() -> None:
    mask = (soft_mask() * 255).astype(np.uint8)
    photos = np.stack([sample().portrait, laughing()[0]])
    points = np.stack([sample().landmarks, laughing()[1]])
    people = Portraits(["one", "two"], photos, points, np.stack([mask, mask]))
    assert [who.name for who in render_lent.lenders(people)] == ["two"]
