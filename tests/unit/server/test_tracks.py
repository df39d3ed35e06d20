"""Frames have the form, rate and time that the codecs want; a track ends whoever waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError

from server.codec_pool import CodecPool
from server.playout import Sound, Still
from server.tracks import AvatarAudioTrack, AvatarVideoTrack, to_i420


@pytest.fixture
async def pool() -> AsyncIterator[CodecPool]:
    async with CodecPool(1) as pool:
        yield pool


async def test_sound_is_48_khz_mono_and_whole() -> None:
    track = AvatarAudioTrack()
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3200) / 16000).astype(np.float32)
    out = []
    for at in range(0, 3200, 320):
        track.mailbox.put(Sound(at, tone[at : at + 320]))
        frame = await track.recv()
        assert (frame.sample_rate, frame.samples, frame.pts) == (48000, 960, at * 3)
        assert frame.layout.name == "mono"
        out.append(frame.to_ndarray()[0])
    pcm = np.concatenate(out)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * (np.arange(9600) / 48000 - 12 / 16000))
    assert np.abs(pcm[600:].astype(np.float32) / 32767 - wanted[600:]).max() < 0.01
    assert track.sent == 10


async def test_a_tick_left_out_shows_in_the_rtp_time() -> None:
    track, encoder, stamps = AvatarAudioTrack(), OpusEncoder(), []
    for tick in (0, 1, 2, 10, 11, 12):
        track.mailbox.put(Sound(tick * 320, np.zeros(320, np.float32)))
        payloads, timestamp = encoder.encode(await track.recv())
        assert len(payloads) == 1
        stamps.append(timestamp)
    # The encoder's own delay puts the first packet after the hole before it; the rest is right.
    assert stamps[-1] - stamps[0] == 12 * 960
    assert np.diff(stamps).tolist() == [960, 960, 960, 7680, 960]


async def test_pictures_are_planar_and_never_the_same_frame(pool: CodecPool) -> None:
    track = AvatarVideoTrack(pool)
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, :] = (10, 200, 30)
    frames = []
    for tick in (2, 4):
        track.mailbox.put(Still(tick * 320, image))
        frames.append(await track.recv())
    assert frames[0] is not frames[1]
    assert [frame.pts for frame in frames] == [3600, 7200]
    assert frames[0].format.name == "yuv420p"
    assert np.abs(frames[0].to_ndarray(format="bgr24").astype(int) - image).max() < 8
    assert track.sent == 2
    assert len(track.encode_s) == 1


def test_i420_has_the_planes() -> None:
    assert to_i420(np.zeros((32, 48, 3), np.uint8)).shape == (48, 48)


async def test_an_encoder_that_cannot_keep_up_gets_what_is_new(pool: CodecPool) -> None:
    track = AvatarVideoTrack(pool)
    for tick in range(0, 20, 2):
        track.mailbox.put(Still(tick * 320, np.zeros((16, 16, 3), np.uint8)))
    assert (await track.recv()).pts == 16 * 1800
    assert track.mailbox.stats().dropped == 8


async def test_stopping_ends_whoever_waits(pool: CodecPool) -> None:
    for track in (AvatarAudioTrack(), AvatarVideoTrack(pool)):
        waiting = asyncio.create_task(track.recv())
        await asyncio.sleep(0)
        track.stop()
        track.stop()
        with pytest.raises(MediaStreamError):
            await asyncio.wait_for(waiting, 60)
        with pytest.raises(MediaStreamError):
            await track.recv()
