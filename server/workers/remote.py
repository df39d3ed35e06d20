"""The media's side of the link: `server.faces.Faces` on the engine of another process.

Runs on the event loop of a media process.
Never waits for the engine but where a caller does, and never longer than `CALL_S`. When the engine
goes or falls silent, `on_away` is told at once, and the link is made anew until it is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from engines.loop import AUDIO_CHUNKS, EngineStopped
from engines.mailbox import Mailbox
from engines.meters import RECENT, EngineSessionStats, EngineStats
from engines.motion.wishes import Wish
from engines.render.stage import Stage
from engines.values import U8, AudioChunk, Picture
from server.errors import ApiError
from server.faces import FacePlan, Step
from server.manager import EngineAway
from server.warm_engine import STUCK_S
from server.workers.link import Link
from server.workers.messages import (
    WIRE,
    Beat,
    Close,
    Drawn,
    Faulted,
    Figures,
    Hear,
    Obey,
    Open,
    Opened,
    Refused,
    Show,
    Shown,
    Welcome,
)
from server.workers.ring import RingReader, format_ring, ring_bytes
from server.workers.segment import Segment, SegmentRefused
from server.workers.wire import BadMessage

log = logging.getLogger(__name__)
SLOTS = 6
"""Pictures in a session's ring: this loop may stall for 200 ms and loses none."""
META_BYTES = 4096
"""Room beside the pixels: a motion and an emotion are 1 kB."""
CALL_S = 20.0
"""Longest wait for a face to be built: a new avatar takes a second."""
SILENT_S = 2.0
"""An engine that says nothing for eight heartbeats has stalled."""
RETRY_S = 0.1
NO_ENGINE = EngineStats(0, 0.0, 0.0, 0)


class RemoteFault(Exception):
    """The engine failed; the message is the name of what it raised there."""


