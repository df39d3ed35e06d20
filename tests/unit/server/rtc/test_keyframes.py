"""A browser that asks all the time gets two key frames a second, one that asks once gets it now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiortc.rtcrtpsender import RTCRtpSender

from server.rtc.keyframes import INTERVAL_S, patches


class Loop:
    """Virtual time: `call_later` runs when `advance` passes it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.timers: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay_s: float, function: Callable[..., None], *args: Any) -> None:
        self.timers.append((self.now_s + delay_s, function, args))

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        due = [timer for timer in self.timers if timer[0] <= self.now_s]
        self.timers = [timer for timer in self.timers if timer[0] > self.now_s]
        for _, function, args in due:
            function(*args)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Times at which a sender was told to make a key frame."""
    times: list[float] = []
    monkeypatch.setattr(RTCRtpSender, "_send_keyframe", lambda self: times.append(self.loop.now_s))
    yield times


def asked(loop: Loop, monkeypatch: pytest.MonkeyPatch, times: int, every_s: float) -> None:
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    sender: Any = RTCRtpSender.__new__(RTCRtpSender)
    sender.loop = loop
    for _ in range(times):
        sender._send_keyframe()
        loop.advance(every_s)
    loop.advance(1.0)


def test_requests_with_each_round_trip_are_limited(
    made: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    undo = [patch.apply() for patch in patches()]
    asked(Loop(), monkeypatch, 50, 0.05)
    for patch in undo:
        patch.apply()
    assert made[0] == 100.0
    assert 5 <= len(made) <= 7
    assert min(b - a for a, b in zip(made, made[1:], strict=False)) >= INTERVAL_S - 1e-6


def test_one_that_comes_too_early_is_met_later(
    made: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    undo = [patch.apply() for patch in patches()]
    asked(Loop(), monkeypatch, 2, 0.1)
    for patch in undo:
        patch.apply()
    assert len(made) == 2


def test_without_it_each_is_met(made: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    asked(Loop(), monkeypatch, 50, 0.05)
    assert len(made) == 50
