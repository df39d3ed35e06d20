"""The agent's side: `AvatarSession` brings a face into the room and sends it the agent's voice.

Runs in the agent's process.
Never leaves the face behind when the session ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import httpx
from livekit import api, rtc
from livekit.agents import AgentSession, get_job_context
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF
from livekit.agents.voice.avatar import AvatarSession as BaseAvatarSession
from livekit.agents.voice.avatar import DataStreamAudioOutput

from .room_worker import RoomWorker, WorkerJob

logger = logging.getLogger(__name__)
SAMPLE_RATE_HZ = 24_000
CLEAR_TIMEOUT_S = 2.0
"""Without it an agent whose face is gone hangs at the first interruption."""
DISPATCH_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 20.0


class AvatarSession(BaseAvatarSession[Any]):
    """`await AvatarSession(url=...).start(session, room=ctx.room)` before `session.start(...)`.

    Pausing is not possible: leave `resume_false_interruption` off.
    """

    def __init__(
        self,
        *,
        url: str = "http://127.0.0.1:8000",
        worker_url: str | None = None,
        avatar: str | None = None,
        size: int | None = None,
        wishes: Mapping[str, Any] | None = None,
        identity: str = "synchrorama-avatar",
        name: str = "Avatar",
        new_room: Callable[[], rtc.Room] = rtc.Room,
    ) -> None:
        """`url` is a SynchroRaMa server's. With `worker_url` a worker program
        (`python -m livekit.plugins.synchrorama serve`) joins the room, else this process does.
        """
        super().__init__()
        self._url = url
        self._worker_url = worker_url
        self._avatar, self._size, self._wishes = avatar, size, dict(wishes or {})
        self._identity = identity
        self._display_name = name
        self._new_room = new_room
        self._worker: asyncio.Task[None] | None = None

    @property
    def avatar_identity(self) -> str:
        """Of the face in the room."""
        return self._identity

    @property
    def provider(self) -> str:
        """For metrics."""
        return "synchrorama"

    async def start(
        self,
        agent_session: AgentSession[Any],
        room: rtc.Room,
        *,
        livekit_url: str | None = None,
        livekit_api_key: str | None = None,
        livekit_api_secret: str | None = None,
    ) -> None:
        """Bring the face in. Raises ValueError where LIVEKIT_URL, _API_KEY or _API_SECRET lack."""
        if self._worker is not None:
            raise RuntimeError("start() was called before: make a new AvatarSession")
        where = livekit_url or os.getenv("LIVEKIT_URL")
        key = livekit_api_key or os.getenv("LIVEKIT_API_KEY")
        secret = livekit_api_secret or os.getenv("LIVEKIT_API_SECRET")
        if not (where and key and secret):
            raise ValueError(
                "livekit_url, livekit_api_key and livekit_api_secret must be given, or set as "
                "LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
            )
        await super().start(agent_session, room)
        agent = agent_identity(room)
        token = self._token(room.name, agent, key, secret)
        job = WorkerJob(where, token, agent, self._avatar, self._size, self._wishes)
        await self._dispatch(job)
        agent_session.output.replace_audio_tail(
            DataStreamAudioOutput(
                room=room,
                destination_identity=self._identity,
                sample_rate=SAMPLE_RATE_HZ,
                wait_remote_track=rtc.TrackKind.KIND_VIDEO,
                clear_buffer_timeout=CLEAR_TIMEOUT_S,
                wait_playback_start=True,
            )
        )

    async def aclose(self) -> None:
        """The face leaves. Idempotent."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.wait({worker}, timeout=CLOSE_TIMEOUT_S)
        await super().aclose()

    def _token(self, room: str, agent: str, key: str, secret: str) -> str:
        return (
            api.AccessToken(key, secret)
            .with_kind("agent")
            .with_identity(self._identity)
            .with_name(self._display_name)
            .with_grants(api.VideoGrants(room_join=True, room=room))
            .with_attributes({ATTRIBUTE_PUBLISH_ON_BEHALF: agent})
            .to_jwt()
        )

    async def _dispatch(self, job: WorkerJob) -> None:
        if self._worker_url is None:
            worker = RoomWorker(job, url=self._url, new_room=self._new_room)
            self._worker = asyncio.create_task(worker.run(), name="synchrorama-worker")
            self._worker.add_done_callback(_report)
            return
        async with httpx.AsyncClient(timeout=DISPATCH_TIMEOUT_S) as http:
            reply = await http.post(f"{self._worker_url.rstrip('/')}/join", json=asdict(job))
            if reply.is_error:
                raise RuntimeError(f"the worker refused: {reply.status_code} {reply.text[:200]}")


def agent_identity(room: rtc.Room) -> str:
    """Whose voice the face has: the agent's, also before its room is connected."""
    context = get_job_context(required=False)
    if context is not None:
        return str(context.local_participant_identity)
    if not room.isconnected():
        raise RuntimeError("connect the room first, or start the avatar in an agent's job")
    return str(room.local_participant.identity)


def _report(worker: asyncio.Task[None]) -> None:
    if not worker.cancelled() and (error := worker.exception()) is not None:
        logger.error("the face left the room: %s", error, exc_info=error)
