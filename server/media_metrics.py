"""From one session's running counters to the process's metrics: only what is new is added.

Runs on the event loop, twice a second for each session.
Never labels by session.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engines.meters import EngineSessionStats
from server.metrics import Metrics
from server.player import PlayerStats

Times = Callable[[int], Sequence[float]]
"""Steps seen before -> seconds of each step after them."""


def newest(times: Sequence[float] | deque[float], total: int) -> Times:
    """`Times` of a bounded history `times`, of which there have been `total` in all."""

    def since(steps: int) -> Sequence[float]:
        new = min(max(0, total - steps), len(times))
        return list(times)[len(times) - new :]

    return since


class Meter:
    """Remembers what of a session has been counted already."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._seen: dict[str, float] = {}

    def update(
        self,
        engine: EngineSessionStats,
        player: PlayerStats,
        peer: Mapping[str, Any],
        stages: Mapping[str, Times],
    ) -> None:
        """Take the figures as they stand now; `stages` tells the times of a stage's new steps."""
        metrics = self._metrics
        for outcome, count in (
            ("sent", player.sent),
            ("repeated", player.repeated),
            ("late", player.late),
            ("dropped", player.dropped + engine.frames_dropped),
        ):
            metrics.frames.labels(outcome).inc(self._new(f"frames {outcome}", count))
        for rung, count in engine.drawn.items():
            metrics.rungs.labels(rung).inc(self._new(f"rung {rung}", count))
        for stage, since in stages.items():
            name = f"steps {stage}"
            times = since(int(self._seen.get(name, 0)))
            self._seen[name] = self._seen.get(name, 0) + len(times)
            for seconds in times:
                metrics.stage.labels(stage).observe(seconds)
        if player.audio_to_frame_p50_ms is not None:
            metrics.audio_to_frame.observe(player.audio_to_frame_p50_ms / 1000)
        for kind in ("audio", "video"):
            remote = peer.get(f"remote_{kind}", {})
            lost = self._new(f"lost {kind}", remote.get("packets_lost") or 0)
            metrics.packets_lost.labels(kind).inc(lost)
            if kind == "video" and remote.get("rtt_ms") is not None:
                metrics.rtt.observe(remote["rtt_ms"] / 1000)

    def _new(self, name: str, total: float) -> float:
        """What came since the last call; a count that went back (RTCP allows it) adds nothing."""
        added = max(0.0, total - self._seen.get(name, 0.0))
        self._seen[name] = max(total, self._seen.get(name, 0.0))
        return added


def stats_event(engine: EngineSessionStats, player: PlayerStats) -> dict[str, object]:
    """What the page is told of the figures."""
    return {
        "type": "stats",
        "audio_to_frame_ms": player.audio_to_frame_p50_ms,
        "delay_ms": player.delay_ms,
        "rung": engine.rung_name,
        "render_ms": round(engine.render.mean_s * 1000, 1),
        "motion_ms": round(engine.motion.mean_s * 1000, 1),
        "frames_sent": player.sent,
        "frames_repeated": player.repeated,
        "frames_late": player.late,
        "frames_dropped": player.dropped + engine.frames_dropped,
    }


def engine_figures(stats: EngineSessionStats) -> dict[str, Any]:
    """The engine's figures, times in milliseconds."""
    figures = asdict(stats)
    for rung, count in figures.pop("drawn").items():
        figures[f"drawn_{rung.replace(' ', '_').replace('.', '_')}"] = count
    for stage in ("motion", "render", "work", "queue"):
        times = figures.pop(stage)
        figures |= {
            f"{stage}_{name[:-2]}_ms": round(times[name] * 1000, 2)
            for name in ("mean_s", "p95_s", "max_s")
        }
    return figures
