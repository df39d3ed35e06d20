"""One face from sound to virtual camera: the live session's own parts without a peer.

Runs on the event loop; conversion and writing on the codec pool.
Never paces by itself: the player's clock moves picture and voice, the picture held by what the
sound system takes longer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from engines.mailbox import Mailbox
from engines.values import F32, SAMPLE_RATE_HZ, U8, Picture
from server.camera.devices import CameraError
from server.camera.step import HeldBack
from server.codec_pool import CodecPool
from server.faces import FacePlan, Faces
from server.media import FRAMES_KEPT
from server.player import Outlets, Player
from server.playout import Sound, Still
from server.timeline import CHUNK, MicTimeline

RTP_STEP = 3
"""48 kHz units in one sample of media time."""


class Camera(Protocol):
    """Where pictures go."""

    def send(self, image: U8) -> None:
        """u8[S,S,3]; blocks for some milliseconds."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What the run is joined to."""

    camera: Camera
    play: Callable[[F32], None]
    """Where the voice goes."""
    listen: Callable[[Callable[[F32], None]], Awaitable[None]]
    """Gives 20 ms of sound at a time to the callback, until cancelled or at an end."""
    hold_s: float
    """What the voice's way takes longer than the picture's."""


class Voice:
    """The player's outlet for sound."""

    def __init__(self, play: Callable[[F32], None]) -> None:
        self._play = play

    def put(self, item: Sound) -> None:
        """At once."""
        self._play(item.samples)


class CameraRun:
    """Joins the parts, and runs until the sound ends or it is cancelled."""

    def __init__(self, faces: Faces, plan: FacePlan, ways: Ways, *, delay_ms: int) -> None:
        self._faces = faces
        self._plan = plan
        self._ways = ways
        self._delay_ms = delay_ms
        self._pts = 0
        self.shown = 0

    async def run(self, pool: CodecPool) -> None:
        """Until the sound ends. Raises CameraError when a device has gone."""
        frames: Mailbox[Picture] = Mailbox("frames", FRAMES_KEPT, "drop-oldest")
        # Drops the oldest: a device that is slow shall show what is new.
        wake = asyncio.Event()
        stills: Mailbox[Still] = Mailbox("camera", 2, "drop-oldest", on_put=wake.set)
        faults: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        face = await self._faces.open(self._plan, frames)
        timeline = MicTimeline()
        async with AsyncExitStack() as stack:
            stack.callback(face.close)
            player = Player(
                timeline=timeline,
                engine_audio=face.audio,
                engine_frames=frames,
                outlets=Outlets(Voice(self._ways.play), stills),
                idle_image=face.still,
                delay_ms=self._delay_ms,
                on_fault=partial(_fail, faults),
            )
            stack.push_async_callback(player.aclose)
            player.start()

            def hear(samples: F32) -> None:
                timeline.push(time.monotonic(), self._pts * RTP_STEP, samples)
                self._pts += len(samples)
                player.pump()

            tasks = [
                asyncio.ensure_future(self._ways.listen(hear)),
                asyncio.ensure_future(self._show(pool, stills, wake)),
                faults,
            ]
            stack.push_async_callback(_cancel, tasks)
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def _show(self, pool: CodecPool, stills: Mailbox[Still], wake: asyncio.Event) -> None:
        """Pictures to the camera, each held back as long as the voice's way is longer."""
        held: HeldBack[Still] = HeldBack(self._ways.hold_s)
        while True:
            wait_s = None if held.next_s is None else max(0.0, held.next_s - time.monotonic())
            try:
                async with asyncio.timeout(wait_s):
                    await wake.wait()
            except TimeoutError:
                pass  # The one that waits is due.
            wake.clear()
            now_s = time.monotonic()
            for still in stills.take_all():
                held.put(now_s, still)
            if (due := held.due(now_s)) is not None:
                await pool.run(self._ways.camera.send, due.image)
                self.shown += 1


def _fail(faults: asyncio.Future[None], error: BaseException) -> None:
    if not faults.done():
        faults.set_exception(error)


async def _cancel(tasks: list[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def paced(samples: F32, hear: Callable[[F32], None]) -> None:
    """A recording as if it were spoken now, then one second of silence."""
    begun_s = time.monotonic()
    for start in range(0, len(samples), CHUNK):
        hear(samples[start : start + CHUNK])
        due_s = begun_s + (start + CHUNK) / SAMPLE_RATE_HZ
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
    await asyncio.sleep(1.0)


def check_hold(hold_ms: float) -> float:
    """Seconds that pictures are held. Raises CameraError for what cannot be."""
    try:
        HeldBack[Still](hold_ms / 1000)
    except ValueError as error:
        raise CameraError(f"--hold-ms {hold_ms:g}: {error}") from error
    return hold_ms / 1000
