"""The engine: every session's sound in, every session's pictures out, on one thread.

The thread is named "engine" and owns all states; `open`, `close`, `prepare` and `stats` may be
called from any thread. Never touches a socket, never polls, never lets a queue grow.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2

from engines.batches import Batches
from engines.batching import BatchLimits, Costs
from engines.chunker import Chunker
from engines.mailbox import Mailbox
from engines.meters import CostMeter, EngineSessionStats, EngineStats
from engines.motion.wishes import Wish
from engines.pipeline import Motion, Pipeline, Renderer, batch_of
from engines.priority import prefer_this_thread
from engines.render.stage import AS_IT_IS, Stage
from engines.runner import EngineSession, Runner
from engines.scheduler import Drop, Ladder, Limits, climb, decide, use
from engines.values import AudioChunk, Picture

__all__ = [
    "Engine",
    "EngineSession",
    "EngineSessionStats",
    "EngineStats",
    "EngineStopped",
    "RendererFactory",
]
log = logging.getLogger(__name__)

RendererFactory: TypeAlias = Callable[[Any, int, Stage], Renderer]
"""(avatar, size, stage) -> a renderer that any number of sessions may share."""

AUDIO_CHUNKS = 25
"""500 ms of 20 ms chunks (M1)."""
BUDGET_S = 0.10
"""From the arrival of a frame's last sample to its finished picture."""
LEAD = 2
"""Windows of silence that lead an interrupt: with the 80 ms look-ahead the mouth begins to close
120 ms back in media time, which at 140 ms of playout delay is about to be shown."""
WISHES = 32
"""Wishes of a session that may wait for its next motion."""
COMMANDS = 1024
"""Two for each session, drained every turn: full means that the thread is stuck."""
RENDERERS = 8
"""Prepared renderers kept when no session uses them; one is 6 MB at 512, 25 MB at 1024."""
WAIT_S = 1.0
"""Longest sleep: shows a living thread in `EngineStats.turn_age_s`."""
SWITCH_INTERVAL_S = 0.0002
"""While Python code of this thread runs, encoders on other threads wait for the interpreter lock:
0.2 ms instead of 5 ms took a VP8 frame from 6.6 to 1.8 ms."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a session is opened with."""

    renderer: Renderer
    seed: int
    frames: Mailbox[Picture]
    best: int


@dataclass(frozen=True, slots=True)
class _Command:
    """Open (or, without an opening, close) a session."""

    session: EngineSession
    opening: _Opening | None


class EngineStopped(Exception):
    """The engine was stopped, or died of a fault: no session can be opened."""


