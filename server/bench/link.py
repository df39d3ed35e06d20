"""A bad network as pure arithmetic: when does a packet come out, if it does?

Pure; asked by the relay of `server.bench.lossy` for each packet of each direction.
Never holds a clock or a packet.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from server.bench.needs import BenchError

DEEPEST_S = 0.4
"""A bottleneck queues this much and drops the rest, as home routers do (and worse)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Of one direction; both directions of a run have the same."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Delay varies by chance within +- this; packets keep their order, as in a queue."""
    loss: float = 0.0
    """Share of packets lost, each by itself."""
    kbit: float = 0.0
    """Bandwidth in kbit/s; 0 is no limit."""

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1:
            raise BenchError(f"--loss {self.loss:g}: wanted a share, 0 up to below 1")
        for name, value in (("delay", self.delay_ms), ("jitter", self.jitter_ms)):
            if not 0 <= value <= 10_000:
                raise BenchError(f"--{name} {value:g}: wanted 0 to 10000 ms")
        if self.kbit < 0 or 0 < self.kbit < 8:
            raise BenchError(f"--kbit {self.kbit:g}: wanted 0 (no limit) or 8 and more")

    def text(self) -> str:
        """As printed in notes."""
        wide = f"{self.kbit:g} kbit/s" if self.kbit else "no limit of bandwidth"
        lost = f"{self.loss:.1%} loss, {self.delay_ms:g} ms delay"
        return f"{lost}, +-{self.jitter_ms:g} ms jitter, {wide}"


class Link:
    """One direction: its queue and its chance."""

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self.conditions = conditions
        self._chance = random.Random(seed)
        self._last_s = 0.0
        self._busy_s = 0.0
        self.seen = 0
        self.dropped = 0

    def leaves(self, now_s: float, size: int) -> float | None:
        """When a packet of `size` bytes that comes in now goes out; None: it is lost."""
        self.seen += 1
        given = self.conditions
        if self._chance.random() < given.loss:
            self.dropped += 1
            return None
        start_s = now_s
        if given.kbit:
            start_s = max(now_s, self._busy_s)
            if start_s - now_s > DEEPEST_S:
                self.dropped += 1
                return None
            self._busy_s = start_s = start_s + size * 8 / (given.kbit * 1000)
        vary_ms = self._chance.uniform(-given.jitter_ms, given.jitter_ms)
        out_s = start_s + max(0.0, given.delay_ms + vary_ms) / 1000
        self._last_s = out_s = max(out_s, self._last_s)
        return out_s
