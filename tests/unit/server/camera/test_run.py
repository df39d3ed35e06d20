"""Sound to camera with the real player; a made-up engine draws, a made-up device receives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engines.mailbox import Mailbox
from engines.render.stage import AS_IT_IS
from engines.values import F32, U8, Picture
from server.camera.devices import CameraError
from server.camera.run import CameraRun, Ways, check_hold, paced
from server.codec_pool import CodecPool
from server.faces import FacePlan
from tests.integration.loopback import SIZE, FakeEngine

PLAN = FacePlan("camera", "ada", SIZE, AS_IT_IS, 1, "motion-frame")


class World:
    """Notes when the voice gets loud and the picture bright."""

    def __init__(self, fail: bool = False) -> None:
        self.loud_s: list[float] = []
        self.bright_s: list[float] = []
        self.fail = fail
        self.closed = 0

    async def open(self, plan: FacePlan, frames: Mailbox[Picture]) -> Any:
        engine = FakeEngine()
        engine.frames = frames
        still = np.full((SIZE, SIZE, 3), 60, np.uint8)
        return SimpleNamespace(audio=engine.audio, still=still, close=self._close)

    def _close(self) -> None:
        self.closed += 1

    def send(self, image: U8) -> None:
        if self.fail:
            raise CameraError("the virtual camera has gone")
        if image[0, 0, 0] > 150:
            self.bright_s.append(time.monotonic())

    def play(self, samples: F32) -> None:
        if np.abs(samples).max() > 0.3:
            self.loud_s.append(time.monotonic())

    async def run(self, hold_s: float, listen: Callable[..., Any]) -> None:
        ways = Ways(self, self.play, listen, hold_s)
        async with CodecPool(1) as pool:
            await CameraRun(self, PLAN, ways, delay_ms=140).run(pool)  # type: ignore[arg-type]


def burst() -> F32:
    """200 ms of silence, 200 ms loud."""
    sound = np.zeros(6400, np.float32)
    sound[3200:] = 0.5
    return sound


async def test_the_picture_waits_for_its_voice() -> None:
    world = World()
    await world.run(0.2, lambda hear: paced(burst(), hear))
    assert len(world.loud_s) >= 8 and world.bright_s
    # Held by 200 ms behind the voice's release: neither together with it nor a second late.
    assert 0.1 < world.bright_s[0] - world.loud_s[0] < 1.0
    assert world.closed == 1


async def test_a_camera_that_goes_ends_the_run_with_its_reason() -> None:
    world = World(fail=True)
    with pytest.raises(CameraError, match="has gone"):
        await world.run(0.0, lambda hear: asyncio.Event().wait())
    assert world.closed == 1


def test_how_long_pictures_may_wait() -> None:
    assert check_hold(40.0) == 0.04
    for wrong in (-1.0, 5000.0):
        with pytest.raises(CameraError, match="--hold-ms"):
            check_hold(wrong)
