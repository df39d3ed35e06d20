"""The engine on its ladder: what sessions are drawn with under load, on a virtual clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from engines.loop import Engine, EngineSession
from engines.mailbox import Mailbox
from engines.scheduler import HELD
from engines.values import FRAME_SAMPLES, AudioChunk, Picture
from tests.support.fake_clock import FakeClock
from tests.support.fake_motion import FakeMotionModel
from tests.support.fake_renderer import FakeAvatar, FakeRenderer
from tests.support.voices import voice

COSTS = (0.024, 0.018, 0.009)
SOUND = voice(0.04)
WAYS = ("way 0", "way 1", "way 2")


@dataclass
class Bench:
    """Sessions that hear a frame's sound every 40 ms, drawn at COSTS on one thread."""

    clock: FakeClock = field(default_factory=FakeClock)
    sessions: list[EngineSession] = field(default_factory=list)
    heard: int = 0

    def __post_init__(self) -> None:
        def build(avatar: object, size: int, stage: object) -> FakeRenderer:
            return FakeRenderer(avatar, size, wait=self.clock.advance, costs=COSTS)

        self.faults: list[BaseException] = []
        self.engine = Engine(
            FakeMotionModel(),
            clock=self.clock,
            on_fault=lambda _, error: self.faults.append(error),
            renderer_factory=build,
        )

    def enter(self, best: int = 0) -> EngineSession:
        renderer = self.engine.prepare(FakeAvatar(), 32)
        frames: Mailbox[Picture] = Mailbox("frames", 8, "drop-oldest")
        name = f"s{len(self.sessions)}"
        session = self.engine.open(name, renderer, seed=1, frames=frames, best=best)
        self.sessions.append(session)
        self.begun = getattr(self, "begun", {}) | {name: self.heard}
        return session

    def leave(self, session: EngineSession) -> None:
        self.engine.close(session.id)
        self.sessions.remove(session)

    def run(self, frames: int) -> None:
        for _ in range(frames):
            arrives_s = 0.04 * (self.heard + 1)
            self.clock.advance(max(0.0, arrives_s - self.clock()))
            for session in self.sessions:
                at = (self.heard - self.begun[session.id]) * FRAME_SAMPLES
                session.audio.put(AudioChunk(at, 0, SOUND))
            self.heard += 1
            next_s = 0.04 * (self.heard + 1)
            while self.engine.turn(self.clock()) is not None and self.clock() < next_s:
                pass


def lost(session: EngineSession) -> int:
    stats = session.stats()
    return stats.frames_dropped + stats.frames_late


def test_one_session_is_drawn_at_its_best() -> None:
    bench = Bench()
    session = bench.enter()
    bench.run(100)
    stats = session.stats()
    assert stats.rung_name == "way 0" and set(stats.drawn) == {"way 0"}
    assert lost(session) == 0 and bench.faults == []


def test_a_second_one_costs_boxes_and_no_picture() -> None:
    bench = Bench()
    bench.engine.learn(32, WAYS, COSTS)
    first = bench.enter()
    bench.run(50)
    second = bench.enter()
    bench.run(100)
    told = [session.stats() for session in (first, second)]
    assert {stats.rung_name for stats in told} == {"way 1", "way 2"}
    assert lost(first) == lost(second) == 0 and not any(stats.frames_held for stats in told)
    assert bench.engine.stats().use == pytest.approx(25 * (0.018 + 0.009), abs=0.02)


def test_costs_are_learnt_once_for_all_that_draw_alike() -> None:
    bench = Bench()
    first = bench.enter()
    bench.run(30)
    second = bench.enter()
    bench.run(150)
    # Nobody had told what less would cost: it was tried, and then it was known.
    assert {first.stats().rung_name, second.stats().rung_name} <= {"way 1", "way 2", HELD}
    before = lost(first) + lost(second)
    bench.run(100)
    assert lost(first) + lost(second) == before


def test_alone_again_it_climbs_back_step_by_step() -> None:
    bench = Bench()
    bench.engine.learn(32, WAYS, COSTS)
    first, second, third = bench.enter(), bench.enter(), bench.enter()
    bench.run(50)
    bench.leave(second)
    bench.leave(third)
    seen = []
    for _ in range(12):
        bench.run(25)
        seen.append(first.stats().rung)
    assert seen[0] > 0 and seen[-1] == 0 and seen == sorted(seen, reverse=True)
    assert lost(first) == 0


def test_five_hold_every_second_picture_and_lose_none() -> None:
    bench = Bench()
    bench.engine.learn(32, WAYS, COSTS)
    sessions = [bench.enter() for _ in range(5)]
    bench.run(100)
    assert HELD in {session.stats().rung_name for session in sessions}
    assert sum(session.stats().frames_held for session in sessions) > 50
    assert sum(lost(session) for session in sessions) == 0


def test_one_that_asked_for_less_stays_there() -> None:
    bench = Bench()
    session = bench.enter(best=2)
    bench.run(200)
    assert set(session.stats().drawn) == {"way 2"}
