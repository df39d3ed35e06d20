"""Pictures counted and not decoded; what came between a mark and a report."""

from __future__ import annotations

import json
from typing import Any, cast

import numpy as np
import pytest

from engines.values import MOTION_INDEX, MOTION_SIZE
from server.bench.caller import Caller, lateness, mark, report
from server.bench.needs import BenchError
from server.bench.service import Service


class Scripted(Caller):
    """A caller whose server's figures are known."""

    rendered = 10

    async def figures(self) -> dict[str, Any]:
        drawn = {"frames_rendered": self.rendered, "rung_name": "12.5 fps", "render_mean_ms": 4.0}
        return {"engine": drawn | {"work_mean_ms": 2.5}}


async def test_only_what_came_since_the_mark_counts() -> None:
    caller = Scripted(Service("u", None, {}), np.zeros(9, np.float32), True)
    caller.arrived += [(0.0, 0), (0.1, 9000)]
    since = await mark(caller)
    caller.arrived += [(1.00, 90_000), (1.04, 93_600), (1.10, 97_200)]
    caller.heard += [(since.at_s + 0.02, 0), (since.at_s + 0.12, 960)]
    caller.rendered += 2
    found = await report(caller, since)
    assert (found.pictures, found.drawn, found.sounds, found.rung) == (3, 2, 2, "12.5 fps")
    assert (found.render_ms, found.work_ms) == (4.0, 2.5)
    assert found.interval_ms == pytest.approx([40.0, 60.0])
    assert found.late_ms == pytest.approx([0.0, 0.0, 20.0])
    assert found.gaps >= 1 and found.longest_gap_ms > 99
    await caller.pc.close()


def test_lateness_is_by_the_time_stamp_also_where_it_wraps() -> None:
    wrapped = [(1.0, 2**32 - 1800), (1.05, 1800), (1.08, 5400)]
    assert lateness(wrapped) == pytest.approx([0.0, 10.0, 0.0])
    assert lateness([]) == []


async def test_messages_are_noted_and_the_jaw_is_read() -> None:
    caller = Caller(Service("u", None, {}), np.zeros(9, np.float32), False)
    values = [0.0] * MOTION_SIZE
    values[MOTION_INDEX["jawOpen"]] = 0.25
    caller._on_message(json.dumps({"type": "motion", "values": values}))
    caller._on_message(json.dumps({"type": "closed"}))
    assert caller.jaw == [0.25] and set(caller.told) == {"motion", "closed"}
    await caller.pc.close()


class Channel:
    """Tells of two motions as soon as they are asked for."""

    def __init__(self, caller: Caller, jaws: list[float]) -> None:
        self.sent: list[dict[str, Any]] = []
        self._caller, self._jaws = caller, jaws

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))
        if self.sent[-1]["motion"]:
            self._caller.jaw += self._jaws


async def test_motions_are_asked_for_only_while_it_watches() -> None:
    caller = Caller(Service("u", None, {}), np.zeros(9, np.float32), False)
    caller.jaw.append(9.0)
    channel = Channel(caller, [0.0, 0.2])
    caller._channel = cast(Any, channel)
    assert await caller.watch(0.0) == pytest.approx(0.1)
    assert [one["motion"] for one in channel.sent] == [True, False]
    caller._channel = cast(Any, Channel(caller, []))
    with pytest.raises(BenchError, match="no motion"):
        await caller.watch(0.0)
    await caller.pc.close()
