"""The engine's thread: woken by sound, ended on demand, and what its faults do."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from engines.loop import Engine, EngineStopped, RendererFactory
from engines.mailbox import Mailbox
from engines.values import F32, AudioChunk, Picture
from tests.support.fake_motion import FakeFault, FakeMotionModel
from tests.support.fake_renderer import FakeAvatar, fake_factory
from tests.support.voices import voice

AVATAR = FakeAvatar()
DEADLINE_S = 20.0


def pictures_box() -> Mailbox[Picture]:
    return Mailbox("frames", 64, "drop-oldest")


def say(box: Mailbox[AudioChunk], sound: F32, *, pts: int = 0) -> None:
    box.put(AudioChunk(pts, 0, sound))


class Threaded:
    """An engine on its thread; `faulted` is set by the first fault."""

    def __init__(
        self,
        motion: FakeMotionModel | None = None,
        factory: RendererFactory | None = None,
        *,
        broken_handler: bool = False,
        preferred: bool = True,
    ) -> None:
        self.faults: list[tuple[str | None, BaseException]] = []
        self.threads: list[str] = []
        self.faulted = threading.Event()
        self.broken_handler = broken_handler
        self.engine = Engine(
            motion or FakeMotionModel(),
            on_fault=self.on_fault,
            renderer_factory=factory or fake_factory(),
            budget_s=DEADLINE_S,
            preferred=preferred,
        )

    def on_fault(self, session_id: str | None, error: BaseException) -> None:
        self.faults.append((session_id, error))
        self.threads.append(threading.current_thread().name)
        self.faulted.set()
        if self.broken_handler:
            raise RuntimeError("the handler is broken too")


@pytest.fixture(autouse=True)
def switch_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def bench() -> Iterator[Threaded]:
    bench = Threaded()
    bench.engine.start()
    yield bench
    bench.engine.stop(DEADLINE_S)


def engine_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "engine"]


def test_the_thread_is_woken_by_sound(bench: Threaded) -> None:
    frames = pictures_box()
    session = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=frames)
    for number in range(6):
        say(session.audio, voice(0.04), pts=640 * number)
        picture = frames.get_wait(DEADLINE_S)
        assert picture is not None
        assert picture.pts == 640 * (number - 1)
    assert bench.faults == []
    assert bench.engine.stats().turn_age_s < DEADLINE_S


def test_the_thread_ends_and_is_not_started_again(bench: Threaded) -> None:
    running = [bench.engine.running]
    bench.engine.stop(DEADLINE_S)
    bench.engine.stop(DEADLINE_S)
    running.append(bench.engine.running)
    assert running == [True, False]
    assert engine_threads() == []
    with pytest.raises(EngineStopped):
        bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box())
    with pytest.raises(EngineStopped):
        bench.engine.start()


def test_an_engine_starts_once(bench: Threaded) -> None:
    with pytest.raises(RuntimeError, match="started already"):
        bench.engine.start()


def test_an_engine_never_started_can_be_stopped() -> None:
    bench = Threaded()
    bench.engine.stop()
    assert not bench.engine.running


@pytest.mark.parametrize("preferred", [True, False])
def test_its_thread_goes_before_others_unless_it_shall_not(
    preferred: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "engines.loop.prefer_this_thread", lambda: asked.append(threading.current_thread().name)
    )
    bench = Threaded(preferred=preferred)
    bench.engine.start()
    bench.engine.stop(DEADLINE_S)
    assert asked == ["engine"] * preferred


def test_a_step_that_does_not_end_is_told() -> None:
    entered, release = threading.Event(), threading.Event()

    def block(_: float) -> None:
        entered.set()
        release.wait(DEADLINE_S)

    bench = Threaded(FakeMotionModel(delay_s=1.0, wait=block))
    bench.engine.start()
    session = bench.engine.open(
        "a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box()
    )
    say(session.audio, voice(0.04))
    assert entered.wait(DEADLINE_S)
    with pytest.raises(TimeoutError, match="still in a step"):
        bench.engine.stop(0.0)
    release.set()
    bench.engine.stop(DEADLINE_S)
    assert engine_threads() == []


def test_a_sessions_fault_is_told_on_the_engine_thread_which_goes_on() -> None:
    bench = Threaded(FakeMotionModel(fail_at=0, fail_seeds=frozenset({1})))
    bench.engine.start()
    bad = bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box())
    say(bad.audio, voice(0.2))
    assert bench.faulted.wait(DEADLINE_S)
    assert [session_id for session_id, _ in bench.faults] == ["a"]
    assert bench.threads == ["engine"]
    frames = pictures_box()
    good = bench.engine.open("b", bench.engine.prepare(AVATAR, 32), seed=2, frames=frames)
    say(good.audio, voice(0.04))
    assert frames.get_wait(DEADLINE_S) is not None
    bench.engine.stop(DEADLINE_S)


def test_a_fault_of_the_engine_itself_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Threaded()
    reported = bench.faulted

    def broken(*_: object) -> None:
        raise FakeFault("the scheduler is broken")

    monkeypatch.setattr("engines.loop.decide", broken)
    bench.engine.start()
    assert reported.wait(DEADLINE_S)
    assert [session_id for session_id, _ in bench.faults] == [None]
    assert not bench.engine.running
    with pytest.raises(EngineStopped):
        bench.engine.open("a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box())
    bench.engine.stop(DEADLINE_S)
    assert engine_threads() == []


def test_a_fault_handler_that_fails_ends_the_engine_loudly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Threaded(FakeMotionModel(fail_at=-640), broken_handler=True)
    bench.engine.start()
    with caplog.at_level(logging.ERROR):
        session = bench.engine.open(
            "a", bench.engine.prepare(AVATAR, 32), seed=1, frames=pictures_box()
        )
        say(session.audio, voice(0.04))
        assert bench.faulted.wait(DEADLINE_S)
        bench.engine.stop(DEADLINE_S)
    assert [session_id for session_id, _ in bench.faults] == ["a", None]
    assert "so did its fault handler" in caplog.text


def test_a_fault_handler_may_stop_the_engine() -> None:
    stopped = threading.Event()

    def on_fault(session_id: str | None, error: BaseException) -> None:
        engine.stop(DEADLINE_S)
        stopped.set()

    engine = Engine(
        FakeMotionModel(fail_at=-640), on_fault=on_fault, renderer_factory=fake_factory()
    )
    engine.start()
    session = engine.open("a", engine.prepare(AVATAR, 32), seed=1, frames=pictures_box())
    say(session.audio, voice(0.04))
    assert stopped.wait(DEADLINE_S)
    engine.stop(DEADLINE_S)
    assert engine_threads() == []
