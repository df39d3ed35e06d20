"""Sound goes in and out without another thread, and a bad packet ends nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs.opus import OpusDecoder, OpusEncoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpreceiver import RemoteStreamTrack, RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from av import AudioFrame

from server.rtc import sound
from server.rtc.patches import IncompatibleLibrary

OPUS = RTCRtpCodecParameters("audio/opus", clockRate=48_000, channels=2, payloadType=96)


def frame(number: int) -> AudioFrame:
    pcm = (8000 * np.sin(np.arange(960) / 20 + number)).astype(np.int16)
    made = AudioFrame.from_ndarray(np.repeat(pcm, 2)[None], format="s16", layout="stereo")
    made.sample_rate, made.time_base, made.pts = 48_000, Fraction(1, 48_000), 960 * number
    return made


class Tone(MediaStreamTrack):
    kind = "audio"
    count = 0

    async def recv(self) -> AudioFrame:
        self.count += 1
        return frame(self.count)


class FakeTransport:
    state = "new"
    _stats_id = "transport"


@pytest.fixture
async def patched() -> AsyncIterator[None]:
    undo = [patch.apply() for patch in sound.patches()]
    yield
    for patch in undo:
        patch.apply()


async def test_sound_is_encoded_on_the_loop_as_it_would_be_elsewhere(
    patched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = []
    encode = OpusEncoder.encode

    def noted(self: Any, data: Any, force_keyframe: bool = False) -> Any:
        where.append(threading.current_thread())
        return encode(self, data, force_keyframe)

    monkeypatch.setattr(OpusEncoder, "encode", noted)
    sender = RTCRtpSender(Tone(), FakeTransport())  # type: ignore[arg-type]
    encoded = [await sender._next_encoded_frame(OPUS) for _ in range(3)]
    assert set(where) == {threading.main_thread()}
    reference = OpusEncoder()
    for number, one in enumerate(encoded, 1):
        payloads, timestamp = encode(reference, frame(number))
        assert one is not None and (one.payloads, one.timestamp) == (payloads, timestamp)
        assert one.audio_level is not None and -30 < one.audio_level < 0


async def test_a_sender_that_is_off_sends_nothing(patched: None) -> None:
    sender = RTCRtpSender(Tone(), FakeTransport())  # type: ignore[arg-type]
    sender._enabled = False
    assert await sender._next_encoded_frame(OPUS) is None


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
        assert got.pts == wanted.pts
        np.testing.assert_array_equal(got.to_ndarray(), wanted.to_ndarray())


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


def test_another_aiortc_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def changed(self: Any, codec: Any) -> None: ...

    monkeypatch.setattr(RTCRtpSender, "_next_encoded_frame", changed)
    with pytest.raises(IncompatibleLibrary, match="__track"):
        sound.patches()


def voice(number: int) -> AudioFrame:
    pcm = (8000 * np.sin((np.arange(960) + 960 * number) / 20)).astype(np.int16)
    made = AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    made.sample_rate, made.time_base, made.pts = 48_000, Fraction(1, 48_000), 960 * number
    return made


class Voice(Tone):
    async def recv(self) -> AudioFrame:
        self.count += 1
        return voice(self.count)


async def test_a_voice_is_sent_as_one_channel_and_heard_on_both(patched: None) -> None:
    sender = RTCRtpSender(Voice(), FakeTransport())  # type: ignore[arg-type]
    encoded = [await sender._next_encoded_frame(OPUS) for _ in range(50)]
    decoder, heard = OpusDecoder(), []
    for number, one in enumerate(encoded):
        assert one is not None and one.timestamp == 960 * number
        # Bit 2 of an Opus packet's first byte says stereo (RFC 6716, 3.1).
        assert not one.payloads[0][0] & 4
        [out] = decoder.decode(JitterFrame(data=one.payloads[0], timestamp=one.timestamp))
        assert isinstance(out, AudioFrame)
        heard.append(out.to_ndarray().reshape(-1, 2))
    pcm = np.concatenate(heard).astype(np.float64)
    assert (pcm[:, 0] == pcm[:, 1]).all()
    sent = np.concatenate([voice(k).to_ndarray()[0] for k in range(1, 51)]).astype(np.float64)
    # Later by the encoder's look-ahead.
    errors = [
        np.square(pcm[9600 + late : 43_200 + late, 0] - sent[9600:43_200]).mean()
        for late in range(0, 960, 2)
    ]
    assert min(errors) < 0.01 * np.square(sent).mean()


def test_a_voice_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="one channel"):
        sound.VoiceEncoder().encode(frame(0))


async def test_frames_may_be_taken_at_once() -> None:
    whose, track = receiver()
    got: list[AudioFrame] = []
    decoding = sound.decode_here(whose, got.append)
    decoding.put((OPUS, packets(1)[0]))
    assert len(got) == 1 and track._queue.empty()
