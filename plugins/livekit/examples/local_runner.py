"""The generator without a room: says a tone, prints what a LiveKit runner would publish.

Run it beside a server: `make serve`, then `python plugins/livekit/examples/local_runner.py [URL]`.
Never needs a LiveKit server.
"""

from __future__ import annotations

import asyncio
import math
import struct
import sys

from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd
from livekit.plugins.synchrorama import SynchroramaVideoGenerator

RATE = 24_000


def voice(seconds: float) -> list[rtc.AudioFrame]:
    """A tone in frames of 100 ms, as an agent's text to speech would give."""
    size = RATE // 10
    frames = []
    for piece in range(round(seconds * 10)):
        wave = (round(9000 * math.sin((piece * size + i) / 17)) for i in range(size))
        frames.append(rtc.AudioFrame(struct.pack(f"<{size}h", *wave), RATE, 1, size))
    return frames


async def main() -> None:
    """Push a segment and read it back."""
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    generator = SynchroramaVideoGenerator(url=url)
    options = await generator.start()
    print(f"{options.video_width}x{options.video_height} at {options.video_fps:g} a second")
    pictures, sound_s = 0, 0.0
    try:
        for frame in voice(1.0):
            await generator.push_audio(frame)
        await generator.push_audio(AudioSegmentEnd())
        async for given in generator:
            if isinstance(given, AudioSegmentEnd):
                break
            if isinstance(given, rtc.AudioFrame):
                sound_s += given.duration
            else:
                pictures += 1
    finally:
        await generator.aclose()
    print(f"{pictures} pictures, {sound_s:.1f} s of speech, one end")


if __name__ == "__main__":
    asyncio.run(main())
