"""One session inside the engine: its queues, its state, its counters.

`EngineSession` is the handle for any thread; `Runner` belongs to the engine thread alone.
Never chooses between sessions and never waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engines.mailbox import Mailbox
from engines.meters import CostMeter, EngineSessionStats, StepMeter
from engines.motion.wishes import Wish
from engines.pipeline import Pipeline, Renderer
from engines.scheduler import HELD, Drop, Load, Ready
from engines.sharing import Strokes
from engines.values import AudioChunk, AudioWindow, MotionFrame, Picture

LATE_WEIGHT = 0.04
"""Of the newest frame in the running share of late ones: the last second counts."""
FADING = 6
"""Pictures after a change of rung that tell nothing of its cost: what was left out still fades."""


@dataclass(slots=True)
class _Counters:
    """Written by the engine thread, read by any: each value is replaced whole."""

    rendered: int = 0
    dropped: int = 0
    held: int = 0
    late: int = 0
    rung: int = 0
    rung_name: str = ""
    drawn: Mapping[str, int] = field(default_factory=dict)
    epoch: int = -1
    pts: int = 0
    speaking: bool = False
    filled: int = 0
    lost: int = 0
    jumps: int = 0


class EngineSession:
    """A session's handle: `audio`, `renderers` and `wishes` go in, `stats` come out."""

    def __init__(
        self,
        session_id: str,
        audio: Mailbox[AudioChunk],
        renderers: Mailbox[Renderer],
        wishes: Mailbox[Wish],
    ) -> None:
        self.id = session_id
        self.audio = audio
        self.renderers = renderers
        """Of the same size as the first; put on between two frames."""
        self.wishes = wishes
        """What the face is told; obeyed before the next motion, in order."""
        self.counters = _Counters()
        self.motion = StepMeter()
        self.render = StepMeter()
        self.work = StepMeter()
        self.queue = StepMeter()

    def stats(self) -> EngineSessionStats:
        """Figures now; from any thread."""
        audio = self.audio.stats()
        count = self.counters
        return EngineSessionStats(
            frames_rendered=count.rendered,
            frames_dropped=count.dropped,
            frames_held=count.held,
            frames_late=count.late,
            motion=self.motion.snapshot(),
            render=self.render.snapshot(),
            work=self.work.snapshot(),
            queue=self.queue.snapshot(),
            rung=count.rung,
            rung_name=count.rung_name,
            drawn=count.drawn,
            epoch=count.epoch,
            pts=count.pts,
            speaking=count.speaking,
            audio_age_s=audio.age_s,
            audio_dropped=audio.dropped,
            samples_filled=count.filled,
            samples_late=count.lost,
            jumps=count.jumps,
        )


@dataclass(frozen=True, slots=True)
class _Pending:
    """M2: a motion that waits for its picture. Bounded by the scheduler at every turn."""

    ready: Ready
    frame: MotionFrame


