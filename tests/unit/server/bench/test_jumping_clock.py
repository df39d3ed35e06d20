from __future__ import annotations

import time

import aiortc.clock
import pytest

from server.bench.jumping_clock import JUMP_S, Jumping, install


def test_the_wall_clock_jumps_and_the_monotonic_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, name in ((time, "time"), (time, "time_ns"), (aiortc.clock, "current_datetime")):
        monkeypatch.setattr(module, name, getattr(module, name))
    clock = Jumping(lambda: 1000.0)
    before_s, before_ntp = time.monotonic(), None
    install(clock)
    before_ntp = aiortc.clock.current_ntp_time() >> 32
    clock.jump(JUMP_S)
    assert time.time() == 1000.0 + JUMP_S and time.time_ns() == int((1000 + JUMP_S) * 1e9)
    assert (aiortc.clock.current_ntp_time() >> 32) - before_ntp == JUMP_S
    assert time.monotonic() - before_s < JUMP_S
    clock.jump(-JUMP_S)
    assert time.time() == 1000.0
