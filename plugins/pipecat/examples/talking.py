"""A talking pipeline without a key: eSpeak NG (or a tone) through the face into talking.mp4.

Run it beside a server: `make serve`, then `python plugins/pipecat/examples/talking.py [URL]`.
Never needs a network beyond the server.
"""

from __future__ import annotations

import asyncio
import io
import math
import shutil
import struct
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    OutputImageRawFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner
from pipecat_synchrorama import SynchroramaVideoService

WORDS = ("Hello. I am a face for your voice agent.", "All you hear is spoken on this machine.")


async def spoken(text: str) -> tuple[bytes, int]:
    """PCM16 mono of a text, and its rate: by eSpeak NG, or a tone as long as the text."""
    program = shutil.which("espeak-ng")
    if program is None:
        rate, count = 16_000, 16_000 * max(1, len(text) // 12)
        tone = (round(9000 * math.sin(i / 12) * (i // 2000 % 2)) for i in range(count))
        return struct.pack(f"<{count}h", *tone), rate
    process = await asyncio.create_subprocess_exec(
        program, "--stdout", "--", text, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    with wave.open(io.BytesIO(out)) as sound:
        return sound.readframes(-1), sound.getframerate()


class Voice(FrameProcessor):
    """In the place of a text to speech service."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Speak what is to be spoken; hand on everything else."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, TTSSpeakFrame):
            await self.push_frame(frame, direction)
            return
        pcm, rate = await spoken(frame.text)
        await self.push_frame(TTSStartedFrame())
        size = rate // 10 * 2
        for at in range(0, len(pcm), size):
            await self.push_frame(TTSAudioRawFrame(pcm[at : at + size], rate, 1))
        await self.push_frame(TTSStoppedFrame())


class Film(FrameProcessor):
    """In the place of a transport: writes what it is given."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = av.open(str(path), "w")
        self._video = self._file.add_stream("libx264", rate=25)
        self._video.pix_fmt = "yuv420p"
        self._audio = self._file.add_stream("aac", rate=48_000, layout="mono")
        self._begin_s: float | None = None
        self.pictures = 0
        self.sound_s = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Write pictures and sound at their media time."""
        await super().process_frame(frame, direction)
        at_s = frame.metadata.get("media_time_s")
        if at_s is not None:
            self._begin_s = at_s if self._begin_s is None else self._begin_s
            self._write(frame, max(0.0, at_s - self._begin_s))
        if isinstance(frame, EndFrame):
            for stream in (self._video, self._audio):
                self._file.mux(stream.encode(None))
            self._file.close()
        await self.push_frame(frame, direction)

    def _write(self, frame: Frame, at_s: float) -> None:
        if isinstance(frame, OutputImageRawFrame):
            width, height = frame.size
            if not self.pictures:
                self._video.width, self._video.height = width, height
            image = np.frombuffer(frame.image, np.uint8).reshape(height, width, 3)
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = round(at_s * 25), Fraction(1, 25)
            self._file.mux(self._video.encode(picture))
            self.pictures += 1
        elif isinstance(frame, TTSAudioRawFrame):
            pcm = np.frombuffer(frame.audio, "<i2")[None]
            sound = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
            sound.sample_rate, sound.pts = frame.sample_rate, round(at_s * frame.sample_rate)
            sound.time_base = Fraction(1, frame.sample_rate)
            self._file.mux(self._audio.encode(sound))
            self.sound_s += frame.num_frames / frame.sample_rate


async def main() -> None:
    """Speak, and write the film."""
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    film = Film(Path("talking.mp4"))
    pipeline = Pipeline([Voice(), SynchroramaVideoService(url=url), film])
    worker = PipelineWorker(pipeline, cancel_on_idle_timeout=False)
    await worker.queue_frames([*(TTSSpeakFrame(text) for text in WORDS), EndFrame()])
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()
    print(f"talking.mp4: {film.pictures} pictures, {film.sound_s:.1f} s of speech")


if __name__ == "__main__":
    asyncio.run(main())