class Runner:
    """Drives one session's pipeline and measures it."""

    def __init__(
        self,
        session: EngineSession,
        pipeline: Pipeline,
        seed: int,
        frames: Mailbox[Picture],
        clock: Callable[[], float],
        budget_s: float,
        costs: CostMeter,
        best: int = 0,
        worked: Callable[[], float] | None = None,
    ) -> None:
        """`best`: the rung it asked for. `costs` are shared with sessions that draw alike.

        `worked`: seconds of work so far, by which costs are counted; None: those of `clock`.
        """
        self.session = session
        self._pipeline = pipeline
        self._state = pipeline.new_state(seed)
        pipeline.settle(self._state)
        self._frames = frames
        self._clock = clock
        self._worked = worked or clock
        self._budget_s = budget_s
        self._costs = costs
        self._best = best
        self._motion_cost = StepMeter()
        self._fading = 0
        self._pending: list[_Pending] = []
        self._late_share = 0.0
        self._late_s = float("-inf")
        self._starved = 0
        self._served_s = float("-inf")

    @property
    def pending(self) -> list[Ready]:
        """Frames whose pictures could be drawn now, in order."""
        return [item.ready for item in self._pending]

    def close(self) -> None:
        """Nothing will be drawn any more. Idempotent."""
        self._pipeline.leave(self._state)

    def load(self) -> Load:
        """What the scheduler needs to know."""
        return Load(
            costs_s=self._costs.expected_s(),
            motion_s=self._motion_cost.mean_s,
            late_share=self._late_share,
            late_s=self._late_s,
            starved=self._starved,
            served_s=self._served_s,
            best=min(self._best, len(self._pipeline.efforts) - 1),
        )

    def stand(self, rung: int) -> None:
        """Draw on this rung from now on."""
        count = self.session.counters
        if rung != count.rung:
            self._fading = FADING
        names = (*self._pipeline.efforts, HELD)
        count.rung, count.rung_name = rung, names[min(rung, len(names) - 1)]

    def advance(self) -> None:
        """Take all sound that came and move the motion over every window it completed."""
        for wish in self.session.wishes.take_all():
            self._pipeline.obey(self._state, wish)
        for renderer in self.session.renderers.take_all():
            self._pipeline = self._pipeline.drawn_by(renderer, self._state)
        for arrived_s, chunk in self.session.audio.take_timed():
            for window in self._pipeline.feed(self._state, chunk):
                self._move(window, arrived_s)
        chunks = self._state.chunks
        count = self.session.counters
        count.filled, count.jumps = chunks.filled, chunks.jumps
        count.lost = chunks.late + chunks.stale

    def _move(self, window: AudioWindow, arrived_s: float) -> None:
        count = self.session.counters
        if begins := window.epoch != count.epoch:
            # Interrupted: pictures of the older epoch are not wanted any more.
            count.dropped += len(self._pending)
            self._pending.clear()
        begun_s, before_s = self._clock(), self._worked()
        frame = self._pipeline.move(self._state, window)
        self._motion_cost.add(self._worked() - before_s)
        self.session.motion.add(self._clock() - begun_s)
        count.epoch, count.pts, count.speaking = frame.epoch, frame.pts, frame.speaking
        if begins and window.seamless:
            # Still silence but for its end: the picture of the epoch before stands, and the next,
            # in which the lips part, is drawn at once.
            return
        ready = Ready(self.session.id, frame.pts, arrived_s + self._budget_s, arrived_s)
        self._pending.append(_Pending(ready, frame))

    def drop(self, drop: Drop) -> None:
        """Forget a frame that the scheduler will not have rendered."""
        self._take(drop.item)
        if drop.reason == "rung":
            self.session.counters.held += 1
            return
        self.session.counters.dropped += 1
        self._starved += 1
        self._count_late(True)

    def draw(self, ready: Ready) -> None:
        """Render a frame and hand its picture over."""
        item = self._take(ready)
        begun_s = self._clock()
        self._served_s = begun_s
        effort = self._effort()
        before_s = self._worked()
        picture = self._pipeline.draw(self._state, item.frame, effort)
        worked_s, done_s = self._worked() - before_s, self._clock()
        self.session.render.add(done_s - begun_s)
        self.session.work.add(worked_s)
        if not self._fading:
            self._costs.add(effort, worked_s)
        self.hand_over(ready, picture)

    @property
    def batch(self) -> str:
        """As `Pipeline.batch`."""
        return self._pipeline.batch

    @property
    def fading(self) -> bool:
        """Whether its next picture tells nothing of what its rung costs."""
        return self._fading > 0

    def begin(self, ready: Ready) -> Strokes[Picture]:
        """A frame's picture in the making; once it is made, `hand_over` is to be called."""
        item = self._take(ready)
        self._served_s = self._clock()
        return self._pipeline.strokes(self._state, item.frame, self._effort())

    def hand_over(self, ready: Ready, picture: Picture) -> None:
        """Give a finished picture away, and count it."""
        done_s = self._clock()
        count = self.session.counters
        self._fading = max(0, self._fading - 1)
        self.session.queue.add(done_s - ready.arrived_s)
        self._frames.put(picture)
        late = done_s > ready.deadline_s
        count.rendered += 1
        count.drawn = {**count.drawn, count.rung_name: count.drawn.get(count.rung_name, 0) + 1}
        count.late += late
        self._starved = 0
        self._count_late(late)

    def _effort(self) -> int:
        return min(self.session.counters.rung, len(self._pipeline.efforts) - 1)

    def _take(self, ready: Ready) -> _Pending:
        index = next(i for i, item in enumerate(self._pending) if item.ready is ready)
        return self._pending.pop(index)

    def _count_late(self, late: bool) -> None:
        self._late_share += LATE_WEIGHT * (float(late) - self._late_share)
        if late:
            self._late_s = self._clock()
