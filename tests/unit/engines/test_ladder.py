"""When sessions step down in quality, and up again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engines.scheduler import Ladder, Limits, Load, climb, use

LIMITS = Limits()
HELD = 1
"""The foot of a ladder of one way to draw."""


def test_use_counts_renders_at_the_rung_and_motion_always() -> None:
    loads = {"a": Load((0.02,), motion_s=0.002), "b": Load((0.02,), motion_s=0.002)}
    assert use(loads, Ladder()) == pytest.approx(2 * 25 * 0.022)
    assert use(loads, Ladder({"a": HELD})) == pytest.approx(25 * 0.022 + 25 * 0.002 + 12.5 * 0.02)


def test_whoever_comes_in_finds_room_before_anything_is_late() -> None:
    loads = {"a": Load((0.020,)), "b": Load((0.022,))}
    ladder = climb(0.0, {"a": loads["a"]}, Ladder(), LIMITS)
    assert ladder.rungs == {"a": 0}
    assert climb(0.1, loads, ladder, LIMITS).rungs == {"a": 0, "b": HELD}


def test_nothing_is_done_for_one_of_whom_nothing_is_known() -> None:
    assert climb(0.0, {"a": Load()}, Ladder(), LIMITS).rungs == {"a": 0}


def test_a_measured_load_steps_down_once_and_waits_to_see_what_it_did() -> None:
    loads = {"a": Load((0.020,)), "b": Load((0.022,))}
    ladder = Ladder({"a": 0, "b": 0})
    ladder = climb(0.3, loads, climb(0.0, loads, ladder, LIMITS), LIMITS)
    assert ladder.rungs == {"a": 0, "b": HELD}
    assert climb(0.7, loads, ladder, LIMITS).rungs == {"a": 0, "b": HELD}


def test_boxes_are_given_up_before_pictures_are_held() -> None:
    drawing, bare = Load((0.036, 0.029, 0.024, 0.010)), Load((0.010,))
    loads = {"bare": bare, "drawing": drawing}
    ladder = climb(0.0, loads, Ladder(), LIMITS)
    assert ladder.rungs == {"bare": 0, "drawing": 2}
    assert use(loads, ladder) <= LIMITS.down(2)


def test_two_that_draw_alike_step_down_evenly() -> None:
    each = Load((0.027, 0.020, 0.012), motion_s=0.003)
    loads = {"a": each, "b": each}
    ladder = climb(0.0, loads, Ladder(), LIMITS)
    assert ladder.rungs == {"a": 2, "b": 2} and use(loads, ladder) == pytest.approx(0.75)


def test_it_steps_as_far_as_it_takes_but_not_past_what_is_known() -> None:
    pressed = Ladder({"a": 0}, pressed_since_s=-0.3)
    known = {"a": Load((0.060, 0.045, 0.012))}
    assert climb(0.0, known, pressed, LIMITS).rungs == {"a": 2}
    unknown = {"a": Load((0.060, 0.060, 0.060))}
    assert climb(0.0, unknown, pressed, LIMITS).rungs == {"a": 1}


def test_one_that_asked_for_less_never_gets_more() -> None:
    modest = {"a": Load((0.020, 0.010), best=1)}
    ladder = climb(0.0, modest, Ladder(), LIMITS)
    for now_s in range(1, 100):
        ladder = climb(float(now_s), modest, ladder, LIMITS)
    assert ladder.rungs == {"a": 1}


def test_a_hiccup_is_not_a_load() -> None:
    heavy, light = {"a": Load((0.05,))}, {"a": Load((0.01,))}
    ladder = Ladder({"a": 0})
    for now_s in (0.0, 0.25, 0.35, 0.6):
        ladder = climb(now_s, heavy if now_s != 0.25 else light, ladder, LIMITS)
        assert ladder.rungs == {"a": 0}
    assert climb(0.65, heavy, ladder, LIMITS).rungs == {"a": HELD}


def test_the_ladder_steps_down_whom_lateness_hurts() -> None:
    loads = {"a": Load((0.001,), late_share=0.3, late_s=-0.1), "b": Load((0.002,))}
    for since_s, rung in ((-3.0, HELD), (-2.9, 0)):
        pressed = Ladder({"a": 0, "b": 0}, pressed_since_s=since_s)
        assert climb(0.0, loads, pressed, LIMITS).rungs == {"a": rung, "b": 0}
    boxes = {"a": replace(loads["a"], costs_s=(0.002, 0.001)), "b": loads["b"]}
    for since_s, rung in ((-1.0, 1), (-0.9, 0)):
        pressed = Ladder({"a": 0, "b": 0}, pressed_since_s=since_s)
        assert climb(0.0, boxes, pressed, LIMITS).rungs == {"a": rung, "b": 0}


def test_whoever_is_held_goes_on_soon_after_the_last_late_frame() -> None:
    """Half as many pictures count half as fast: the running share is still high by then."""
    ladder, load = Ladder({"a": HELD}), Load((0.01,), late_share=0.5, late_s=1.0)
    let_go = [
        tick / 10
        for tick in range(60)
        if (ladder := climb(tick / 10, {"a": load}, ladder, LIMITS)).rung("a") == 0
    ]
    assert 3.5 <= let_go[0] <= 3.8
    taken_back = replace(ladder, rungs={"a": HELD}, changed_s=9.0, patience_s=8.0)
    for now_s in (10.0, 17.9, 18.0):
        taken_back = climb(now_s, {"a": load}, taken_back, LIMITS)
        assert taken_back.rung("a") == (HELD if now_s < 18 else 0)


def test_pictures_are_held_only_when_about_as_many_are_lost_anyway() -> None:
    pressed = Ladder({"a": 0}, pressed_since_s=-5.0)
    boxes = Load((0.002, 0.001), late_share=0.15, late_s=0.0)
    assert climb(0.0, {"a": boxes}, pressed, LIMITS).rungs == {"a": 1}
    bare = Load((0.002,), late_share=0.2, late_s=0.0)
    assert climb(0.0, {"a": bare}, pressed, LIMITS).rungs == {"a": 0}
    for cost_s, rungs in ((0.037, {"a": 0}), (0.038, {"a": HELD})):
        assert climb(0.0, {"a": Load((cost_s,))}, pressed, LIMITS).rungs == rungs
    # With a box to give up less is enough, and it is not given up further than that.
    costs_s = (0.036, 0.0355, 0.030)
    assert climb(0.0, {"a": Load(costs_s)}, pressed, LIMITS).rungs == {"a": 2}


def test_all_who_are_held_are_let_go_together_where_there_is_room() -> None:
    for cost_s, left in ((0.009, []), (0.010, ["b", "c", "d"])):
        loads = {name: Load((cost_s,)) for name in "abcd"}
        ladder = Ladder(dict.fromkeys(loads, HELD), changed_s=0.0)
        for now_s in (1.0, 5.0):
            ladder = climb(now_s, loads, ladder, LIMITS)
        assert [name for name, rung in ladder.rungs.items() if rung] == left


def test_frames_lost_in_a_stall_that_is_over_cost_nobody_a_rung() -> None:
    """A second of late frames, then none: however high the share, it is no load."""
    ladder = Ladder({"a": 0, "b": 0})
    for tick in range(80):
        now_s = tick / 25
        late_s = min(now_s, 0.4)
        load = Load((0.004,), late_share=0.9, late_s=late_s)
        ladder = climb(now_s, {"a": load, "b": load}, ladder, LIMITS)
    assert ladder.rungs == {"a": 0, "b": 0} and ladder.downs == 0


def test_many_may_fill_the_thread_further_than_one() -> None:
    assert [round(LIMITS.down(count), 3) for count in (0, 1, 4, 9)] == [0.85, 0.85, 0.925, 0.95]
    assert [round(LIMITS.up(count), 3) for count in (1, 4)] == [0.78, 0.89]
    assert Limits(pooled=False).down(9) == 0.85 and Limits(pooled=False).up(9) == 0.78
    four = {name: Load((0.0092,)) for name in "abcd"}
    assert set(climb(0.0, four, Ladder(), LIMITS).rungs.values()) == {0}
    five = four | {"e": Load((0.0092,))}
    assert HELD in climb(0.0, five, Ladder(), LIMITS).rungs.values()


def test_the_ladder_cannot_go_below_its_foot() -> None:
    loads = {"a": Load((0.2,))}
    ladder = climb(0.0, loads, Ladder({"a": HELD}, changed_s=-9.0), LIMITS)
    assert ladder.rungs == {"a": HELD}


def test_the_ladder_steps_up_after_a_long_calm() -> None:
    ladder = Ladder({"a": HELD}, changed_s=0.0)
    loads = {"a": Load((0.01,))}
    for now_s in (1.0, 2.0, 2.9):
        ladder = climb(now_s, loads, ladder, LIMITS)
        assert ladder.rung("a") == HELD
    assert climb(3.0, loads, ladder, LIMITS).rung("a") == 0
    boxes = {"a": Load((0.01, 0.005))}
    ladder = Ladder({"a": 1}, changed_s=0.0)
    for now_s in (1.0, 2.0, 4.9):
        ladder = climb(now_s, boxes, ladder, LIMITS)
        assert ladder.rung("a") == 1
    assert climb(5.0, boxes, ladder, LIMITS).rung("a") == 0


def test_steps_up_are_taken_one_at_a_time_by_the_one_furthest_down() -> None:
    loads = {"a": Load((0.012, 0.009, 0.004)), "b": Load((0.012, 0.009, 0.004))}
    ladder = Ladder({"a": 3, "b": 1}, changed_s=0.0)
    seen: list[dict[str, int]] = []
    for tick in range(1, 300):
        ladder = climb(tick / 10, loads, ladder, LIMITS)
        if not seen or seen[-1] != ladder.rungs:
            seen.append(dict(ladder.rungs))
    assert [tuple(rungs.values()) for rungs in seen] == [(3, 1), (2, 1), (1, 1), (0, 1), (0, 0)]


def test_of_hundreds_many_step_up_at_a_time_but_no_more_than_fit() -> None:
    loads = {f"s{at:03}": Load((0.0001, 0.00005)) for at in range(160)}
    ladder = Ladder(dict.fromkeys(loads, 1), changed_s=0.0)
    for now_s in (1.0, 5.0):
        ladder = climb(now_s, loads, ladder, LIMITS)
    assert (list(ladder.rungs.values()).count(0), ladder.ups) == (10, 10)
    full = {name: Load((0.0035, 0.000185)) for name in loads}
    ladder = Ladder(dict.fromkeys(loads, 1), changed_s=0.0)
    for now_s in (1.0, 5.0):
        ladder = climb(now_s, full, ladder, Limits(step_up_use=0.83))
    assert list(ladder.rungs.values()).count(0) == 1


def test_steps_are_counted_for_the_metrics() -> None:
    loads = {"a": Load((0.060, 0.045, 0.012))}
    assert climb(0.0, loads, Ladder({"a": 0}, pressed_since_s=-0.3), LIMITS).downs == 2


def test_calm_begins_again_after_a_bad_moment() -> None:
    ladder = climb(1.0, {"a": Load((0.01,))}, Ladder({"a": HELD}, changed_s=0.0), LIMITS)
    ladder = climb(4.0, {"a": Load((0.036,))}, ladder, LIMITS)
    ladder = climb(5.0, {"a": Load((0.01,))}, ladder, LIMITS)
    assert ladder.rung("a") == HELD
    assert ladder.calm_since_s == 5.0


def test_a_step_up_taken_back_doubles_the_patience() -> None:
    loads = {"a": Load((0.04,))}
    raised = Ladder({"a": 0}, raised_s=20.0, changed_s=20.0, pressed_since_s=20.0)
    assert climb(21.0, loads, raised, LIMITS).patience_s == 8.0
    again = replace(raised, patience_s=8.0)
    # Long after a step up it is another load, and patience begins anew.
    assert climb(41.0, loads, raised, LIMITS).patience_s == 0.0
    assert climb(21.0, loads, again, LIMITS).patience_s == 16.0
    ladder = replace(raised, patience_s=50.0)
    assert climb(21.0, loads, ladder, LIMITS).patience_s == 60.0


def test_a_closed_session_leaves_the_ladder() -> None:
    assert climb(0.0, {}, Ladder({"a": HELD}), LIMITS).rungs == {}
