"""Stand-ins for the machinery behind the server: no engine, no peer, no files.

Used on the event loop of the test.
Never sleeps; what it was asked is written down for the test to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engines.motion.wishes import Wish
from engines.render.stage import Stage
from server.admission import Machine
from server.codec_pool import CodecPool
from server.doors.fan import Fan
from server.doors.hall import Hall, House
from server.drawing import Kind
from server.gallery import Gallery
from server.ingest import MicReader
from server.live_voice import LiveVoice
from server.metrics import Metrics
from server.push_protocol import PushVoice, event_message
from server.push_timeline import PushTimeline
from server.rtc.offer_limits import BadOffer, check_offer
from server.services import Fault
from server.sessions import MediaEvents, MediaFactory, SessionPlan
from server.settings import RtcSettings
from server.timeline import MicTimeline, SegmentEvent
from server.voices.choice import NO_VOICE, Chosen


@dataclass(frozen=True)
class FakeInfo:
    """What the gallery tells of an avatar."""

    name: str
    title: str = "Somebody"
    credit: str = "made for tests"
    folder: Path = Path("nowhere")
    attributes: Mapping[str, str] = field(default_factory=dict)
    paste: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FakeFace:
    """A loaded avatar."""

    name: str
    portrait: Any = field(default_factory=lambda: np.zeros((64, 64, 3), np.uint8))


class FakeStore:
    """Avatars by name; those in `damaged` cannot be loaded."""

    def __init__(self, names: tuple[str, ...] = ("ada", "ben"), damaged: str = "") -> None:
        self._names = names
        self._damaged = damaged
        self.loads: list[str] = []

    def names(self) -> list[str]:
        """Sorted names."""
        return sorted(self._names)

    def info(self, name: str) -> FakeInfo:
        """Title and credit."""
        return FakeInfo(name)

    def load(self, name: str) -> FakeFace:
        """Raises RuntimeError for the damaged one."""
        self.loads.append(name)
        if name == self._damaged:
            raise RuntimeError("data.npz: wrong hash")
        return FakeFace(name)


class FakeVoice(LiveVoice):
    """The real voice without a player; `play` moves the playout clock."""

    def __init__(self, buffer_s: float, chosen: Chosen = NO_VOICE) -> None:
        self.timeline = PushTimeline(buffer_s)
        self.timeline.begin(0.0)
        self.interrupts = 0
        super().__init__(self.timeline, self._stop, chosen)

    def play(self, now_s: float) -> None:
        """Everything up to `now_s` has been played."""
        self.timeline.poll(now_s)
        self._tell(self.timeline.passed(int(now_s * 16_000)))

    def _stop(self) -> None:
        self.interrupts += 1
        self._tell(self.timeline.interrupt(0, 0))

    def _tell(self, events: list[SegmentEvent]) -> None:
        for event in events:
            self.hear(event_message(event))


class FakeHall(Hall):
    """The real hall of a session that has no player: its peers are real."""

    def __init__(self, plan: SessionPlan, events: MediaEvents) -> None:
        house = House(
            rtc=RtcSettings(bind_addresses=("127.0.0.1",)),
            size=plan.size,
            pool=CodecPool(1),
            viewers=2,
            sounds=Fan(),
            pictures=Fan(),
            mic=None if plan.voice == "push" else MicReader(MicTimeline()),
            page_speaks=lambda: False,
            on_connected=events.connected,
        )
        super().__init__(house)


class FakeMedia:
    """Answers every readable offer with fixed text."""

    def __init__(self, plan: SessionPlan, events: MediaEvents, buffer_s: float = 5.0) -> None:
        self.plan = plan
        self.events = events
        self.voice: PushVoice | None = FakeVoice(buffer_s) if plan.voice == "push" else None
        self.doors: Hall = FakeHall(plan, events)
        self.candidates: list[tuple[str, str | None, int | None]] = []
        self.told: list[Mapping[str, object]] = []
        self.shown: list[Stage] = []
        self.wishes: list[Wish] = []
        self.subscribed = False
        self.show_begun = asyncio.Event()
        self.hang_on_show: asyncio.Event | None = None
        self.published = 0
        self.closed = 0
        self.silent_s: float | None = None
        self.hang_on_answer: asyncio.Event | None = None
        self.hang_on_close: asyncio.Event | None = None
        self.fail_on: str = ""

    async def answer(self, sdp: str) -> str:
        """Check the offer as the peer does. Raises BadOffer."""
        if self.hang_on_answer is not None:
            await self.hang_on_answer.wait()
        if self.fail_on == "answer":
            raise RuntimeError("no socket")
        check_offer(sdp)
        return "v=0\r\ns=answer\r\n"

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Write it down; raises BadOffer for one called bad."""
        if candidate == "bad":
            raise BadOffer("candidate", "bad", "a good one")
        self.candidates.append((candidate, mid, index))

    async def stats(self) -> dict[str, Any]:
        """One figure."""
        return {"fake": 1}

    def mic_silent_s(self) -> float | None:
        """As set by the test."""
        return self.silent_s

    def queue_ages(self) -> Mapping[str, float]:
        """One queue."""
        return {"mic": 0.25}

    async def publish(self) -> None:
        """Count; fail when told to."""
        if self.fail_on == "publish":
            raise RuntimeError("no stats")
        self.published += 1

    def tell(self, event: Mapping[str, object]) -> None:
        """Write it down."""
        self.told.append(event)

    async def show(self, stage: Stage) -> None:
        """Write it down; hang or fail when told to."""
        self.show_begun.set()
        if self.hang_on_show is not None:
            await self.hang_on_show.wait()
        if self.fail_on == "show":
            raise RuntimeError("no room for pictures")
        self.shown.append(stage)

    def wish(self, wish: Wish) -> None:
        """Write it down."""
        self.wishes.append(wish)

    def subscribe(self, on: bool) -> None:
        """Write it down."""
        self.subscribed = on

    async def aclose(self) -> None:
        """Count; hang or fail when told to."""
        self.closed += 1
        await self.doors.aclose()
        if self.fail_on == "aclose":
            raise RuntimeError("stuck socket")
        if self.hang_on_close is not None:
            await self.hang_on_close.wait()


class FakeBackend:
    """A Backend whose media are FakeMedia, kept in `made` in order."""

    def __init__(self, *, store: FakeStore | None = None, machine: Machine | None = None) -> None:
        self.store = store or FakeStore()
        self.lookahead = 1280
        self.running = False
        self.made: list[FakeMedia] = []
        self.prepare: Callable[[FakeMedia], None] = lambda media: None
        self.on_fault: Fault | None = None
        self.stops = 0
        self.renderer: Kind = "motion-frame"
        self.speech = NO_VOICE
        self.assistant_missing: tuple[tuple[str, str], ...] = ()
        self.measured = machine or Machine(cores=4, step_512_s=0.008)

    def machine(self) -> Machine:
        """As given."""
        return self.measured

    async def build(self, plan: SessionPlan, events: MediaEvents) -> FakeMedia:
        """One FakeMedia."""
        media = FakeMedia(plan, events)
        self.prepare(media)
        self.made.append(media)
        return media

    async def start(
        self, gallery: Gallery, metrics: Metrics, pool: CodecPool, on_fault: Fault
    ) -> MediaFactory:
        """Pretend to be warm; `prepare` may change each FakeMedia before it is used."""
        self.on_fault = on_fault
        self.running = True
        return self.build

    async def aclose(self) -> None:
        """Count."""
        self.running = False
        self.stops += 1
