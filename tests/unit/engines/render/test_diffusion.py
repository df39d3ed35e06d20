"""Boxes over the motion frame: where, how much, which, and what a session keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engines.render.boxes import EYE, MOUTH, Boxes, Kind
from engines.render.conditions import Cues
from engines.render.diffusion import FADE_FRAMES, DiffusionRenderer, efforts
from engines.render.nets import RendererNets
from engines.render.stage import Stage
from engines.render.warp import WarpRenderer
from engines.values import F32, MOTION_SIZE, U8
from tests.support.sample_avatar import motion, sample
from tests.support.tiny_renderer import tiny_nets

SIZE = 256
REST = np.zeros(MOTION_SIZE, np.float32)
TALK = motion(jawOpen=0.4, headYaw=0.1)
BARE = 2
"""Effort: the motion frame alone."""


@pytest.fixture(scope="module")
def renderer() -> DiffusionRenderer:
    return DiffusionRenderer(sample(), SIZE, nets=tiny_nets())


def warped(values: F32, size: int = SIZE, stage: Stage | None = None) -> U8:
    plain = WarpRenderer(sample(), size, stage) if stage else WarpRenderer(sample(), size)
    return plain.render(plain.new_state(), values)


def far(one: U8, other: U8) -> U8:
    out: U8 = np.abs(one.astype(int) - other).max(2).astype(np.uint8)
    return out


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_nets_that_draw_nothing_leave_the_motion_frame(size: int) -> None:
    silent = DiffusionRenderer(sample(), size, nets=tiny_nets(gain=0.0))
    image = silent.render(silent.new_state(), TALK)
    np.testing.assert_array_equal(image, warped(TALK, size))


@pytest.mark.parametrize("size", [256, 1024])
def test_only_the_boxes_change(size: int) -> None:
    drawing = DiffusionRenderer(sample(), size, nets=tiny_nets())
    change = far(drawing.render(drawing.new_state(), TALK), warped(TALK, size))
    inside = np.zeros((size, size), bool)
    for box in Boxes(WarpRenderer(sample(), size).mesh(REST).placed).place(
        WarpRenderer(sample(), size).mesh(TALK).placed
    ):
        h, w = box.kind.shape
        corners = np.array([[-1, -1, 1], [w, -1, 1], [-1, h, 1], [w, h, 1]]) @ box.to_picture.T
        x0, y0 = np.floor(corners.min(0)).astype(int)
        x1, y1 = np.ceil(corners.max(0)).astype(int) + 1
        assert change[y0:y1, x0:x1].max() > 3
        inside[y0:y1, x0:x1] = True
    assert change[~inside].max() == 0


def test_a_mirrored_stage_mirrors_what_was_drawn() -> None:
    plain = DiffusionRenderer(sample(), SIZE, nets=tiny_nets())
    turned = DiffusionRenderer(sample(), SIZE, Stage(mirrored=True), nets=tiny_nets())
    one, other = (each.render(each.new_state(), TALK) for each in (plain, turned))
    np.testing.assert_array_equal(one, other[:, ::-1])


def test_ways_to_draw_get_cheaper_and_end_at_the_motion_frame() -> None:
    assert [way.name for way in efforts([MOUTH, EYE], 2)] == [
        *("2 steps", "1 step", "mouth", "motion frame")
    ]
    assert [way.name for way in efforts([MOUTH, EYE], 1)] == ["1 step", "mouth", "motion frame"]
    assert [way.name for way in efforts([EYE], 1)] == ["1 step", "motion frame"]
    assert [way.name for way in efforts([MOUTH], 1)] == ["1 step", "motion frame"]
    assert [way.name for way in efforts([], 3)] == ["motion frame"]


def test_the_barest_way_is_the_motion_frame(renderer: DiffusionRenderer) -> None:
    state = renderer.new_state()
    np.testing.assert_array_equal(renderer.render(state, TALK, effort=BARE), warped(TALK))
    assert [box.drawn for box in state.boxes.values()] == [0, 0]


def test_a_box_goes_and_comes_back_softly(renderer: DiffusionRenderer) -> None:
    state = renderer.new_state()
    away = [far(renderer.render(state, TALK), warped(TALK)).astype(int).sum()]
    away += [
        far(renderer.render(state, TALK, effort=BARE), warped(TALK)).astype(int).sum()
        for _ in range(FADE_FRAMES)
    ]
    assert away == sorted(away, reverse=True) and away[-2] > 0 == away[-1]
    assert state.boxes[MOUTH].drawn == FADE_FRAMES and not state.boxes[MOUTH].previous.any()
    back = [
        far(renderer.render(state, TALK), warped(TALK)).astype(int).sum()
        for _ in range(FADE_FRAMES)
    ]
    assert back == sorted(back) and 0 < back[0] < 0.6 * back[-1]


def test_the_mouth_alone_leaves_the_eyes(renderer: DiffusionRenderer) -> None:
    state = renderer.new_state()
    renderer.render(state, TALK, effort=1)
    assert state.boxes[MOUTH].drawn == 1 and state.boxes[EYE].drawn == 0


def test_a_session_goes_on_from_what_it_drew(renderer: DiffusionRenderer) -> None:
    state = renderer.new_state()
    first, second = renderer.render(state, TALK), renderer.render(state, TALK)
    assert far(first, second).max() > 0, "the residual before is an input"


def test_noise_is_the_sessions_own_and_the_same_in_every_frame(
    renderer: DiffusionRenderer,
) -> None:
    one, same, other = (renderer.new_state(seed) for seed in (1, 1, 2))
    images = [renderer.render(state, TALK) for state in (one, same, other)]
    np.testing.assert_array_equal(images[0], images[1])
    assert far(images[0], images[2]).max() > 0
    kept = one.boxes[MOUTH].noise.copy()
    renderer.render(one, REST)
    np.testing.assert_array_equal(one.boxes[MOUTH].noise, kept)


def test_known_cues_count_and_unknown_ones_do_not(renderer: DiffusionRenderer) -> None:
    def drawn(cues: Cues) -> U8:
        return renderer.render(renderer.new_state(), TALK, cues)

    plain = drawn(Cues())
    assert far(drawn(Cues(sound=np.ones(80, np.float32))), plain).max() > 0
    np.testing.assert_array_equal(drawn(Cues(emotion=np.ones(64, np.float32))), plain)


def test_more_steps_run_the_net_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    inner = RendererNets.residual

    def counted(
        self: RendererNets, kind: Kind, feeds: dict[str, F32], *more: Any, **how: Any
    ) -> F32:
        runs.append(f"{feeds['time'][0, 0]:.2f}")
        return inner(self, kind, feeds, *more, **how)

    monkeypatch.setattr(RendererNets, "residual", counted)
    drawing = DiffusionRenderer(sample(), SIZE, nets=tiny_nets(), steps=2)
    drawing.render(drawing.new_state(), TALK)
    assert len(runs) == 4 and runs[0] == runs[2] == "1.00"


def test_a_photo_that_the_nets_do_no_good_is_left_alone() -> None:
    nets = tiny_nets()
    none = replace(sample(), paste={"mouth": 0.0, "eye": 0.0}, paste_nets=nets.digest)
    drawing = DiffusionRenderer(none, SIZE, nets=nets)
    assert drawing.efforts == ("motion frame",)
    np.testing.assert_array_equal(drawing.render(drawing.new_state(), TALK), warped(TALK))


def test_a_share_weakens_and_one_for_other_nets_says_nothing() -> None:
    nets = tiny_nets()
    half = replace(sample(), paste={"mouth": 0.5}, paste_nets=nets.digest)
    stale = replace(sample(), paste={"mouth": 0.0}, paste_nets="of another version")
    change = []
    for avatar in (sample(), half, stale):
        drawing = DiffusionRenderer(avatar, SIZE, nets=nets)
        image = drawing.render(drawing.new_state(), TALK, effort=1)
        change.append(far(image, warped(TALK)).astype(int).sum())
    assert 0.3 * change[0] < change[1] < 0.7 * change[0] and change[2] == change[0]


def test_what_is_no_number_is_told() -> None:
    broken = DiffusionRenderer(sample(), SIZE, nets=tiny_nets(gain=float("nan")))
    with pytest.raises(FloatingPointError, match="mouth"):
        broken.render(broken.new_state(), TALK)


def test_steps_have_a_limit() -> None:
    with pytest.raises(ValueError, match="1 to 4"):
        DiffusionRenderer(sample(), SIZE, nets=tiny_nets(), steps=5)


def test_stages_are_timed(renderer: DiffusionRenderer) -> None:
    state = renderer.new_state()
    renderer.render(state, TALK)
    assert {"mesh", "boxes", "mouth net", "eye net", "paste"} <= set(state.stage_s)
    assert state.frames == 1
