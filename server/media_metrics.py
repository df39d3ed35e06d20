"""From one session's running counters to the process's metrics: only what is new is added.

Runs on the event loop, twice a second for each session.
Never labels by session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engines.meters import EngineSessionStats
from server.metrics import Metrics
from server.player import PlayerStats


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
        encode_s: Sequence[float] | Any,
    ) -> None:
        """Take the figures as they stand now."""
        metrics = self._metrics
        for outcome, count in (
            ("sent", player.sent),
            ("repeated", player.repeated),
            ("late", player.late),
            ("dropped", player.dropped + engine.frames_dropped),
        ):
            metrics.frames.labels(outcome).inc(self._new(f"frames {outcome}", count))
        # One observation for each update, weighted by nothing: a running mean is what is known.
        for stage, times in (("motion", engine.motion), ("render", engine.render)):
            if self._new(f"steps {stage}", times.steps) > 0:
                metrics.stage.labels(stage).observe(times.mean_s)
        if encode_s:
            metrics.stage.labels("encode").observe(encode_s[-1])
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
