"""The service in a real pipeline, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    MetricsFrame,
    OutputImageRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData
from pipecat.pipeline.worker import PipelineParams
from pipecat.tests.utils import SleepFrame, run_test
from pipecat_synchrorama import SynchroramaVideoService


def speech(seconds: float, rate: int = 24_000, channels: int = 1) -> list[Frame]:
    """As text to speech gives it: 100 ms a frame."""
    wave = 0.4 * 32767 * np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 220 / rate)
    pcm = np.repeat(wave.astype("<i2"), channels).tobytes()
    size = rate // 10 * 2 * channels
    pieces = [pcm[at : at + size] for at in range(0, len(pcm), size)]
    sound: list[Frame] = [TTSAudioRawFrame(piece, rate, channels) for piece in pieces]
    return [TTSStartedFrame(), *sound, TTSStoppedFrame()]


async def run(service: SynchroramaVideoService, frames: list[Frame], **options: Any) -> list[Frame]:
    async with asyncio.timeout(60):
        down, _ = await run_test(service, frames_to_send=frames, start_timeout=10, **options)
    return list(down)


def loud(frames: Sequence[Frame]) -> list[TTSAudioRawFrame]:
    sound = [frame for frame in frames if isinstance(frame, TTSAudioRawFrame)]
    return [s for s in sound if np.abs(np.frombuffer(s.audio, "<i2").astype(int)).max() > 1000]


def seconds(frames: Sequence[TTSAudioRawFrame]) -> float:
    return sum(frame.num_frames / frame.sample_rate for frame in frames)


def active_sessions(url: str) -> int:
    return int(httpx.get(f"{url}/v1/capabilities").json()["active_sessions"])


async def test_speech_comes_back_with_pictures_on_one_clock(server_url: str) -> None:
    service = SynchroramaVideoService(url=server_url, size=256)
    params = PipelineParams(enable_metrics=True)
    down = await run(service, speech(1.5), pipeline_params=params)
    sound = [frame for frame in down if isinstance(frame, TTSAudioRawFrame)]
    assert abs(seconds(loud(down)) - 1.5) < 0.1
    times = [frame.metadata["media_time_s"] for frame in sound]
    assert all(abs(b - a - 0.02) < 1e-6 for a, b in pairwise(times))

    pictures = [frame for frame in down if isinstance(frame, OutputImageRawFrame)]
    assert {(p.size, p.format, p.sync_with_audio) for p in pictures} == {((256, 256), "RGB", True)}
    assert all(len(p.image) == 256 * 256 * 3 for p in pictures)
    assert len({p.image for p in pictures}) > 20
    # While it speaks each picture comes right before the sound of its time.
    first, last = down.index(sound[0]), down.index(sound[-1])
    spoken = [f for f in down[first:last] if isinstance(f, OutputImageRawFrame)]
    assert len(spoken) > 30
    for picture in spoken[2:-2]:
        after = next(f for f in down[down.index(picture) :] if isinstance(f, TTSAudioRawFrame))
        assert abs(after.metadata["media_time_s"] - picture.metadata["media_time_s"]) < 0.021

    kinds = [type(frame) for frame in down]
    assert kinds.index(TTSStartedFrame) < first
    # The end of speech is told once it was played.
    assert kinds.index(TTSStoppedFrame) > last and kinds.count(TTSStoppedFrame) == 1
    metrics = [frame for frame in down if isinstance(frame, MetricsFrame)]
    ttfb = [d.value for m in metrics for d in m.data if isinstance(d, TTFBMetricsData) and d.value]
    assert len(ttfb) == 1 and 0.05 < ttfb[0] < 2.0
    assert active_sessions(server_url) == 0


async def test_nothing_is_heard_after_an_interruption_and_the_next_turn_is(server_url: str) -> None:
    service = SynchroramaVideoService(url=server_url, size=256)
    long = speech(6.0)[:-1]
    frames = [*long, SleepFrame(1.0), InterruptionFrame(), SleepFrame(0.6), *speech(0.5)]
    down = await run(service, frames)
    cut = next(i for i, frame in enumerate(down) if isinstance(frame, InterruptionFrame))
    before, after = loud(down[:cut]), loud(down[cut:])
    assert 0.3 < seconds(before) < 1.5
    assert abs(seconds(after) - 0.5) < 0.1
    gap_s = after[0].metadata["media_time_s"] - before[-1].metadata["media_time_s"]
    assert gap_s > 0.5
    assert [type(frame) for frame in down].count(TTSStoppedFrame) == 1


async def test_any_rate_and_stereo_are_taken(server_url: str) -> None:
    service = SynchroramaVideoService(url=server_url, size=256, sync_with_audio=False)
    frames = [UserStartedSpeakingFrame(), *speech(0.5, 22_000, 2), *speech(0.5, 48_000)]
    down = await run(service, frames)
    assert abs(seconds(loud(down)) - 1.0) < 0.1
    assert not any(f.sync_with_audio for f in down if isinstance(f, OutputImageRawFrame))
    assert UserStartedSpeakingFrame in [type(frame) for frame in down]


async def test_without_a_server_the_voice_is_heard_and_the_error_told() -> None:
    service = SynchroramaVideoService(url="http://127.0.0.1:9")
    sent = speech(0.3)
    async with asyncio.timeout(60):
        down, up = await run_test(service, frames_to_send=sent, start_timeout=10)
    errors = [frame for frame in up if isinstance(frame, ErrorFrame)]
    assert len(errors) == 1 and "is the server running" in errors[0].error
    assert [type(frame) for frame in down] == [type(frame) for frame in sent]


async def test_a_session_that_ends_lets_the_voice_go_on(server_url: str) -> None:
    service = SynchroramaVideoService(url=server_url, size=256)

    async def end_it() -> None:
        async with asyncio.timeout(30):
            while service._task is None:
                await asyncio.sleep(0.01)
        assert service._session is not None
        async with httpx.AsyncClient() as http:
            await http.delete(f"{server_url}{service._session.path}")

    ending = asyncio.create_task(end_it())
    async with asyncio.timeout(60):
        down, up = await run_test(
            service, frames_to_send=[SleepFrame(1.5), *speech(0.3, 24_000)], start_timeout=10
        )
    await ending
    assert any(isinstance(f, ErrorFrame) and "face is gone" in f.error for f in up)
    assert [f.sample_rate for f in down if isinstance(f, TTSAudioRawFrame)] == [24_000] * 3
