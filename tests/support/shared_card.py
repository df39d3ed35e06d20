"""A net on a made-up card, renderers that share it, and a whole engine on a virtual clock.

Runs in whatever thread turns the engine; nothing sleeps.
Never decides anything: the engine under test does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from engines.batching import BUCKETS, BatchLimits
from engines.loop import Engine, EngineSession
from engines.mailbox import Mailbox
from engines.pipeline import Renderer
from engines.render.conditions import NOTHING, Cues
from engines.sharing import Ask, Strokes, alone
from engines.values import F32, FRAME_SAMPLES, U8, AudioChunk, Picture
from tests.support.fake_clock import FakeClock
from tests.support.fake_motion import FakeFault, FakeMotionModel

PERIOD_S = 0.04
SIZE = 16
MOST_FRAMES = 40
"""Of one session's sound."""


@dataclass
class SharedCard:
    """A run takes `fixed_s[way] + each_s[way]` a row; one of its inputs may make it fail."""

    wait: Callable[[float], None]
    fixed_s: tuple[float, ...] = (0.002,)
    each_s: tuple[float, ...] = (0.00035,)
    runs: list[int] = field(default_factory=list)
    """Rows of each."""
    settled: int = 0
    """Sessions that hold something there."""

    def run(self, way: int, feeds: Mapping[str, F32]) -> F32:
        """f32[N,8] of states and motions; raises FakeFault for a state that is not finite."""
        rows = len(feeds["state"])
        self.runs.append(rows)
        self.wait(self.fixed_s[way] + self.each_s[way] * rows)
        if not np.isfinite(feeds["state"]).all():
            raise FakeFault("a row is no number")
        moved: F32 = np.sin(feeds["state"] * np.float32(1.7) + feeds["motion"][:, :8] + way)
        return moved


@dataclass
class SharedState:
    """One session: what its net made of its last frame."""

    values: F32
    drawn: int = 0


class SharingFake:
    """A renderer whose picture is what one run of a shared net tells of state and motion.

    `fail_at`: this picture of a state, and all after it, raise FakeFault after the run; with
    `poison` they spoil the run instead.
    """

    def __init__(
        self,
        card: SharedCard,
        *,
        fail_at: int | None = None,
        poison: bool = False,
        size: int = SIZE,
    ) -> None:
        self.card, self.fail_at, self.poison, self.size = card, fail_at, poison, size
        self.nets = "fake"

    @property
    def efforts(self) -> tuple[str, ...]:
        """One for each way of the card."""
        return tuple(f"way {way}" for way in range(len(self.card.each_s)))

    def new_state(self, seed: int = 0) -> SharedState:
        """State of a new session."""
        return SharedState(np.full(8, seed, np.float32))

    def render(self, state: SharedState, motion: F32, cues: Cues = NOTHING, effort: int = 0) -> U8:
        """One alone."""
        return alone(self.strokes(state, motion, cues, effort))

    def strokes(
        self, state: SharedState, motion: F32, cues: Cues = NOTHING, effort: int = 0
    ) -> Strokes[U8]:
        """u8[size,size,3]: the bytes of the state after it, and black."""
        failing = self.fail_at is not None and state.drawn >= self.fail_at
        values = state.values * np.float32(np.nan) if failing and self.poison else state.values
        (state.values,) = yield Ask(
            net=("fake", effort),
            order=0,
            run=lambda feeds, slots: self.card.run(effort, feeds),
            feeds={"state": values[None], "motion": motion[None]},
        )
        if failing:
            raise FakeFault(f"picture {state.drawn} fails")
        state.drawn += 1
        image: U8 = np.zeros((self.size, self.size, 3), np.uint8)
        image.reshape(-1)[:32] = state.values.view(np.uint8)
        return image

    def settle(self, state: SharedState) -> None:
        """Counted, so that none is forgotten."""
        self.card.settled += 1

    def leave(self, state: SharedState) -> None:
        """As above."""
        self.card.settled -= 1


class CardEngine:
    """Sessions whose sound comes a frame at a time, drawn in batches by a real engine."""

    def __init__(
        self,
        fixed_s: tuple[float, ...] = (0.002,),
        each_s: tuple[float, ...] = (0.00035,),
        *,
        known: bool = True,
        limits: BatchLimits | None = None,
        make: Callable[[SharedCard, int], SharingFake] = lambda card, at: SharingFake(card),
    ) -> None:
        """`known`: whether costs were measured before the first session came."""
        self.clock = FakeClock()
        self.card = SharedCard(self.clock.advance, fixed_s, each_s)
        self.faults: list[tuple[str | None, BaseException]] = []
        self.engine = Engine(
            FakeMotionModel(),
            clock=self.clock,
            on_fault=lambda name, error: self.faults.append((name, error)),
            batches=limits or BatchLimits(),
        )
        self._make = make
        self.sessions: dict[str, EngineSession] = {}
        self.boxes: dict[str, Mailbox[Picture]] = {}
        self.pictures: dict[str, list[Picture]] = {}
        self._sounds: dict[str, F32] = {}
        self._heard: dict[str, int] = {}
        if known:
            costs = {
                size: tuple(f + e * size for f, e in zip(fixed_s, each_s, strict=True))
                for size in BUCKETS
            }
            self.engine.learn_batches(SharingFake(self.card), costs)

    def enter(self, seeds: Sequence[int]) -> None:
        """Open a session for each seed, named after it."""
        for seed in seeds:
            self.open(f"s{seed:03}", self._make(self.card, seed), seed)

    def open(self, name: str, renderer: Renderer, seed: int = 0) -> None:
        """Open one session."""
        box: Mailbox[Picture] = Mailbox(f"frames {name}", 8, "drop-oldest", clock=self.clock)
        session = self.engine.open(name, renderer, seed=seed, frames=box)
        self.sessions[name], self.boxes[name], self.pictures[name] = session, box, []
        noise = np.random.default_rng(seed).uniform(-0.2, 0.2, MOST_FRAMES * FRAME_SAMPLES)
        self._sounds[name] = noise.astype(np.float32)
        self._heard[name] = 0

    def run(self, frames: int, groups: int = 1) -> None:
        """Until all have heard so many frames, in groups spread over a frame, and none waits."""
        coming: list[tuple[float, str, int]] = []
        begun_s = self.clock()
        for at, name in enumerate(self.sessions):
            heappush(coming, (begun_s + PERIOD_S * (at % groups) / groups, name, 0))
        again_s: float | None = None
        while coming or again_s is not None:
            due_s = min(coming[0][0] if coming else np.inf, np.inf if again_s is None else again_s)
            self.clock.advance(max(0.0, due_s - self.clock()))
            while coming and coming[0][0] <= self.clock():
                at_s, name, frame = heappop(coming)
                pts = self._heard[name]
                self._heard[name] = pts + FRAME_SAMPLES
                sound = self._sounds[name][pts : pts + FRAME_SAMPLES]
                self.sessions[name].audio.put(AudioChunk(pts, 0, sound))
                if frame + 1 < frames:
                    heappush(coming, (at_s + PERIOD_S, name, frame + 1))
            again_s = self.engine.turn(self.clock())
            for name, box in self.boxes.items():
                self.pictures[name] += box.take_all()

    def lost(self) -> int:
        """Frames of anybody that were late or dropped."""
        every = [session.stats() for session in self.sessions.values()]
        return sum(each.frames_late + each.frames_dropped for each in every)
