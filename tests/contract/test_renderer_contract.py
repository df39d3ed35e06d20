"""What every renderer keeps: the engine counts on it whichever is plugged in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.pipeline import Renderer
from engines.render.conditions import NOTHING, Cues
from engines.render.diffusion import DiffusionRenderer
from engines.render.mark import Mark, Marked, MarkStyle
from engines.render.nets import load
from engines.render.stage import Backdrop, Stage
from engines.render.warp import WarpRenderer
from engines.sharing import strokes_of, together
from engines.values import F32, MOTION_INDEX, MOTION_SIZE
from tests.support.fake_renderer import FakeAvatar, FakeRenderer
from tests.support.tiny_renderer import tiny_nets
from tests.support.tiny_wide import tiny_wide

SIZE = 256


def shipped() -> Renderer:
    store = default_store()
    return WarpRenderer(store.load(store.names()[0]), SIZE)


def staged() -> Renderer:
    store = default_store()
    stage = Stage(Backdrop("dusk"), "head", mirrored=True)
    return WarpRenderer(store.load(store.names()[0]), SIZE, stage)


def drawn_anew(mouth: float = 1.0) -> Renderer:
    store = default_store()
    nets = tiny_nets()
    avatar = store.load(store.names()[0])
    avatar = replace(avatar, paste={"mouth": mouth}, paste_nets=nets.digest)
    return DiffusionRenderer(avatar, SIZE, nets=nets, steps=2)


def shipped_nets() -> Renderer:
    store = default_store()
    return DiffusionRenderer(store.load(store.names()[0]), SIZE, nets=load())


def whole_face() -> Renderer:
    store = default_store()
    return DiffusionRenderer(store.load(store.names()[0]), SIZE, nets=tiny_wide())


RENDERERS: dict[str, Callable[[], Renderer]] = {
    "fake": lambda: FakeRenderer(FakeAvatar(), SIZE),
    "warp": shipped,
    "warp on a stage": staged,
    "diffusion": drawn_anew,
    "diffusion by the shipped nets": shipped_nets,
    "diffusion of the eyes": lambda: drawn_anew(mouth=0.0),
    "diffusion of the whole face": whole_face,
    "marked diffusion": lambda: Marked(drawn_anew(), Mark(MarkStyle(), SIZE)),
    "marked": lambda: Marked(FakeRenderer(FakeAvatar(), SIZE), Mark(MarkStyle(), SIZE)),
}


@pytest.fixture(params=sorted(RENDERERS), scope="module")
def renderer(request: pytest.FixtureRequest) -> Renderer:
    return RENDERERS[str(request.param)]()


def motions(seed: int, count: int = 6) -> list[F32]:
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        motion = np.zeros(MOTION_SIZE, np.float32)
        motion[:52] = np.clip(rng.normal(0.0, 0.2, 52), 0, 1)
        motion[52:55] = rng.uniform(-0.05, 0.05, 3)
        out.append(motion)
    return out


def test_a_picture_is_bytes_of_the_asked_size(renderer: Renderer) -> None:
    image = renderer.render(renderer.new_state(), np.zeros(MOTION_SIZE, np.float32))
    assert image.shape == (SIZE, SIZE, 3)
    assert image.dtype == np.uint8


def test_a_motion_is_not_written(renderer: Renderer) -> None:
    motion = motions(1)[0]
    motion.flags.writeable = False
    renderer.render(renderer.new_state(), motion)


def test_the_jaw_shows(renderer: Renderer) -> None:
    shut, open_ = np.zeros((2, MOTION_SIZE), np.float32)
    open_[MOTION_INDEX["jawOpen"]] = 1.0
    state = renderer.new_state()
    one, two = renderer.render(state, shut), renderer.render(state, open_)
    assert np.abs(one.astype(int) - two).mean() > 0.3


def test_a_picture_handed_over_is_not_written_again(renderer: Renderer) -> None:
    state = renderer.new_state()
    first = renderer.render(state, motions(1)[0])
    copy = first.copy()
    for motion in motions(2):
        renderer.render(state, motion)
    np.testing.assert_array_equal(first, copy)


def test_two_interleaved_sessions_equal_two_lone_ones(renderer: Renderer) -> None:
    one, two = renderer.new_state(), renderer.new_state()
    pairs = [
        (renderer.render(one, first), renderer.render(two, second))
        for first, second in zip(motions(1), motions(2), strict=True)
    ]
    for at, seed in enumerate((1, 2)):
        state = renderer.new_state()
        for motion, pair in zip(motions(seed), pairs, strict=True):
            np.testing.assert_array_equal(renderer.render(state, motion), pair[at])


def test_side_by_side_equals_alone(renderer: Renderer) -> None:
    """Bit for bit, also where some draw boxes that others do not."""
    ways = [min(way, len(renderer.efforts) - 1) for way in (0, 1, 0, 9)]
    states = [renderer.new_state(seed) for seed in range(4)]
    lone = [renderer.new_state(seed) for seed in range(4)]
    frames = [motions(seed, 3) for seed in range(4)]
    for step in range(3):
        making = {
            str(at): strokes_of(renderer, states[at], frames[at][step], NOTHING, way)
            for at, way in enumerate(ways)
        }
        found = dict(together(making))
        for at, way in enumerate(ways):
            picture = renderer.render(lone[at], frames[at][step], effort=way)
            np.testing.assert_array_equal(found[str(at)], picture)


def test_ways_to_draw_have_names_and_each_draws(renderer: Renderer) -> None:
    ways = renderer.efforts
    assert ways and len(set(ways)) == len(ways)
    state = renderer.new_state(7)
    for effort in range(len(ways)):
        assert renderer.render(state, motions(1)[0], effort=effort).shape == (SIZE, SIZE, 3)
    with pytest.raises(IndexError):
        ways[len(ways)]


def test_cues_may_be_known_or_not_and_are_not_written(renderer: Renderer) -> None:
    cues = Cues(np.ones(80, np.float32), np.ones(64, np.float32), np.ones(7, np.float32))
    for value in (cues.sound, cues.emotion, cues.manner):
        assert value is not None
        value.flags.writeable = False
    renderer.render(renderer.new_state(), motions(1)[0], cues)


def test_equal_seeds_give_equal_pictures(renderer: Renderer) -> None:
    images = [renderer.render(renderer.new_state(5), motions(3)[0]) for _ in range(2)]
    np.testing.assert_array_equal(images[0], images[1])


def test_a_motion_of_another_length_is_refused(renderer: Renderer) -> None:
    with pytest.raises(ValueError, match="58"):
        renderer.render(renderer.new_state(), np.zeros(52, np.float32))
