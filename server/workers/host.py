"""The engine's side of the links: opens faces for media processes and hands their pictures over.

Runs on the event loop of the engine process; `fault` may be called from any thread.
Never waits for a media process: pictures it does not fetch are overwritten, and one that does not
read is cut off. When it goes, its faces are closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from engines.mailbox import Mailbox
from engines.motion.wishes import Wish
from engines.values import U8, AudioChunk, Picture
from server.errors import ApiError
from server.faces import FacePlan, LocalFace, LocalFaces
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
    PictureMeta,
    Refused,
    Show,
    Shown,
    Welcome,
)
from server.workers.ring import RingError, RingWriter
from server.workers.segment import Segment, SegmentRefused
from server.workers.wire import BadMessage

log = logging.getLogger(__name__)
BEAT_S = 0.25
FIGURES_EVERY = 2
"""Beats between two rounds of figures: as often as sessions publish theirs."""
FRAMES_KEPT = 8
"""Pictures on their way from the engine thread to the ring: this loop takes them at once."""


class EngineHost:
    """Serves one engine to any number of media processes."""

    def __init__(self, faces: LocalFaces, welcome: Welcome) -> None:
        """`welcome` is what each media process is told first."""
        self.faces = faces
        self.welcome = welcome
        self._guests: dict[asyncio.Task[None], _Guest] = {}
        self._server: asyncio.Server | None = None
        self._beat: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    async def start(self, path: Path) -> None:
        """Listen on a socket in the file system. Raises OSError."""
        self._server = await Link.listen(path, WIRE, self._greet)
        self._beat = asyncio.create_task(self._beat_for_ever(), name="beat")

    async def aclose(self) -> None:
        """Close every face, and tell nobody anything any more. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
        running = [*self._guests, *([self._beat] if self._beat is not None else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def fault(self, session_id: str | None, error: BaseException) -> None:
        """The engine failed on one session, or (None) as a whole. Any thread may call."""
        self._loop.call_soon_threadsafe(self._tell_fault, session_id, error)

    def _tell_fault(self, session_id: str | None, error: BaseException) -> None:
        log.error("engine fault", exc_info=error)
        for guest in self._guests.values():
            if session_id is None or session_id in guest.faces:
                guest.link.send(Faulted(session_id, type(error).__name__))

    def _greet(self, link: Link) -> None:
        guest = _Guest(link, self.faces)
        task = asyncio.create_task(self._serve(guest), name="guest")
        self._guests[task] = guest
        task.add_done_callback(self._guests.pop)

    async def _serve(self, guest: _Guest) -> None:
        try:
            guest.link.send(self.welcome)
            await guest.serve()
        except BadMessage:
            log.exception("a media process is not understood: cut off")
        finally:
            guest.close()

    async def _beat_for_ever(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(BEAT_S)
            count += 1
            stats = self.faces.stats()
            for guest in self._guests.values():
                guest.link.send(Beat(stats))
                if count % FIGURES_EVERY == 0:
                    guest.publish()


class _Guest:
    """One media process."""

    def __init__(self, link: Link, faces: LocalFaces) -> None:
        self.link = link
        self._faces = faces
        self.faces: dict[str, _Hosted] = {}
        self._calls: dict[str, set[asyncio.Task[None]]] = {}

    async def serve(self) -> None:
        """Do what it asks until it has gone. Raises BadMessage."""
        async for message in self.link.messages():
            match message:
                case Hear(session, chunk):
                    self._hear(session, chunk)
                case Obey(session, wish):
                    self._obey(session, wish)
                case Open(call, plan, ring):
                    self._start(plan.session_id, call, self._open(call, plan, ring))
                case Show(call, session, _):
                    self._start(session, call, self._show(message))
                case Close(session):
                    self._close(session)
                case _:
                    raise BadMessage(f"{type(message).__name__} is not for the engine")

    def _hear(self, session: str, chunk: AudioChunk) -> None:
        if (hosted := self.faces.get(session)) is not None:
            hosted.face.audio.put(chunk)

    def _obey(self, session: str, wish: Wish) -> None:
        if (hosted := self.faces.get(session)) is not None:
            hosted.face.wish(wish)

    def _start(self, session: str, call: int, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._answer(call, work), name=f"call-{call}")
        running = self._calls.setdefault(session, set())
        running.add(task)
        task.add_done_callback(lambda done: self._done(session, done))

    def _done(self, session: str, task: asyncio.Task[None]) -> None:
        running = self._calls[session]
        running.discard(task)
        if not running:
            del self._calls[session]

    async def _answer(self, call: int, work: Coroutine[Any, Any, None]) -> None:
        """Whatever is wrong with one call is told to whoever made it, and hurts nobody else."""
        try:
            await work
        except ApiError as error:
            told = Refused(call, error.status, error.code, error.message, error.hint)
            self.link.send(told)
        except (SegmentRefused, RingError) as error:
            self.link.send(
                Refused(call, 503, "no_shared_memory", str(error), "see docs/workers.md")
            )
        except Exception as error:
            log.exception("a face could not be drawn")
            message = f"the engine failed: {type(error).__name__}"
            self.link.send(Refused(call, 500, "engine_fault", message, "see the server's log"))

    async def _open(self, call: int, plan: FacePlan, ring: str) -> None:
        hosted = _Hosted(plan.session_id, Segment.attach(ring), self.link)
        try:
            hosted.face = await self._faces.open(plan, hosted.frames)
        except BaseException:
            hosted.release()
            raise
        self.faces[plan.session_id] = hosted
        self.link.send(Opened(call, hosted.write_still()))

    async def _show(self, asked: Show) -> None:
        hosted = self.faces.get(asked.session)
        if hosted is None:
            raise ApiError(410, "session_closed", "the engine has closed this session")
        await hosted.face.show(asked.stage)
        # It may have been closed meanwhile, and its ring with it.
        if self.faces.get(asked.session) is hosted:
            self.link.send(Shown(asked.call, hosted.write_still()))

    def _close(self, session: str) -> None:
        for task in self._calls.get(session, ()):
            task.cancel()
        if (hosted := self.faces.pop(session, None)) is not None:
            hosted.close()

    def publish(self) -> None:
        """Send every face's figures."""
        for hosted in self.faces.values():
            self.link.send(hosted.figures())

    def close(self) -> None:
        """It has gone: nothing of it is kept."""
        for session in {*self.faces, *self._calls}:
            self._close(session)
        self.link.cut()


class _Hosted:
    """One face, and the ring its pictures go to."""

    face: LocalFace

    def __init__(self, session: str, segment: Segment, link: Link) -> None:
        self._session = session
        self._segment = segment
        self._ring = RingWriter(segment.view())
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._told = {"motion": 0, "render": 0}
        self._open = True
        # The newest pictures count; this loop takes them within a millisecond.
        self.frames: Mailbox[Picture] = Mailbox(
            f"frames {session[:8]}", FRAMES_KEPT, "drop-oldest", on_put=self._wake
        )

    def _wake(self) -> None:
        """On the engine thread."""
        self._loop.call_soon_threadsafe(self._forward)

    def _forward(self) -> None:
        if not self._open:
            return
        for picture in self.frames.take_all():
            meta = PictureMeta(picture.pts, picture.epoch, picture.motion, picture.emotion)
            number = self._ring.write(WIRE.pack(meta), _bytes(picture.image))
            self._link.send(Drawn(self._session, number))

    def write_still(self) -> int:
        """Put what is shown without sound into the ring; its number there."""
        return self._ring.write(b"", _bytes(self.face.still))

    def figures(self) -> Figures:
        """What is new since the last time."""
        stats = self.face.stats()
        motion = self.face.steps("motion", self._told["motion"])
        render = self.face.steps("render", self._told["render"])
        self._told["motion"] += len(motion)
        self._told["render"] += len(render)
        return Figures(self._session, stats, tuple(motion), tuple(render))

    def close(self) -> None:
        """Close the face and let go of the ring."""
        self.face.close()
        self.release()

    def release(self) -> None:
        """Let go of the ring."""
        self._open = False
        self._ring.release()
        self._segment.close()


def _bytes(image: U8) -> memoryview:
    return (image if image.flags.c_contiguous else image.copy()).data.cast("B")
