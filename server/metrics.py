"""The Prometheus metrics of the server, on a registry of its own.

Runs on the event loop; prometheus_client locks each counter.
Never labels by session, user or address: every label has a handful of values.
"""

from __future__ import annotations

import asyncio
import platform
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engines.backends.runs import Runs
from engines.meters import EngineStats

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
RESULTS = ("client", "lost", "never_connected", "limit", "fault", "shutdown", "bad_offer")
REFUSALS = ("sessions", "engine", "process", "cpu", "stopping")
STAGES = ("vad", "motion", "render", "encode")
OUTCOMES = ("sent", "dropped", "repeated", "late")
KINDS = ("audio", "video")
RUNGS = ("1 step", "mouth", "motion frame", "12.5 fps")
"""Of the settings as they come; more steps are a rung above."""
Running = Callable[[], Mapping[str, Runs]]
"""Network -> on what it runs now."""
_STEP_BUCKETS = (0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.024, 0.04, 0.08, 0.2)
_WAIT_BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0)


def program_version() -> str:
    """Version of the installed distribution, or of the tree when it is not installed."""
    try:
        return version("synchrorama-live")
    except PackageNotFoundError:
        return "0.0.0+tree"


class _Ages(Collector):
    """Asks for the queue ages when it is scraped: an age sampled earlier would be stale."""

    def __init__(self, ages: Callable[[], Mapping[str, float]]) -> None:
        self._ages = ages

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "avatar_queue_age_seconds",
            "Age of the oldest item waiting, worst session.",
            labels=["queue"],
        )
        for queue, age_s in self._ages().items():
            family.add_metric([queue], age_s)
        yield family


class _Engine(Collector):
    """How hard the engine is pressed, what it did about that, and on what its networks run, at
    the moment of the scrape.
    """

    def __init__(self, stats: Callable[[], EngineStats], running: Running = dict) -> None:
        self._stats = stats
        self._running = running

    def collect(self) -> Iterable[Metric]:
        stats = self._stats()
        use = GaugeMetricFamily(
            "avatar_engine_use", "Share of the engine's time that sessions ask for as drawn now."
        )
        use.add_metric([], stats.use)
        yield use
        steps = CounterMetricFamily(
            "avatar_ladder_steps",
            "Steps on the quality ladder: down because time was short, up because it was not.",
            labels=["direction"],
        )
        steps.add_metric(["down"], stats.steps_down)
        steps.add_metric(["up"], stats.steps_up)
        yield steps
        info = GaugeMetricFamily(
            "avatar_network_info",
            "Always 1: which back-end, library version and precision each network runs on.",
            labels=["network", "backend", "version", "precision"],
        )
        for name, runs in sorted(self._running().items()):
            info.add_metric([name, runs.backend, runs.version, runs.precision], 1)
        yield info


class _Running(Collector):
    """Tasks and threads at the moment of the scrape: what must not grow from call to call."""

    def collect(self) -> Iterable[Metric]:
        threads = GaugeMetricFamily("avatar_threads", "Python threads alive.")
        threads.add_metric([], threading.active_count())
        yield threads
        try:
            count = len(asyncio.all_tasks())
        except RuntimeError:
            return  # scraped from outside the event loop: there are no tasks to speak of
        tasks = GaugeMetricFamily("avatar_tasks", "Tasks of the event loop not done.")
        tasks.add_metric([], count)
        yield tasks


def engine_text(stats: Callable[[], EngineStats], running: Running = dict) -> bytes:
    """The exposition of a process that has an engine and no sessions of its own."""
    registry = CollectorRegistry()
    registry.register(_Engine(stats, running))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class Metrics:
    """Every metric, made once for each app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._count()
        self._time()
        self.registry.register(_Running())
        # Memory, CPU and open files of this process (names with process_; Linux only).
        ProcessCollector(registry=self.registry)
        info = Gauge(
            "avatar_build_info", "Always 1.", ["version", "python"], registry=self.registry
        )
        info.labels(program_version(), platform.python_version()).set(1)
        self._start_at_zero()

    def _count(self) -> None:
        registry = self.registry
        self.sessions_active = Gauge(
            "avatar_sessions_active", "Sessions not closed.", registry=registry
        )
        self.sessions = Counter(
            "avatar_sessions", "Sessions ended, by result.", ["result"], registry=registry
        )
        self.rejected = Counter(
            "avatar_admission_rejected", "Sessions refused.", ["reason"], registry=registry
        )
        self.frames = Counter(
            "avatar_frames", "Pictures by outcome.", ["outcome"], registry=registry
        )
        self.rungs = Counter(
            "avatar_rung_frames",
            "Pictures drawn, by rung of the quality ladder.",
            ["rung"],
            registry=registry,
        )
        self.packets_lost = Counter(
            "avatar_webrtc_packets_lost", "RTP packets lost.", ["kind"], registry=registry
        )

    def _time(self) -> None:
        registry = self.registry
        self.stage = Histogram(
            "avatar_stage_duration_seconds",
            "Time of one step.",
            ["stage"],
            buckets=_STEP_BUCKETS,
            registry=registry,
        )
        self.first_frame = Histogram(
            "avatar_first_frame_seconds",
            "From the offer to the first picture sent.",
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        self.audio_to_frame = Histogram(
            "avatar_audio_to_frame_seconds",
            "From a sample's arrival to its picture's release.",
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        self.interrupt = Histogram(
            "avatar_interrupt_to_silence_seconds",
            "From an interrupt to the first silent sample sent.",
            buckets=(0.01, 0.02, 0.03, *_WAIT_BUCKETS),
            registry=registry,
        )
        self.rtt = Histogram(
            "avatar_webrtc_rtt_seconds",
            "Round trip to clients.",
            buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0),
            registry=registry,
        )

    def _start_at_zero(self) -> None:
        """Show every bounded label from the start: a rate over an absent series is no rate."""
        for counter, labels in (
            (self.sessions, RESULTS),
            (self.rejected, REFUSALS),
            (self.frames, OUTCOMES),
            (self.packets_lost, KINDS),
            (self.rungs, RUNGS),
        ):
            for label in labels:
                counter.labels(label)
        for stage in STAGES:
            self.stage.labels(stage)

    def watch_queues(self, ages: Callable[[], Mapping[str, float]]) -> None:
        """Ask `ages` (queue name -> age in seconds) at each scrape. Call once."""
        self.registry.register(_Ages(ages))

    def watch_engine(self, stats: Callable[[], EngineStats], running: Running = dict) -> None:
        """Ask for the engine's figures at each scrape. Call once."""
        self.registry.register(_Engine(stats, running))

    def text(self) -> bytes:
        """The exposition, as text format 0.0.4."""
        return generate_latest(self.registry)
