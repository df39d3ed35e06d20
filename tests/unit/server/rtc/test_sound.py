"""Sound is decoded without another thread, to one channel, and a bad packet ends nothing."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs.opus import OpusDecoder, OpusEncoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpreceiver import RemoteStreamTrack, RTCRtpReceiver
from av import AudioFrame

from server.rtc import sound

OPUS = RTCRtpCodecParameters("audio/opus", clockRate=48_000, channels=2, payloadType=96)


def frame(number: int) -> AudioFrame:
    pcm = (8000 * np.sin(np.arange(960) / 20 + number)).astype(np.int16)
    made = AudioFrame.from_ndarray(np.repeat(pcm, 2)[None], format="s16", layout="stereo")
    made.sample_rate, made.time_base, made.pts = 48_000, Fraction(1, 48_000), 960 * number
    return made


class FakeTransport:
    state = "new"
    _stats_id = "transport"


def receiver() -> tuple[RTCRtpReceiver, RemoteStreamTrack]:
    made = RTCRtpReceiver("audio", FakeTransport())  # type: ignore[arg-type]
    made._track = track = RemoteStreamTrack(kind="audio")
    return made, track


def packets(count: int) -> list[JitterFrame]:
    encoder = OpusEncoder()
    return [
        JitterFrame(data=encoder.encode(frame(k))[0][0], timestamp=960 * k) for k in range(count)
    ]


async def test_sound_is_decoded_at_once() -> None:
    whose, track = receiver()
    decoding, reference = sound.decode_here(whose), OpusDecoder()
    for packet in packets(4):
        decoding.put((OPUS, packet))
        [wanted] = reference.decode(packet)
        got = await asyncio.wait_for(track.recv(), 10)
        assert isinstance(got, AudioFrame) and isinstance(wanted, AudioFrame)
        assert got.pts == wanted.pts and got.layout.name == "mono"
        # Both channels of the other are alike here.
        np.testing.assert_array_equal(got.to_ndarray()[0], wanted.to_ndarray()[0, ::2])


async def test_a_bad_packet_ends_nothing_and_the_end_is_the_threads() -> None:
    whose, track = receiver()
    decoding = sound.decode_here(whose)
    first, second, late = packets(3)
    for data in (first.data, b"", b"\xff" * 40, second.data):
        decoding.put((OPUS, JitterFrame(data=data, timestamp=0)))
    assert track._queue.qsize() >= 2
    decoding.put(None)
    before = track._queue.qsize()
    decoding.put((OPUS, late))
    assert decoding.get() is None and track._queue.qsize() == before


def voice(number: int) -> AudioFrame:
    pcm = (8000 * np.sin((np.arange(960) + 960 * number) / 20)).astype(np.int16)
    made = AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    made.sample_rate, made.time_base, made.pts = 48_000, Fraction(1, 48_000), 960 * number
    return made


async def test_two_channels_become_their_mean() -> None:
    encoder = OpusEncoder()
    packets = []
    for number in range(6):
        left, right = voice(number).to_ndarray()[0], voice(3 * number + 1).to_ndarray()[0] // 3
        both = np.stack((left, right), axis=1).reshape(1, -1)
        made = AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        made.sample_rate, made.time_base, made.pts = 48_000, Fraction(1, 48_000), 960 * number
        packets += encoder.encode(made)[0]
    one, two = sound.VoiceDecoder(), OpusDecoder()
    for number, data in enumerate(packets):
        packet = JitterFrame(data=data, timestamp=960 * number)
        [mono], [stereo] = one.decode(packet), two.decode(packet)
        assert isinstance(mono, AudioFrame) and isinstance(stereo, AudioFrame)
        mean = stereo.to_ndarray().reshape(-1, 2).astype(np.float64).mean(axis=1)
        assert np.abs(mono.to_ndarray()[0] - mean).max() <= 1


def test_a_voice_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="one channel"):
        sound.VoiceEncoder().encode(frame(0))


async def test_frames_may_be_taken_at_once() -> None:
    whose, track = receiver()
    got: list[AudioFrame] = []
    decoding = sound.decode_here(whose, got.append)
    decoding.put((OPUS, packets(1)[0]))
    assert len(got) == 1 and track._queue.empty()
