"""The three stages in a row, each with its own state."""

from __future__ import annotations

import numpy as np

from engines.chunker import Chunker
from engines.motion.wishes import Manner
from engines.pipeline import Pipeline
from engines.values import AudioChunk
from tests.support.fake_face import fake_face
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeAvatar, FakeRenderer
from tests.support.voices import voice


def make() -> Pipeline:
    return Pipeline(FakeMotionModel(), FakeRenderer(FakeAvatar(), 64), Chunker())


def test_sound_becomes_pictures_of_the_same_time() -> None:
    pipeline = make()
    state = pipeline.new_state(3)
    windows = pipeline.feed(state, AudioChunk(0, 2, voice(0.2)))
    frames = [pipeline.move(state, window) for window in windows]
    pictures = [pipeline.draw(state, frame) for frame in frames]
    assert [picture.pts for picture in pictures] == [-640, 0, 640, 1280, 1920]
    assert {picture.epoch for picture in pictures} == {2}
    assert pictures[0].image.shape == (64, 64, 3)
    assert pictures[-1].motion is frames[-1].motion


def test_a_frame_that_is_not_drawn_leaves_motion_as_it_was() -> None:
    pipeline = make()
    one, two = pipeline.new_state(3), pipeline.new_state(3)
    windows = pipeline.feed(one, AudioChunk(0, 0, voice(1.0)))
    drawn = [pipeline.move(one, window) for window in windows]
    for frame in drawn:
        pipeline.draw(one, frame)
    undrawn = [pipeline.move(two, window) for window in windows]
    np.testing.assert_array_equal(drawn[-1].motion, undrawn[-1].motion)


def test_states_are_apart() -> None:
    pipeline = make()
    one, two = pipeline.new_state(1), pipeline.new_state(1)
    pipeline.feed(one, AudioChunk(0, 0, voice(1.0)))
    assert len(pipeline.feed(two, AudioChunk(0, 0, voice(0.04)))) == 1


def test_another_renderer_draws_the_same_motion() -> None:
    pipeline = make()
    other = FakeRenderer(FakeAvatar(), 32)
    state = pipeline.new_state(3)
    changed = pipeline.drawn_by(other, state)
    (window, *_) = pipeline.feed(state, AudioChunk(0, 2, voice(0.2)))
    picture = changed.draw(state, changed.move(state, window))
    assert picture.image.shape == (32, 32, 3) and other.rendered == 1


def test_the_renderer_is_told_what_is_known_of_a_frame() -> None:
    renderer = FakeRenderer(FakeAvatar(), 32, costs=(0.0, 0.0))
    pipeline = Pipeline(fake_face(), renderer, Chunker())
    state = pipeline.new_state(3)
    (window, *_) = pipeline.feed(state, AudioChunk(0, 0, voice(0.2)))
    frame = pipeline.move(state, window)
    pipeline.draw(state, frame, effort=1)
    (cues,) = state.render.cues
    assert cues.sound is frame.sound and cues.sound is not None and len(cues.sound) == 80
    assert frame.emotion is not None and cues.emotion is frame.emotion.z
    assert cues.manner is None and state.render.efforts == [1]
    assert pipeline.efforts == ("way 0", "way 1")
    pipeline.obey(state, Manner({"energy": 0.9}, 1.0))
    (window, *_) = pipeline.feed(state, AudioChunk(3200, 0, voice(0.2)))
    pipeline.draw(state, pipeline.move(state, window))
    assert state.render.cues[1].manner.shape == (7,)