class RemoteFaces:
    """Faces of the engine that listens on a socket in the file system."""

    def __init__(
        self,
        path: Path,
        *,
        on_fault: Callable[[str | None, BaseException], None],
        silent_s: float = SILENT_S,
    ) -> None:
        """`on_fault` is called on the loop: with a session, or with None and EngineAway."""
        self._path = path
        self._on_fault = on_fault
        self._silent_s = silent_s
        self._link: Link | None = None
        self._faces: dict[str, RemoteFace] = {}
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._numbers = count(1)
        self._stats = NO_ENGINE
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self.welcome: Welcome | None = None
        """What the engine said of itself; kept while it is away."""

    # -- the link ----------------------------------------------------------------------------

    async def start(self, timeout_s: float) -> Welcome:
        """Wait until the engine is warm. Raises TimeoutError."""
        self._task = asyncio.create_task(self._keep(), name="engine-link")
        async with asyncio.timeout(timeout_s):
            await self._up.wait()
        assert self.welcome is not None
        return self.welcome

    async def aclose(self) -> None:
        """Let go of the engine. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for face in list(self._faces.values()):
            face.close()

    @property
    def running(self) -> bool:
        """Whether an engine is there, by its own word not long ago, and turns."""
        return self._up.is_set() and self._stats.turn_age_s < STUCK_S

    @property
    def sessions(self) -> tuple[str, ...]:
        """Whose faces are open here."""
        return tuple(self._faces)

    def stats(self) -> EngineStats:
        """As `Faces.stats`, a quarter of a second old."""
        return self._stats

    async def _keep(self) -> None:
        """One link after the other."""
        while True:
            try:
                self._link = link = await Link.connect(self._path, WIRE)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            reason = "the engine has gone"
            try:
                await self._read(link)
            except TimeoutError:
                reason = "the engine has stalled"
            except BadMessage:
                log.exception("the engine is not understood: cut off")
            finally:
                link.cut()
                self._lose(reason)

    async def _read(self, link: Link) -> None:
        """Raises TimeoutError when it falls silent, BadMessage."""
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        async with asyncio.timeout(self._silent_s) as limit:
            async for message in link.messages():
                self._take(message)
                # A timer is dear; an eighth of the wait is one heartbeat.
                if (now_s := loop.time()) > heard_s + self._silent_s / 8:
                    heard_s = now_s
                    limit.reschedule(now_s + self._silent_s)

    def _take(self, message: object) -> None:
        match message:
            case Drawn(session, number):
                if (face := self._faces.get(session)) is not None:
                    face.take(number)
            case Figures(session):
                if (face := self._faces.get(session)) is not None:
                    face.learn(message)
            case Beat(stats):
                self._stats = stats
            case Opened(call) | Shown(call) | Refused(call):
                waiting = self._calls.get(call)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            case Faulted(session, error):
                self._on_fault(session, RemoteFault(error) if session else EngineAway(error))
            case Welcome():
                self.welcome = message
                self._up.set()
            case _:
                raise BadMessage(f"{type(message).__name__} is not for media")

    def _lose(self, reason: str) -> None:
        self._link = None
        self._stats = NO_ENGINE
        for waiting in self._calls.values():
            if not waiting.done():
                waiting.set_exception(EngineStopped(reason))
        if self._up.is_set():
            self._up.clear()
            # Let go of on purpose: nobody has to be told.
            if self._task is not None:
                self._on_fault(None, EngineAway(reason))

    # -- faces -------------------------------------------------------------------------------

    async def open(self, plan: FacePlan, frames: Mailbox[Picture]) -> RemoteFace:
        """As `Faces.open`; SegmentRefused comes as ApiError 503."""
        room = plan.size * plan.size * 3 + META_BYTES
        try:
            segment = Segment.create(ring_bytes(SLOTS, room))
        except SegmentRefused as error:
            hint = "see docs/workers.md"
            raise ApiError(503, "no_shared_memory", str(error), hint) from error
        try:
            view = segment.view()
            format_ring(view, SLOTS, room)
            face = RemoteFace(self, plan, segment, RingReader(view), frames)
            opened: Opened = await self.call(lambda call: Open(call, plan, segment.name))
        except BaseException:
            self.say(Close(plan.session_id))
            view.release()
            segment.unlink()
            segment.close()
            raise
        # Both have it: without a name nothing is left of it once both have gone.
        segment.unlink()
        face.still = face.fetch_still(opened.still)
        self._faces[plan.session_id] = face
        return face

    def say(self, message: object) -> None:
        """Tell the engine something; while it is away, nobody."""
        if self._link is not None:
            self._link.send(message)

    async def call(self, make: Callable[[int], object]) -> Any:
        """Ask for something and wait.

        Raises EngineStopped when the engine is away or goes, ApiError when it refuses, and
        TimeoutError.
        """
        if self._link is None or not self._up.is_set():
            raise EngineStopped("the engine is being started again")
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        try:
            self._link.send(make(number))
            async with asyncio.timeout(CALL_S):
                reply = await answer
        finally:
            del self._calls[number]
        if isinstance(reply, Refused):
            raise ApiError(reply.status, reply.code, reply.message, reply.hint)
        return reply

    def forget(self, session_id: str) -> None:
        """A face was closed."""
        self._faces.pop(session_id, None)
        self.say(Close(session_id))


class RemoteFace:
    """One session of the engine of another process."""

    still: U8

    def __init__(
        self,
        faces: RemoteFaces,
        plan: FacePlan,
        segment: Segment,
        ring: RingReader,
        frames: Mailbox[Picture],
    ) -> None:
        self._faces = faces
        self._id = plan.session_id
        self._size = plan.size
        self._segment = segment
        self._ring = ring
        self._frames = frames
        self._open = True
        self._stats = EngineSessionStats()
        # As many as the engine's own percentiles look back over.
        self._steps: dict[Step, deque[float]] = {
            "motion": deque(maxlen=RECENT),
            "render": deque(maxlen=RECENT),
        }
        self._counts: dict[Step, int] = {"motion": 0, "render": 0}
        # Emptied with each put; the bound is that of the engine's own, to which it goes.
        self.audio: Mailbox[AudioChunk] = Mailbox(
            f"audio {self._id[:8]}", AUDIO_CHUNKS, "drop-oldest", on_put=self._send_audio
        )

    def _send_audio(self) -> None:
        for chunk in self.audio.take_all():
            self._faces.say(Hear(self._id, chunk))

    def wish(self, wish: Wish) -> None:
        """As `Face.wish`."""
        self._faces.say(Obey(self._id, wish))

    async def show(self, stage: Stage) -> None:
        """As `Face.show`."""
        shown: Shown = await self._faces.call(lambda call: Show(call, self._id, stage))
        if self._open:
            self.still = self.fetch_still(shown.still)

    def stats(self) -> EngineSessionStats:
        """As `Face.stats`."""
        return self._stats

    def steps(self, step: Step, since: int) -> Sequence[float]:
        """As `Face.steps`."""
        times = self._steps[step]
        new = min(max(0, self._counts[step] - since), len(times))
        return list(times)[len(times) - new :]

    def close(self) -> None:
        """As `Face.close`."""
        if self._open:
            self._open = False
            self._faces.forget(self._id)
            self._ring.release()
            self._segment.close()

    def take(self, number: int) -> None:
        """A picture lies in the ring. Raises BadMessage for one that is none."""
        record = self._ring.read(number)
        if record is not None:
            meta = WIRE.unpack(record.meta)
            image = self._image(record.body)
            self._frames.put(Picture(meta.pts, meta.epoch, image, meta.motion, meta.emotion))

    def fetch_still(self, number: int) -> U8:
        """A still out of the ring. Raises EngineStopped when it was overwritten meanwhile."""
        record = self._ring.read(number)
        if record is None:
            raise EngineStopped("this process is too busy to fetch its pictures")
        return self._image(record.body)

    def _image(self, body: bytes) -> U8:
        wanted = self._size * self._size * 3
        if len(body) != wanted:
            raise BadMessage(f"a picture of {len(body)} bytes, wanted {wanted}")
        return np.frombuffer(body, np.uint8).reshape(self._size, self._size, 3)

    def learn(self, figures: Figures) -> None:
        """The engine's figures have come."""
        self._stats = figures.stats
        for step, times in (("motion", figures.motion_s), ("render", figures.render_s)):
            self._steps[step].extend(times)  # type: ignore[index]
            self._counts[step] += len(times)  # type: ignore[index]
