"""Pipecat's service: speech frames in, synced sound and pictures out.

Runs on the pipeline's tasks, and one of its own that reads the media.
Never keeps a voice from being heard: when the server is gone the error is pushed, and from then on
speech passes through without a face.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pipecat.audio.utils import create_stream_resampler
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputImageRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.ai_service import AIService
from pipecat.services.settings import ServiceSettings

from pipecat_synchrorama.pcm import mono, rate_for
from pipecat_synchrorama.voicing import Voicing
from synchrorama_client import (
    SOUND_HZ,
    AvatarError,
    Picture,
    Segment,
    SegmentOver,
    Server,
    Session,
    Sound,
    Speech,
)
from synchrorama_client.media import Media

AHEAD_S = 60.0
"""Speech that may wait at the server: text to speech is seldom further ahead."""
SETTLE_S = 2.0
"""At the end: for the last sound to come after the server has said that it was played."""


class SynchroramaVideoService(AIService):
    """Place it after text to speech: `llm, tts, face, transport.output()`.

    The transport must send pictures: `video_out_enabled=True`, `video_out_width` and
    `video_out_height` equal to `size`, `video_out_framerate=25`.
    """

    def __init__(
        self,
        *,
        url: str = "http://127.0.0.1:8000",
        avatar: str | None = None,
        size: int | None = None,
        sync_with_audio: bool = True,
        wishes: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        settings: ServiceSettings | None = None,
        **kwargs: Any,
    ) -> None:
        """`url` is a SynchroRaMa server's; `wishes` go into the session (docs/api.md).

        `sync_with_audio`: pictures are shown after the sound before them (`video_out_is_live` must
        be False, Pipecat's default). With False they are shown as they come, for transports with
        `video_out_is_live=True`.
        """
        merged = ServiceSettings(model=None)
        if settings is not None:
            merged.apply_update(settings)
        super().__init__(settings=merged, **kwargs)
        self._server = Server(url, headers=headers)
        self._asked = {"avatar": avatar, "size": size, **(wishes or {})}
        self._synced = sync_with_audio
        self._session: Session | None = None
        self._media: Media | None = None
        self._speech: Speech | None = None
        self._task: asyncio.Task[None] | None = None
        self._rates: tuple[int, ...] = ()
        self._resampler = create_stream_resampler()
        self._segment: Segment | None = None
        """The open one."""
        self._unfinished: list[Segment] = []
        self._stops: list[TTSStoppedFrame] = []
        """Held until what they end was played."""
        self._voicing = Voicing()
        self._settled = asyncio.Event()
        self._settled.set()
        self._closed = False

    def can_generate_metrics(self) -> bool:
        """TTFB: from the start of speech to the first sound that comes back with its picture."""
        return True

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Connect to the server, before the pipeline starts."""
        await super().setup(setup)
        try:
            self._rates = (await self._server.capabilities()).sample_rates_hz
            self._session = await self._server.create_session(**self._asked)
            self._media = await self._session.media()
            self._speech = self._session.speech(ahead_s=AHEAD_S)
            await self._speech.connect()
        except (AvatarError, ValueError, ImportError) as error:
            await self._fail(f"no face: {error}", error)

    async def start(self, frame: StartFrame) -> None:
        """Begin to hand on what comes from the server."""
        await super().start(frame)
        if self._media is not None and self._task is None:
            self._task = self.create_task(self._forward(self._media))

    async def stop(self, frame: EndFrame) -> None:
        """Let what was said be played, then hang up."""
        await super().stop(frame)
        await self._end_segment()
        try:
            for segment in list(self._unfinished):
                await segment.finished()
            if self._task is not None:
                async with asyncio.timeout(SETTLE_S):
                    await self._settled.wait()
        except AvatarError as error:
            await self.push_error(error_msg=f"not all was spoken: {error}", exception=error)
        except TimeoutError as error:
            await self.push_error(error_msg="the last sound did not come", exception=error)
        await self._close()

    async def cancel(self, frame: CancelFrame) -> None:
        """Hang up now."""
        await super().cancel(frame)
        await self._close()

    async def cleanup(self) -> None:
        """Hang up, whatever came before."""
        await super().cleanup()
        await self._close()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take speech; hand on everything else, and the end of speech once it was played."""
        await super().process_frame(frame, direction)
        if self._speech is None or direction is FrameDirection.UPSTREAM:
            await self.push_frame(frame, direction)
        elif isinstance(frame, TTSAudioRawFrame):
            await self._speak(frame)
        elif isinstance(frame, TTSStoppedFrame):
            await self._stopped(frame)
        else:
            await self._notice(frame)
            await self.push_frame(frame, direction)

    async def _notice(self, frame: Frame) -> None:
        if isinstance(frame, TTSStartedFrame):
            await self.start_ttfb_metrics()
        elif isinstance(frame, InterruptionFrame):
            await self._interrupt()
        elif isinstance(frame, UserStartedSpeakingFrame | UserStoppedSpeakingFrame):
            speaking = isinstance(frame, UserStartedSpeakingFrame)
            if self._media is not None:
                # Who is spoken to looks on and nods.
                self._media.send({"type": "listening", "speaking": speaking, "energy": 0.5})

    async def _speak(self, frame: TTSAudioRawFrame) -> None:
        assert self._speech is not None
        try:
            pcm = mono(frame.audio, frame.num_channels)
            rate = rate_for(frame.sample_rate, self._rates)
            if rate != frame.sample_rate:
                pcm = await self._resampler.resample(pcm, frame.sample_rate, rate)
            if self._segment is None or self._segment.sample_rate != rate:
                await self._end_segment()
                self._segment = await self._speech.start(rate)
                self._unfinished.append(self._segment)
                self._settled.clear()
            await self._segment.audio(pcm)
        except SegmentOver:
            # Interrupted meanwhile, or its socket was lost: the next sound begins a new one.
            self._segment = None
        except (AvatarError, ValueError) as error:
            self._segment = None
            await self._fail(f"speech was not taken: {error}", error)

    async def _stopped(self, frame: TTSStoppedFrame) -> None:
        await self._end_segment()
        self._stops.append(frame)
        if self._settled.is_set():
            await self._release()

    async def _end_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        try:
            await segment.end()
        except AvatarError as error:
            await self._fail(f"speech was not taken: {error}", error)

    async def _interrupt(self) -> None:
        assert self._speech is not None
        self._segment = None
        self._stops.clear()
        if not self._expecting() and not self._voicing.speaking:
            return
        self._voicing.cut()
        if self._media is not None:
            self._media.forget()
        await self.cancel_ttfb_metrics()
        try:
            await self._speech.interrupt()
        except AvatarError as error:
            await self._fail(f"the face could not be interrupted: {error}", error)

    def _expecting(self) -> bool:
        self._unfinished = [each for each in self._unfinished if not each.over]
        return bool(self._unfinished)

    async def _forward(self, media: Media) -> None:
        async for item in media:
            if isinstance(item, Picture):
                await self.push_frame(self._image(item))
            else:
                await self._hear(item)
        if not self._closed:
            gone = media.reason or "the connection was lost"
            await self._fail(f"the face is gone: {gone}", None)

    async def _hear(self, sound: Sound) -> None:
        heard = self._voicing.step(sound.silent, self._expecting())
        if heard.began:
            await self.stop_ttfb_metrics()
        if heard.play:
            frame = TTSAudioRawFrame(audio=sound.pcm, sample_rate=SOUND_HZ, num_channels=1)
            frame.metadata["media_time_s"] = sound.pts_s
            await self.push_frame(frame)
        if heard.ended:
            await self._release()

    async def _release(self) -> None:
        """The turn was played: say so."""
        self._settled.set()
        stops, self._stops = self._stops, []
        for frame in stops:
            await self.push_frame(frame)

    def _image(self, picture: Picture) -> OutputImageRawFrame:
        frame = OutputImageRawFrame(
            image=picture.rgb(), size=(picture.width, picture.height), format="RGB"
        )
        frame.sync_with_audio = self._synced
        frame.metadata["media_time_s"] = picture.pts_s
        return frame

    async def _fail(self, message: str, error: Exception | None) -> None:
        """Say it once; speech passes through from now on."""
        self._speech = None
        self._settled.set()
        await self.push_error(error_msg=message, exception=error)
        stops, self._stops = self._stops, []
        for frame in stops:
            await self.push_frame(frame)

    async def _close(self) -> None:
        """Idempotent: it runs from stop, cancel and cleanup."""
        self._closed = True
        self._speech = None
        await self._server.aclose()
        task, self._task = self._task, None
        if task is not None:
            await self.cancel_task(task)
