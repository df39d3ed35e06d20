"""Whole sounds: one picture for each 40 ms, in order, without a thread."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.cues import Cue
from engines.motion.wishes import Act, Wish
from engines.offline import move_file, render_file
from engines.render.stage import Colour, Stage
from engines.values import F32, AudioWindow, MotionFrame, Picture
from tests.support.fake_clock import FakeClock
from tests.support.fake_motion import FakeFault, FakeMotionModel, FakeMotionState
from tests.support.fake_renderer import FakeAvatar, fake_factory
from tests.support.voices import voice


def render(
    audio: F32, *, seed: int = 1, motion: FakeMotionModel | None = None, fail_at: int | None = None
) -> list[Picture]:
    return list(
        render_file(
            audio,
            FakeAvatar(),
            motion or FakeMotionModel(),
            seed=seed,
            size=64,
            renderer_factory=fake_factory(fail_at=fail_at),
        )
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5000), st.sampled_from([640, 1000, 1280]))
def test_the_pictures_cover_the_sound_and_no_more(count: int, lookahead: int) -> None:
    pictures = render(np.zeros(count, np.float32), motion=FakeMotionModel(lookahead=lookahead))
    assert [picture.pts for picture in pictures] == list(range(0, count, 640))


def test_equal_seeds_give_equal_pictures_and_others_do_not() -> None:
    sound = voice(1.0)
    one, same, other = render(sound), render(sound), render(sound, seed=2)
    for first, second in zip(one, same, strict=True):
        np.testing.assert_array_equal(first.image, second.image)
    assert any((a.image != b.image).any() for a, b in zip(one, other, strict=True))


def test_pictures_are_drawn_on_one_thread() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        render(voice(0.2))
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_a_slow_machine_drops_nothing() -> None:
    clock = FakeClock()
    slow = FakeMotionModel(delay_s=3.0, wait=clock.advance)
    assert len(render(voice(2.0), motion=slow)) == 50
    assert clock() > 100


def test_progress_is_told_after_each_picture() -> None:
    told: list[tuple[int, int]] = []
    pictures = render_file(
        voice(0.4),
        FakeAvatar(),
        FakeMotionModel(),
        seed=1,
        size=64,
        on_progress=lambda done, total: told.append((done, total)),
        renderer_factory=fake_factory(),
    )
    for number, _ in enumerate(pictures):
        assert len(told) == number
    assert told == [(done, 10) for done in range(1, 11)]


def test_faults_reach_the_caller() -> None:
    with pytest.raises(FakeFault, match="fails at 1280"):
        render(voice(0.4), motion=FakeMotionModel(fail_at=1280))
    with pytest.raises(FakeFault, match="picture 4 fails"):
        render(voice(0.4), fail_at=4)


def test_stereo_is_refused() -> None:
    with pytest.raises(ValueError, match="mono"):
        render(np.zeros((2, 640), np.float32))


def test_no_thread_is_started() -> None:
    before = threading.active_count()
    pictures = render_file(
        voice(0.2),
        FakeAvatar(),
        FakeMotionModel(),
        seed=1,
        size=64,
        renderer_factory=fake_factory(),
    )
    next(pictures)
    assert threading.active_count() == before
    pictures.close()  # type: ignore[attr-defined]


def test_the_stage_reaches_the_renderer() -> None:
    (picture,) = render_file(
        voice(0.04),
        FakeAvatar(),
        FakeMotionModel(),
        seed=1,
        size=64,
        stage=Stage(Colour((1, 2, 3))),
        renderer_factory=fake_factory(),
    )
    assert (picture.image[0] == (1, 2, 3)).all()


def test_the_motion_alone_is_the_motion_that_is_drawn() -> None:
    sound = voice(0.9)
    drawn = render(sound)
    moved = list(move_file(sound, FakeMotionModel(), seed=1))
    assert [frame.pts for frame in moved] == [picture.pts for picture in drawn]
    for frame, picture in zip(moved, drawn, strict=True):
        np.testing.assert_array_equal(frame.motion, picture.motion)
    with pytest.raises(ValueError, match="mono"):
        list(move_file(np.zeros((2, 640), np.float32), FakeMotionModel(), seed=1))


def test_what_the_face_is_told_reaches_it_in_its_time() -> None:
    class Told(FakeMotionModel):
        def __init__(self) -> None:
            super().__init__()
            self.heard: list[tuple[int, Wish]] = []
            self.steps = 0

        def step(self, state: FakeMotionState, window: AudioWindow) -> MotionFrame:
            self.steps += 1
            return super().step(state, window)

        def obey(self, state: FakeMotionState, wish: Wish) -> None:
            self.heard.append((self.steps, wish))

    cues = [Cue(0, Act("nod")), Cue(8000, Act("wink"))]
    drawn, moved = Told(), Told()
    list(
        render_file(
            voice(1.0),
            FakeAvatar(),
            drawn,
            seed=1,
            size=64,
            cues=cues,
            renderer_factory=fake_factory(),
        )
    )
    told: list[tuple[int, int]] = []
    frames = move_file(
        voice(1.0), moved, seed=1, cues=cues, on_progress=lambda n, all: told.append((n, all))
    )
    assert len(list(frames)) == 25
    assert drawn.heard == moved.heard == [(0, Act("nod")), (12, Act("wink"))]
    assert told[-1] == (25, 25)
