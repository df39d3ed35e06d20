"""LiveKit's `VideoGenerator`: an agent's speech in, the face and its voice out.

Runs on the worker's event loop.
Never tells the end of an interrupted segment: the runner has told it already, and would take it
for the end of the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarOptions, VideoGenerator

from synchrorama_client import (
    SOUND_HZ,
    AvatarError,
    Picture,
    Segment,
    SegmentOver,
    Server,
    Session,
    SessionClosed,
    Sound,
    Speech,
)
from synchrorama_client.media import Media
from synchrorama_client.pcm import mono, rate_for
from synchrorama_client.turn import Turn

logger = logging.getLogger(__name__)

CLEAR_TIMEOUT_S = 1.0
"""The agent waits 2 s for the answer to `lk.clear_buffer`."""
IDLE_S = 12.0
"""An open segment for which nothing more comes has lost its trailer; the framework waits 10 s."""
AHEAD_S = 60.0
"""Speech that may wait at the server."""


class SynchroramaVideoGenerator(VideoGenerator):
    """For `AvatarRunner`. `await start()` first, `await aclose()` at the end."""

    def __init__(
        self,
        *,
        url: str = "http://127.0.0.1:8000",
        avatar: str | None = None,
        size: int | None = None,
        wishes: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        """`url` is a SynchroRaMa server's; `wishes` go into the session (docs/api.md)."""
        self._server = Server(url, headers=headers)
        self._asked = {"avatar": avatar, "size": size, **(wishes or {})}
        self._idle_s = idle_s
        self._session: Session | None = None
        self._media: Media | None = None
        self._speech: Speech | None = None
        self._rates: tuple[int, ...] = ()
        self._resampler: rtc.AudioResampler | None = None
        self._segment: Segment | None = None
        """The open one."""
        self._playing = False
        """Whether an end is owed to the agent."""
        self._ended = asyncio.Event()
        """Set while no segment is complete whose end was not told."""
        self._ended.set()
        self._turn = Turn()
        self._watchdog: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> AvatarOptions:
        """Connect to the server; what the runner must know. Raises AvatarError."""
        self._rates = (await self._server.capabilities()).sample_rates_hz
        self._session = await self._server.create_session(**self._asked)
        self._media = await self._session.media()
        self._speech = self._session.speech(ahead_s=AHEAD_S)
        await self._speech.connect()
        return AvatarOptions(
            video_width=self._session.size,
            video_height=self._session.size,
            video_fps=25.0,
            audio_sample_rate=SOUND_HZ,
            audio_channels=1,
        )

    async def aclose(self) -> None:
        """Hang up; iterating ends. Idempotent."""
        self._watch(False)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.aclose()

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Speech of the open segment, or its end. A new segment waits for the end of the last."""
        if self._speech is None:
            raise RuntimeError("start() the generator first")
        if isinstance(frame, AudioSegmentEnd):
            await self._end_segment()
            return
        pcm, rate = self._converted(frame)
        try:
            if self._segment is None:
                # The runner counts one segment at a time.
                await self._ended.wait()
                self._segment = await self._speech.start(rate)
                self._turn.sent(self._segment)
                self._playing = True
            self._watch(True)
            await self._segment.audio(pcm)
        except SegmentOver as error:
            # Interrupted meanwhile, or the socket was lost: what comes next begins a new one.
            logger.debug("a segment takes no more sound: %s", error)
            self._segment = None

    async def clear_buffer(self) -> None:
        """Be silent now: nothing of what was pushed is given any more."""
        self._watch(False)
        self._segment = None
        self._playing = False
        if not self._turn.busy:
            self._ended.set()
            return
        self._turn.cut()
        if self._media is not None:
            self._media.forget()
        try:
            async with asyncio.timeout(CLEAR_TIMEOUT_S):
                assert self._speech is not None
                await self._speech.interrupt()
        except (AvatarError, TimeoutError) as error:
            # The agent must not wait for it: what still comes is muted here.
            logger.warning("the face could not be interrupted: %s", error)
        self._ended.set()

    def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        return self._give()

    async def _give(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        if self._media is None:
            raise RuntimeError("start() the generator first")
        async for item in self._media:
            if isinstance(item, Picture):
                kind = rtc.VideoBufferType.I420
                yield rtc.VideoFrame(item.width, item.height, kind, item.i420())
                continue
            heard = self._turn.hear(item)
            if heard.play:
                yield sound_frame(item)
            over = heard.ended or self._turn.settled
            if over and self._segment is None and self._told_end():
                yield AudioSegmentEnd()
        if self._told_end():
            yield AudioSegmentEnd()
        if self._session is not None and not self._session.closed:
            gone = self._media.reason or "the connection was lost"
            raise SessionClosed("session_closed", f"the face is gone: {gone}")

    def _told_end(self) -> bool:
        """Whether an end is owed; it is told with this."""
        owed, self._playing = self._playing, False
        self._ended.set()
        return owed

    def _converted(self, frame: rtc.AudioFrame) -> tuple[bytes, int]:
        pcm = mono(bytes(frame.data), frame.num_channels)
        rate = rate_for(frame.sample_rate, self._rates)
        if rate == frame.sample_rate:
            return pcm, rate
        if self._resampler is None:
            self._resampler = rtc.AudioResampler(frame.sample_rate, rate, num_channels=1)
        whole = rtc.AudioFrame(pcm, frame.sample_rate, 1, len(pcm) // 2)
        return b"".join(bytes(each.data) for each in self._resampler.push(whole)), rate

    async def _end_segment(self) -> None:
        self._watch(False)
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self._ended.clear()
        try:
            await segment.end()
        except AvatarError as error:
            logger.warning("a segment could not be ended: %s", error)

    def _watch(self, on: bool) -> None:
        """End an open segment for which nothing comes: without its end the agent waits for ever."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if on:
            loop = asyncio.get_running_loop()
            self._watchdog = loop.call_later(self._idle_s, self._overdue)

    def _overdue(self) -> None:
        logger.warning("a segment got no sound and no end for %g s: it is ended", self._idle_s)
        task = asyncio.create_task(self._end_segment(), name="synchrorama-overdue")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def sound_frame(sound: Sound) -> rtc.AudioFrame:
    """LiveKit's frame of it."""
    return rtc.AudioFrame(sound.pcm, SOUND_HZ, 1, len(sound.pcm) // 2)
