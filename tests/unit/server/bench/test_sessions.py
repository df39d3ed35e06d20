"""What many sessions' figures are judged by; pictures counted and not decoded."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from aiortc import rtcrtpreceiver

from server.bench.latency import Plan
from server.bench.report import Result
from server.bench.service import Service
from server.bench.sessions import Caller, Figures, counted, judge, measure


def figures(drawn_hz: float = 25.0, jaw: float = 0.1, speaking: bool = True) -> Figures:
    return Figures(drawn_hz, 25.0, [40.0, 41.0], "motion frame", 3.0, jaw, speaking)


def table(*found: Figures) -> Result:
    metrics = {"avatar_engine_use": 0.7}
    return judge(Plan(connects=2), list(found), metrics, {}, Service("u", None, {}))


def test_sessions_drawn_in_time_each_by_its_own_sound_hold() -> None:
    result = table(figures(), figures(jaw=0.01, speaking=False))
    assert result.held
    assert any("motion frame" in note and "0.70" in note for note in result.notes)


@pytest.mark.parametrize(
    "bad", [figures(drawn_hz=12.5), figures(drawn_hz=24.0), figures(jaw=0.08, speaking=False)]
)
def test_one_session_that_is_not_well_misses(bad: Figures) -> None:
    assert not table(figures(), figures(jaw=0.0, speaking=False), bad, bad).held


class Scripted(Caller):
    """Its pictures come between two looks."""

    rendered = 10

    def come(self) -> None:
        self.arrived_s.extend([1.00, 1.04, 1.10])
        self.jaw.extend([0.0, 0.2])

    async def figures(self) -> dict[str, Any]:
        asyncio.get_running_loop().call_soon(self.come)
        self.rendered += 50
        drawn = {"frames_rendered": self.rendered, "rung_name": "12.5 fps", "render_mean_ms": 4.0}
        return {"engine": drawn}


async def test_only_what_came_while_it_was_measured_counts() -> None:
    caller = Scripted(Service("u", None, {}), np.zeros(9, np.float32), True)
    caller.arrived_s.extend([0.0, 0.1])
    caller.jaw.append(9.0)
    (found,) = await measure([caller], 0)
    assert found.drawn_hz > 0 and found.rung == "12.5 fps"
    assert found.jaw == pytest.approx(0.1)
    assert found.interval_ms == pytest.approx([40.0, 60.0])
    await caller.pc.close()


def test_pictures_are_counted_and_sound_is_decoded_as_ever() -> None:
    usual = vars(rtcrtpreceiver)["get_decoder"]
    arrived: list[float] = []
    with counted(arrived):
        get = vars(rtcrtpreceiver)["get_decoder"]
        decoder = get(SimpleNamespace(name="VP8"))
        assert decoder.decode(object()) == [] and len(arrived) == 1
        opus = SimpleNamespace(name="opus", mimeType="audio/opus")
        assert type(get(opus)).__name__ == "OpusDecoder"
    assert vars(rtcrtpreceiver)["get_decoder"] is usual
