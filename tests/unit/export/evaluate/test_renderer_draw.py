"""Ways to draw test pairs: floors, steps, and what is switched off."""

from __future__ import annotations

import pytest

from engines.render.boxes import EYE, MOUTH
from export.evaluate.renderer_draw import OFF, STILL, Way, draw, floors, hidden, switched_off
from tests.support.made_pairs import ERROR, Mender, made_pairs


def test_floors_draw_nothing() -> None:
    pairs = made_pairs(3)
    frame, still = floors()
    assert (draw(frame, MOUTH, pairs) == pairs.picture).all()
    assert still.name == STILL and (draw(still, MOUTH, pairs) == pairs.rest).all()


@pytest.mark.parametrize("box", [MOUTH, EYE])
def test_a_residual_is_added_and_faded_at_the_edge(box) -> None:  # type: ignore[no-untyped-def]
    pairs = made_pairs(9, box)
    drawn = draw(Way("1 step", Mender()), box, pairs)
    middle = drawn[:, box.height // 2, box.width // 2].astype(int)
    was = pairs.picture[:, box.height // 2, box.width // 2]
    assert (middle - was == ERROR).all()
    assert (drawn[:, 0] == pairs.picture[:, 0]).all()


def test_what_came_before_is_drawn_by_the_net_and_only_where_there_was_something() -> None:
    pairs, nets = made_pairs(4), Mender()
    draw(Way("1 step", nets), MOUTH, pairs)
    first, second = nets.fed
    assert not first["previous"].any()
    filled = second["previous"].reshape(4, -1).any(1)
    assert filled.tolist() == [False, True, True, True]


def test_steps_and_regressors_see_other_noise() -> None:
    pairs, nets = made_pairs(1), Mender()
    draw(Way("2 steps", nets, 2), MOUTH, pairs)
    assert [float(f["time"][0, 0]) for f in nets.fed] == [1.0, 0.5]
    assert nets.fed[0]["noised"].std() == pytest.approx(0.15, rel=0.1)
    draw(Way("plain", nets, plain=True), MOUTH, pairs)
    assert not nets.fed[-1]["noised"].any() and float(nets.fed[-1]["time"][0, 0]) == 1.0


def test_each_conditioning_goes_alone() -> None:
    pairs = made_pairs(4)
    full = pairs.condition
    for name, gone in (("motion", 58), ("sound", 81), ("emotion", 65), ("manner", 8)):
        assert int((hidden(full, name) != full).sum()) == gone * len(full)
    assert hidden(full, "previous") is full
    for way in switched_off(Way("1 step", Mender())):
        nets = Mender()
        draw(Way(way.name, nets, without=way.without), MOUTH, pairs)
        fed = nets.fed[-1]
        assert fed["reference"].any() == (way.without != "reference")
        assert fed["previous"].any() == (way.without != "previous")
    assert len(OFF) == 6
