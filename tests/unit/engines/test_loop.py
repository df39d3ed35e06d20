"""The engine turned by hand on a virtual clock; its thread is in test_loop_thread.py."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.loop import COMMANDS, Engine, RendererFactory
from engines.mailbox import Mailbox, MailboxFull
from engines.render.stage import AS_IT_IS, Colour, Stage, image_of
from engines.values import F32, MOTION_SIZE, AudioChunk, Picture
from tests.support.fake_clock import FakeClock
from tests.support.fake_motion import FakeFault, FakeMotionModel
from tests.support.fake_renderer import FakeAvatar, FakeRenderer, FakeRenderState, fake_factory
from tests.support.voices import voice

AVATAR = FakeAvatar()


def pictures_box() -> Mailbox[Picture]:
    return Mailbox("frames", 64, "drop-oldest")


class Virtual:
    """An engine that turns only when told, on a fake clock."""

    def __init__(
        self, motion: FakeMotionModel | None = None, factory: RendererFactory | None = None
    ) -> None:
        self.clock = FakeClock()
        self.faults: list[tuple[str | None, BaseException]] = []
        self.engine = Engine(
            motion or FakeMotionModel(),
            clock=self.clock,
            on_fault=lambda session_id, error: self.faults.append((session_id, error)),
            renderer_factory=factory or fake_factory(),
        )

    def settle(self) -> int:
        """Turn until no frame waits; return how many turns that took."""
        turns = 1
        while self.engine.turn(self.clock()) is not None:
            turns += 1
        return turns


def say(box: Mailbox[AudioChunk], sound: F32, *, pts: int = 0, epoch: int = 0) -> None:
    box.put(AudioChunk(pts, epoch, sound))


def test_sound_in_pictures_out() -> None:
    bench = Virtual()
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    say(session.audio, voice(0.12))
    bench.settle()
    assert [picture.pts for picture in frames.take_all()] == [-640, 0, 640]
    assert bench.engine.turn(bench.clock()) is None


def test_a_turn_renders_one_frame_and_asks_for_another_turn() -> None:
    bench = Virtual()
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    say(session.audio, voice(0.12))
    assert bench.engine.turn(0.0) == 0.0
    assert len(frames) == 1
    assert session.stats().motion.steps == 3


def test_a_slow_renderer_drops_frames_but_never_motion() -> None:
    sound = voice(4.0)
    due = [(at + 320, at) for at in range(0, len(sound), 320)]

    def live(seconds: float) -> None:
        """Time passes, and sound arrives while it does."""
        until_s = bench.clock() + seconds
        while due and due[0][0] / 16_000 <= until_s:
            arrival, at = due.pop(0)
            bench.clock.set(arrival / 16_000)
            say(session.audio, sound[at : at + 320], pts=at)
        bench.clock.set(until_s)

    bench = Virtual(factory=fake_factory(delay_s=0.09, wait=live))
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    while due:
        if bench.engine.turn(bench.clock()) is None:
            live(0.02)
    bench.settle()
    stats = session.stats()
    assert stats.motion.steps == 100
    assert stats.rung == 1
    assert stats.frames_dropped > 0
    assert stats.frames_rendered + stats.frames_dropped + stats.frames_held == 100
    assert stats.frames_rendered > 30
    assert stats.queue.max_s < 0.1 + 0.09
    ages = [picture.pts for picture in frames.take_all()]
    assert ages == sorted(ages)
    assert bench.engine.stats().use > 0.5
    assert bench.engine.stats().steps_down >= 1


def test_an_interrupt_is_led_by_silence() -> None:
    bench = Virtual()
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    say(session.audio, voice(0.2))
    bench.settle()
    frames.take_all()
    say(session.audio, voice(0.04), pts=3200, epoch=1)
    bench.settle()
    shown = [(picture.epoch, picture.pts) for picture in frames.take_all()]
    assert shown == [(1, 1280), (1, 1920), (1, 2560)]


def test_what_is_shared_is_built_once() -> None:
    built: list[tuple[object, int, Stage]] = []

    def factory(avatar: object, size: int, stage: Stage) -> FakeRenderer:
        built.append((avatar, size, stage))
        return FakeRenderer(avatar, size, stage)

    bench = Virtual(factory=factory)
    other, green = FakeAvatar("other"), Stage(Colour((0, 200, 0)))
    for avatar, size, stage in (
        (AVATAR, 32, AS_IT_IS),
        (AVATAR, 32, Stage()),
        (other, 32, AS_IT_IS),
        (AVATAR, 48, AS_IT_IS),
        (AVATAR, 32, green),
        (AVATAR, 32, Stage(Colour((0, 200, 0)))),
    ):
        bench.engine.prepare(avatar, size, stage)
    wanted = [(AVATAR, 32, AS_IT_IS), (other, 32, AS_IT_IS), (AVATAR, 48, AS_IT_IS)]
    assert built == [*wanted, (AVATAR, 32, green)]


def test_a_picture_of_somebodys_own_is_not_kept_for_others() -> None:
    bench = Virtual()
    stage = Stage(image_of(np.full((64, 64, 3), 7, np.uint8), 32))
    gone = weakref.ref(bench.engine.prepare(AVATAR, 32, stage))
    assert gone() is None
    assert bench.engine.prepare(AVATAR, 32) is bench.engine.prepare(AVATAR, 32)


def test_a_new_look_is_put_on_between_two_frames_and_only_the_newest() -> None:
    bench = Virtual()
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    say(session.audio, voice(0.12))
    bench.settle()
    before = frames.take_all()
    for red in range(200):
        look = bench.engine.prepare(AVATAR, 32, Stage(Colour((0, 1, red))))
        session.renderers.put(look)
    say(session.audio, voice(0.12), pts=1920)
    bench.settle()
    after = frames.take_all()
    assert all(tuple(picture.image[0, 0]) != (0, 1, 199) for picture in before)
    assert after and all(tuple(picture.image[0, 0]) == (0, 1, 199) for picture in after)
    # Sound and motion go on as if nothing had happened.
    still = Virtual()
    box = pictures_box()
    same = still.engine.open("a", still.engine.prepare(AVATAR, 32), seed=1, frames=box)
    say(same.audio, voice(0.12))
    still.settle()
    box.take_all()
    say(same.audio, voice(0.12), pts=1920)
    still.settle()
    for one, other in zip(after, box.take_all(), strict=True):
        assert one.pts == other.pts
        np.testing.assert_array_equal(one.motion, other.motion)


def test_a_new_look_after_the_end_changes_nothing() -> None:
    bench = Virtual()
    session = bench.engine.open(
        "a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box()
    )
    bench.engine.close("a")
    session.renderers.put(bench.engine.prepare(AVATAR, 32, Stage(mirrored=True)))
    bench.settle()
    assert bench.faults == [] and bench.engine.stats().sessions == 0


def test_a_look_that_cannot_be_put_on_closes_the_session() -> None:
    class Broken(FakeRenderer):
        def new_state(self, seed: int = 0) -> FakeRenderState:
            raise FakeFault("no room")

    bench = Virtual()
    session = bench.engine.open(
        "a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box()
    )
    session.renderers.put(Broken(AVATAR, 32))
    say(session.audio, voice(0.04))
    bench.settle()
    assert [name for name, _ in bench.faults] == ["a"]


def test_prepared_avatars_do_not_pile_up() -> None:
    bench = Virtual()
    avatars = [FakeAvatar(str(number)) for number in range(12)]
    first = bench.engine.prepare(avatars[0], 32)
    assert bench.engine.prepare(avatars[0], 32) is first
    for avatar in avatars[1:]:
        bench.engine.prepare(avatar, 32)
    assert bench.engine.prepare(avatars[0], 32) is not first


def test_a_fault_in_one_session_closes_that_session_alone() -> None:
    motion = FakeMotionModel(fail_at=640, fail_seeds=frozenset({1}))
    bench = Virtual(motion)
    boxes = {name: pictures_box() for name in "ab"}
    bad = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=boxes["a"])
    good = bench.engine.open("b", bench.engine.prepare(AVATAR, 32), seed=2, frames=boxes["b"])
    for session in (bad, good):
        say(session.audio, voice(0.2))
    bench.settle()
    assert [session_id for session_id, _ in bench.faults] == ["a"]
    assert isinstance(bench.faults[0][1], FakeFault)
    assert len(boxes["b"].take_all()) == 3  # what may wait, of a burst of five
    assert bench.engine.stats().sessions == 1
    bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=3, frames=boxes["a"])


def test_a_fault_in_drawing_closes_the_session() -> None:
    bench = Virtual(factory=fake_factory(fail_at=2))
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    say(session.audio, voice(0.12))
    bench.settle()
    assert [session_id for session_id, _ in bench.faults] == ["a"]
    assert len(frames) == 2


def test_an_avatar_that_cannot_be_built_is_told_to_who_prepares_it() -> None:
    def factory(avatar: object, size: int, stage: Stage) -> FakeRenderer:
        raise FakeFault("no such face")

    bench = Virtual(factory=factory)
    with pytest.raises(FakeFault, match="no such face"):
        bench.engine.prepare(AVATAR, 32)


def test_a_frames_mailbox_that_refuses_is_that_sessions_fault() -> None:
    bench = Virtual()
    frames: Mailbox[Picture] = Mailbox("frames", 1, "refuse")
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    say(session.audio, voice(0.12))
    bench.settle()
    assert isinstance(bench.faults[0][1], MailboxFull)


def test_a_closed_session_makes_no_more_pictures() -> None:
    bench = Virtual()
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    say(session.audio, voice(0.04))
    bench.engine.close("a")
    bench.engine.close("a")
    bench.engine.close("nobody")
    bench.settle()
    assert len(frames) == 0
    assert bench.engine.stats().sessions == 0


def test_an_id_is_open_once() -> None:
    bench = Virtual()
    bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box())
    with pytest.raises(ValueError, match="session a is open already"):
        bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box())


def test_a_stuck_engine_refuses_commands_and_keeps_no_session() -> None:
    bench = Virtual()
    renderer = bench.engine.prepare(AVATAR, 32)
    for number in range(COMMANDS):
        bench.engine.open(str(number), renderer, seed=1, frames=pictures_box())
    with pytest.raises(MailboxFull):
        bench.engine.open(
            "one more", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box()
        )
    assert bench.engine.stats().sessions == COMMANDS


def test_broken_sound_is_survived() -> None:
    bench = Virtual()
    session = bench.engine.open(
        "a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box()
    )
    say(session.audio, np.zeros(0, np.float32))
    say(session.audio, voice(0.02), pts=10**12)
    say(session.audio, voice(0.02), pts=-5)
    bench.settle()
    assert bench.faults == []


def test_the_renderer_that_ships_is_the_default() -> None:
    store = default_store()
    avatar = store.load(store.names()[0])
    engine = Engine(FakeMotionModel(), on_fault=lambda *_: None)
    renderer = engine.prepare(avatar, 128)
    picture = renderer.render(renderer.new_state(), np.zeros(MOTION_SIZE, np.float32))
    assert picture.shape == (128, 128, 3)


def test_an_id_may_be_opened_again_at_once() -> None:
    bench = Virtual()
    bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box())
    bench.engine.close("a")
    frames = pictures_box()
    again = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=2, frames=frames)
    say(again.audio, voice(0.04))
    bench.settle()
    assert len(frames) == 1