class Engine:
    """Weights shared, one explicit state for each session.

    `on_fault(session_id, error)` is called on the engine thread after a session's step raised
    (that session is closed by then), and as `on_fault(None, error)` when the engine itself cannot
    go on. It must be quick; it may call `close` and `stop`.
    """

    def __init__(
        self,
        motion_model: Motion,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_fault: Callable[[str | None, BaseException], None],
        renderer_factory: RendererFactory | None = None,
        budget_s: float = BUDGET_S,
        limits: Limits | None = None,
        worked: Callable[[], float] | None = None,
        batches: BatchLimits | None = None,
        preferred: bool = True,
    ) -> None:
        """`limits=None` takes the defaults of Limits; `renderer_factory=None` WarpRenderer.

        `worked` counts what frames cost: `time.thread_time` where this thread does the work, lest
        others' use of the processor looks like dearer pictures; None: `clock`, as for a card.
        `batches`: sessions are drawn in batches, by these limits instead of `limits`.
        `preferred`: its thread goes before others where the system allows it.
        """
        self._preferred = preferred
        self._motion = motion_model
        self._clock = clock
        self._worked = worked or clock
        self._on_fault = on_fault
        self._factory = renderer_factory or warp_renderer
        self._budget_s = budget_s
        self._limits = batches.limits if batches is not None else limits or Limits()
        self._batches = None if batches is None else Batches(clock, self._worked, batches)
        self._chunker = Chunker(motion_model.lookahead, lead=LEAD)
        # Commands are never lost: a full mailbox means a stuck thread, and the caller is told.
        self._commands: Mailbox[_Command] = Mailbox(
            "engine-commands", COMMANDS, "refuse", on_put=self._wake_up, clock=clock
        )
        self._lock = threading.Lock()  # over the next four
        self._known: dict[str, EngineSession] = {}
        self._renderers: dict[tuple[int, int, Stage], tuple[Any, Renderer]] = {}
        self._costs: dict[tuple[int, tuple[str, ...]], CostMeter] = {}
        self._stopped = False
        self._runners: dict[str, Runner] = {}
        self._ladder = Ladder()
        self._turns = 0
        self._turn_s = clock()
        self._use = 0.0
        self._wake = threading.Condition()
        self._woken = False
        self._thread: threading.Thread | None = None

    # From any thread.

    @property
    def running(self) -> bool:
        """Whether the thread runs and will go on."""
        thread = self._thread
        return thread is not None and thread.is_alive() and not self._stopped

    def start(self) -> None:
        """Start the thread. Raises EngineStopped after `stop` or a fault: make a new Engine.

        Sets two things for the whole process: OpenCV to one thread (its pool would fight the
        encoders for the cores and make times and rounding depend on the machine), and the
        interpreter's switch interval to 0.2 ms.
        """
        with self._lock:
            if self._stopped:
                raise EngineStopped("a stopped engine cannot be started again: make a new one")
            if self._thread is not None:
                raise RuntimeError("the engine has been started already")
            self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        cv2.setNumThreads(1)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Close all sessions and end the thread; idempotent.

        Raises TimeoutError when the step it is in takes longer than `timeout_s`. On the engine
        thread itself (from `on_fault`) it does not wait: the thread ends after this turn.
        """
        self._end()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(timeout_s)
        if thread.is_alive():
            raise TimeoutError(f"the engine thread is still in a step after {timeout_s} s")

    def prepare(self, avatar: Any, size: int, stage: Stage = AS_IT_IS) -> Renderer:
        """What draws `avatar` at `size` on `stage`, for `open` and `EngineSession.renderers`.

        Built unless it is there already, which may take some 100 ms: call it on a worker thread.
        One with a picture of somebody's own is never kept for others. Raises what the factory
        raises.
        """
        key = (id(avatar), size, stage)
        with self._lock:
            found = self._renderers.get(key)
        # The avatar is kept beside its renderer, so that its id stays its own.
        made = found or (avatar, self._factory(avatar, size, stage))
        if stage.private:
            return made[1]
        with self._lock:
            self._renderers.pop(key, None)
            self._renderers[key] = made
            for oldest in list(self._renderers)[:-RENDERERS]:
                del self._renderers[oldest]
        return made[1]

    def learn(self, size: int, efforts: tuple[str, ...], costs_s: Sequence[float]) -> None:
        """Expect these seconds a picture of `size` in each way to draw it, until more is known."""
        self._cost_of(size, efforts).learn(costs_s)

    def learn_batches(self, renderer: Renderer, costs: Costs) -> None:
        """Expect these seconds of a batch, by bucket and way, of pictures that `renderer` draws."""
        if self._batches is not None:
            self._batches.learn(batch_of(renderer), costs)

    def _cost_of(self, size: int, efforts: tuple[str, ...]) -> CostMeter:
        with self._lock:
            return self._costs.setdefault((size, efforts), CostMeter(len(efforts)))

    def open(
        self,
        session_id: str,
        renderer: Renderer,
        *,
        seed: int,
        frames: Mailbox[Picture],
        best: int = 0,
    ) -> EngineSession:
        """Open a session that `renderer` draws to `frames`; sound may be put at once.

        `best`: index among the ways to draw of the one wanted; under load it steps down from there.
        Raises EngineStopped, ValueError for an open id, MailboxFull when the engine is stuck.
        """
        wake, clock = self._wake_up, self._clock
        # M1: 500 ms; a hole (the oldest dropped) is told by pts and costs no delay.
        audio: Mailbox[AudioChunk] = Mailbox(
            f"audio {session_id}", AUDIO_CHUNKS, "drop-oldest", on_put=wake, clock=clock
        )
        # The newest look counts; those not yet put on are forgotten.
        renderers: Mailbox[Renderer] = Mailbox(
            f"renderers {session_id}", 1, "drop-oldest", on_put=wake, clock=clock
        )
        # Somebody who sends more wishes than a face can show loses the oldest.
        wishes: Mailbox[Wish] = Mailbox(
            f"wishes {session_id}", WISHES, "drop-oldest", on_put=wake, clock=clock
        )
        session = EngineSession(session_id, audio, renderers, wishes)
        with self._lock:
            if self._stopped:
                raise EngineStopped("the engine is stopped")
            if session_id in self._known:
                raise ValueError(f"session {session_id} is open already")
            self._commands.put(_Command(session, _Opening(renderer, seed, frames, best)))
            self._known[session_id] = session
        return session

    def close(self, session_id: str) -> None:
        """Close a session; nothing happens when there is none of that id."""
        with self._lock:
            session = self._known.get(session_id)
            if session is None:
                return
            self._commands.put(_Command(session, None))
            del self._known[session_id]

    def stats(self) -> EngineStats:
        """The engine as a whole; each session has `EngineSession.stats`."""
        with self._lock:
            sessions = len(self._known)
        age_s, ladder = self._clock() - self._turn_s, self._ladder
        return EngineStats(sessions, self._use, age_s, self._turns, ladder.downs, ladder.ups)

    # On the engine thread, or on the thread of whoever calls `turn`.

    def turn(self, now_s: float) -> float | None:
        """Take in what came, move every session's motion, render at most one frame or batch.

        Returns when to turn again: `now_s` while frames wait, later while those wait for others
        of their batch, None when only new sound brings work.
        """
        self._turns += 1
        self._turn_s = now_s
        for command in self._commands.take_all():
            self._obey(command)
        for runner in list(self._runners.values()):
            self._guard(runner.session, runner.advance)
        return self._render()

    def _obey(self, command: _Command) -> None:
        opening = command.opening
        if opening is None:
            self._forget(command.session.id)
        else:
            self._guard(command.session, lambda: self._build(command.session, opening))

    def _build(self, session: EngineSession, opening: _Opening) -> None:
        renderer = opening.renderer
        self._runners[session.id] = Runner(
            session,
            Pipeline(self._motion, renderer, self._chunker),
            opening.seed,
            opening.frames,
            self._clock,
            self._budget_s,
            self._cost_of(renderer.size, renderer.efforts),
            opening.best,
            self._worked,
        )

    def _render(self) -> float | None:
        """Draw a frame or a batch; when to turn again."""
        batches, runners, now_s = self._batches, self._runners, self._clock()
        if batches is None:
            loads = {name: runner.load() for name, runner in runners.items()}
        else:
            loads = batches.loads(runners, self._ladder)
        self._ladder = climb(now_s, loads, self._ladder, self._limits)
        self._use = use(loads, self._ladder)
        ready = [item for runner in runners.values() for item in runner.pending]
        if batches is not None:
            found = batches.next(now_s, ready, loads, self._ladder)
            self._settle(found.drop)
            if found.run is not None:
                for name, error in batches.draw(found.run, dict(runners)):
                    self._end_session(runners[name].session, error)
            return found.again_s
        decision = decide(now_s, ready, loads, self._ladder, self._limits)
        self._settle(decision.drop)
        item = decision.run
        if item is not None:
            runner = runners[item.session_id]
            self._guard(runner.session, lambda: runner.draw(item))
        return now_s if any(runner.pending for runner in runners.values()) else None

    def _settle(self, drops: Sequence[Drop]) -> None:
        for drop in drops:
            self._runners[drop.item.session_id].drop(drop)
        for name, runner in self._runners.items():
            runner.stand(self._ladder.rung(name))

    def _guard(self, session: EngineSession, work: Callable[[], None]) -> None:
        """Do one session's work; a fault in it closes that session and no other."""
        try:
            work()
        except Exception as error:
            self._end_session(session, error)

    def _forget(self, name: str) -> None:
        if (runner := self._runners.pop(name, None)) is not None:
            runner.close()

    def _end_session(self, session: EngineSession, error: Exception) -> None:
        self._forget(session.id)
        with self._lock:
            if self._known.get(session.id) is session:
                del self._known[session.id]
        self._on_fault(session.id, error)

    def _run(self) -> None:
        if self._preferred:
            prefer_this_thread()
        try:
            while not self._stopped:
                again_s = self.turn(self._clock())
                wait_s = WAIT_S if again_s is None else again_s - self._clock()
                if wait_s > 0:
                    self._sleep(wait_s)
        except Exception as error:
            self._end()
            self._report(error)
        finally:
            for name in list(self._runners):
                self._forget(name)

    def _sleep(self, wait_s: float) -> None:
        with self._wake:
            if not self._woken and not self._stopped:
                self._wake.wait(wait_s)
            self._woken = False

    def _wake_up(self) -> None:
        with self._wake:
            self._woken = True
            self._wake.notify()

    def _end(self) -> None:
        with self._lock:
            self._stopped = True
            self._known.clear()
        self._wake_up()

    def _report(self, error: Exception) -> None:
        try:
            self._on_fault(None, error)
        except Exception:
            log.exception("the engine died of %r, and so did its fault handler", error)


def warp_renderer(avatar: Any, size: int, stage: Stage) -> Renderer:
    """The renderer of the `cpu` profile: the portrait warped to a motion."""
    from engines.render.warp import WarpRenderer

    renderer: Renderer = WarpRenderer(avatar, size, stage)
    return renderer
