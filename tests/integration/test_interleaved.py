"""Sessions side by side on one engine: equal to lone runs, bit for bit; faults; the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from engines.avatars.store import default_store
from engines.loop import Engine, EngineSession, EngineStopped, RendererFactory
from engines.mailbox import Mailbox
from engines.motion.model import MotionModel
from engines.offline import render_file
from engines.pipeline import Motion
from engines.render.diffusion import DiffusionRenderer
from engines.render.stage import Stage
from engines.values import F32, AudioChunk, Picture
from tests.support.fake_clock import FakeClock
from tests.support.fake_face import fake_face
from tests.support.fake_motion import FakeFault, FakeMotionModel
from tests.support.fake_renderer import FakeAvatar, fake_factory
from tests.support.tiny_renderer import tiny_nets
from tests.support.voices import noise, silence, voice

CHUNK = 320
DEADLINE_S = 30.0


@dataclass
class Script:
    """One session: who, what it hears, and where it is interrupted."""

    name: str
    avatar: object
    seed: int
    sound: F32
    interrupt_at: int | None = None
    epoch: int = 0
    got: list[Picture] = field(default_factory=list)

    def chunks(self) -> Iterator[AudioChunk]:
        for at in range(0, len(self.sound), CHUNK):
            if self.interrupt_at is not None and at >= self.interrupt_at:
                self.epoch = 1
            yield AudioChunk(at, self.epoch, self.sound[at : at + CHUNK])


def scripts(avatars: list[object]) -> list[Script]:
    one = np.concatenate((silence(0.3), voice(1.3), noise(0.4)))
    two = np.concatenate((voice(0.7, f0_hz=210, seed=3), silence(0.5), voice(0.8, seed=4)))
    return [
        Script("one", avatars[0], 11, one, interrupt_at=20_000),
        Script("two", avatars[-1], 12, two),
    ]


def play(model: Motion, cast: list[Script], factory: RendererFactory | None, size: int) -> None:
    """Feed all sessions of `cast` in step on a virtual clock, 20 ms at a time."""
    clock = FakeClock()
    faults: list[BaseException] = []
    engine = Engine(
        model,
        clock=clock,
        on_fault=lambda _, error: faults.append(error),
        renderer_factory=factory,
        budget_s=float("inf"),
    )
    boxes: list[Mailbox[Picture]] = []
    sessions: list[EngineSession] = []
    for script in cast:
        boxes.append(Mailbox(script.name, 8, "refuse"))
        sessions.append(
            engine.open(
                script.name, engine.prepare(script.avatar, size), seed=script.seed, frames=boxes[-1]
            )
        )
    for step in zip(*(script.chunks() for script in cast), strict=True):
        for session, chunk in zip(sessions, step, strict=True):
            session.audio.put(chunk)
        clock.advance(0.02)
        again: float | None = 0.0
        while again is not None:
            again = engine.turn(clock())
            for script, box in zip(cast, boxes, strict=True):
                script.got += box.take_all()
    assert faults == []


def check(model: Motion, avatars: list[object], factory: RendererFactory | None, size: int) -> None:
    together = scripts(avatars)
    play(model, together, factory, size)
    for script in scripts(avatars):
        play(model, [script], factory, size)
        beside = next(other for other in together if other.name == script.name)
        assert len(script.got) >= 50
        for lone, mixed in zip(script.got, beside.got, strict=True):
            assert (lone.pts, lone.epoch) == (mixed.pts, mixed.epoch)
            np.testing.assert_array_equal(lone.motion, mixed.motion)
            np.testing.assert_array_equal(lone.image, mixed.image)
    first, second = (script.got for script in together)
    pairs = zip(first, second, strict=False)
    assert any((one.motion != two.motion).any() for one, two in pairs)


def test_two_interleaved_sessions_equal_two_lone_runs() -> None:
    check(fake_face(), [FakeAvatar("a"), FakeAvatar("b")], fake_factory(), 64)


def test_two_interleaved_sessions_of_the_shipped_model_equal_two_lone_runs() -> None:
    store = default_store()
    avatars: list[object] = [store.load(name) for name in store.names()[:2]]
    check(MotionModel.load(), avatars, None, 256)


def test_the_file_a_user_renders_is_what_a_live_session_shows() -> None:
    model = fake_face()
    script = Script("live", FakeAvatar(), 5, voice(2.0))
    play(model, [script], fake_factory(), 64)
    rendered = list(
        render_file(
            script.sound,
            script.avatar,
            model,
            seed=5,
            size=64,
            renderer_factory=fake_factory(),
        )
    )
    live = [picture for picture in script.got if picture.pts >= 0]
    assert len(rendered) == len(live) + 1  # live, the last frame still waits for its look-ahead
    for file, shown in zip(rendered, live, strict=False):
        assert file.pts == shown.pts
        np.testing.assert_array_equal(file.image, shown.image)


class Watched:
    """An engine on its thread, with the faults it told of."""

    def __init__(self, model: Motion, factory: RendererFactory) -> None:
        self.faults: list[tuple[str | None, BaseException]] = []
        self.told = threading.Event()
        self.engine = Engine(
            model, on_fault=self.on_fault, renderer_factory=factory, budget_s=DEADLINE_S
        )
        self.engine.start()

    def on_fault(self, session_id: str | None, error: BaseException) -> None:
        self.faults.append((session_id, error))
        self.told.set()


def engine_threads() -> int:
    return sum(thread.name == "engine" for thread in threading.enumerate())


def hear_one(session: EngineSession, frames: Mailbox[Picture], at: int) -> Picture | None:
    session.audio.put(AudioChunk(640 * at, 0, voice(0.04)))
    return frames.get_wait(DEADLINE_S)


def test_a_fault_ends_one_session_and_the_other_speaks_on() -> None:
    model = FakeMotionModel(fail_at=3200, fail_seeds=frozenset({1}))
    watched = Watched(model, fake_factory())
    boxes: list[Mailbox[Picture]] = [Mailbox("frames", 8, "drop-oldest") for _ in range(2)]
    bad, good = (
        watched.engine.open(name, watched.engine.prepare(FakeAvatar(), 32), seed=seed, frames=box)
        for name, seed, box in zip(("bad", "good"), (1, 2), boxes, strict=True)
    )
    for at in range(10):
        bad.audio.put(AudioChunk(640 * at, 0, voice(0.04)))
        assert hear_one(good, boxes[1], at) is not None
    assert watched.told.wait(DEADLINE_S)
    assert [(name, type(error)) for name, error in watched.faults] == [("bad", FakeFault)]
    assert watched.engine.stats().sessions == 1
    watched.engine.stop(DEADLINE_S)
    assert engine_threads() == 0


@pytest.mark.parametrize("moment", ["idle", "mid-stream"])
def test_shutdown_leaves_no_thread(moment: str) -> None:
    watched = Watched(FakeMotionModel(), fake_factory())
    frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
    session = watched.engine.open(
        "a", watched.engine.prepare(FakeAvatar(), 32), seed=1, frames=frames
    )
    assert hear_one(session, frames, 0) is not None
    if moment == "mid-stream":
        for at in range(1, 25):
            session.audio.put(AudioChunk(640 * at, 0, voice(0.04)))
    watched.engine.stop(DEADLINE_S)
    assert engine_threads() == 0
    assert watched.faults == []
    with pytest.raises(EngineStopped):
        watched.engine.open("b", watched.engine.prepare(FakeAvatar(), 32), seed=1, frames=frames)
    session.audio.put(AudioChunk(99_840, 0, voice(0.04)))  # a late ingest does no harm


def test_many_sessions_come_and_go() -> None:
    watched = Watched(fake_face(), fake_factory())
    for number in range(60):
        frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
        session = watched.engine.open(
            f"s{number}", watched.engine.prepare(FakeAvatar(), 32), seed=number, frames=frames
        )
        assert hear_one(session, frames, 0) is not None
        watched.engine.close(f"s{number}")
    assert watched.engine.stats().sessions == 0
    assert watched.faults == []
    watched.engine.stop(DEADLINE_S)
    assert engine_threads() == 0


def test_two_interleaved_sessions_drawn_by_nets_equal_two_lone_runs() -> None:
    store = default_store()
    avatars: list[object] = [store.load(name) for name in store.names()[:2]]

    def build(avatar: Any, size: int, stage: Stage) -> DiffusionRenderer:
        return DiffusionRenderer(avatar, size, stage, nets=tiny_nets(), steps=2)

    check(fake_face(), avatars, build, 128)


def test_pictures_go_on_over_an_interrupt() -> None:
    """What was drawn before an interrupt is what the next picture goes on from."""
    store = default_store()
    drawing = DiffusionRenderer(store.load(store.names()[0]), 128, nets=tiny_nets())
    script = scripts([drawing])[0]
    play(FakeMotionModel(), [script], lambda *_: drawing, 128)
    epochs = [picture.epoch for picture in script.got]
    at = epochs.index(1)
    steps = [
        np.abs(one.image.astype(int) - other.image).mean()
        for one, other in zip(script.got, script.got[1:], strict=False)
    ]
    assert steps[at - 1] <= max(steps[1 : at - 1]) * 1.5


def test_a_fault_of_a_net_ends_its_session_and_no_other() -> None:
    store = default_store()
    avatar = store.load(store.names()[0])
    broken = DiffusionRenderer(avatar, 128, nets=tiny_nets(gain=float("nan")))
    faults: list[tuple[str | None, BaseException]] = []
    clock = FakeClock()
    engine = Engine(
        FakeMotionModel(),
        clock=clock,
        on_fault=lambda name, error: faults.append((name, error)),
        renderer_factory=fake_factory(),
    )
    frames: list[Mailbox[Picture]] = [Mailbox(name, 8, "drop-oldest") for name in "ab"]
    bad = engine.open("bad", broken, seed=1, frames=frames[0])
    good = engine.open("good", engine.prepare(FakeAvatar(), 128), seed=1, frames=frames[1])
    for session in (bad, good):
        session.audio.put(AudioChunk(0, 0, voice(0.08)))
    while engine.turn(clock()) is not None:
        pass
    assert [name for name, _ in faults] == ["bad"]
    assert isinstance(faults[0][1], FloatingPointError)
    assert len(frames[1].take_all()) == 2 and not frames[0].take_all()
