"""One face in one LiveKit room: joins, takes the agent's speech by data stream, publishes tracks.

Runs on an event loop, in the agent's process or in a worker's.
Never stays in a room that the face has left: when one ends, both end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents.voice.avatar import AvatarRunner, DataStreamAudioReceiver

from .generator import SynchroramaVideoGenerator

logger = logging.getLogger(__name__)
CONNECT_TIMEOUT_S = 20.0
CLOSE_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class WorkerJob:
    """Where to go and as whom; as JSON it is the body that a worker program takes."""

    livekit_url: str
    token: str
    """Of kind `agent`, with the attribute `lk.publish_on_behalf`."""
    agent_identity: str
    """Whose speech is taken."""
    avatar: str | None = None
    size: int | None = None
    wishes: Mapping[str, Any] = field(default_factory=dict)


class RoomWorker:
    """`run` until the room or the face ends."""

    def __init__(
        self, job: WorkerJob, *, url: str, new_room: Callable[[], rtc.Room] = rtc.Room
    ) -> None:
        """`url` is a SynchroRaMa server's."""
        self._job = job
        self._room = new_room()
        self._generator = SynchroramaVideoGenerator(
            url=url, avatar=job.avatar, size=job.size, wishes=job.wishes
        )
        self._disconnected = asyncio.Event()

    async def run(self) -> None:
        """Join and serve. Raises AvatarError when the face is lost, TimeoutError when no room."""
        runner: AvatarRunner | None = None
        receiver: DataStreamAudioReceiver | None = None
        try:
            options = await self._generator.start()
            self._room.on("disconnected", self._on_disconnected)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._room.connect(self._job.livekit_url, self._job.token)
            receiver = DataStreamAudioReceiver(self._room, sender_identity=self._job.agent_identity)
            starting = AvatarRunner(
                self._room, audio_recv=receiver, video_gen=self._generator, options=options
            )
            await starting.start()
            # One that did not start cannot be closed: livekit-agents 1.8.
            runner = starting
            await self._serve(runner)
        finally:
            await asyncio.shield(self._close(runner, receiver))

    async def _serve(self, runner: AvatarRunner) -> None:
        serving = asyncio.create_task(runner.wait_for_complete(), name="synchrorama-serving")
        leaving = asyncio.create_task(self._disconnected.wait(), name="synchrorama-leaving")
        try:
            done, _ = await asyncio.wait({serving, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if serving in done:
                serving.result()
        finally:
            for task in (serving, leaving):
                task.cancel()
            await asyncio.gather(serving, leaving, return_exceptions=True)

    async def _close(
        self, runner: AvatarRunner | None, receiver: DataStreamAudioReceiver | None
    ) -> None:
        steps = [self._generator.aclose(), self._room.disconnect()]
        if receiver is not None:
            steps.insert(0, receiver.aclose())
        if runner is not None:
            steps.insert(0, runner.aclose())
        for step in steps:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await step
            except Exception as error:  # noqa: BLE001 - each part is closed, whatever another does
                logger.warning("a part did not close: %s", error)

    def _on_disconnected(self, *_: object) -> None:
        self._disconnected.set()
