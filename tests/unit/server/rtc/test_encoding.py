"""Sound and small pictures are encoded on the loop, larger ones elsewhere; bytes are the same."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.codecs.opus import OpusDecoder, OpusEncoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpsender import RTCRtpSender
from av import AudioFrame, VideoFrame

from server.rtc import encoding
from server.rtc.patches import IncompatibleLibrary
from tests.unit.server.rtc.test_sound import OPUS, FakeTransport, frame, voice

VP8 = RTCRtpCodecParameters("video/VP8", clockRate=90_000, payloadType=97)


class Tone(MediaStreamTrack):
    kind = "audio"
    count = 0

    async def recv(self) -> AudioFrame:
        self.count += 1
        return frame(self.count)


@pytest.fixture
async def patched() -> AsyncIterator[None]:
    undo = [patch.apply() for patch in encoding.patches()]
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


def picture(number: int, size: int) -> VideoFrame:
    noise = np.random.default_rng(number).integers(0, 255, (size * 3 // 2, size), dtype=np.uint8)
    made = VideoFrame.from_ndarray(noise, format="yuv420p")
    made.pts, made.time_base = number * 3600, Fraction(1, 90_000)
    return made


class Film(MediaStreamTrack):
    kind = "video"

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.count = size, 0

    async def recv(self) -> VideoFrame:
        self.count += 1
        return picture(self.count, self.size)


@pytest.mark.parametrize(("size", "here"), [(128, True), (256, True), (384, False)])
async def test_small_pictures_are_encoded_on_the_loop(
    patched: None, monkeypatch: pytest.MonkeyPatch, size: int, here: bool
) -> None:
    where = []
    encode = Vp8Encoder.encode

    def noted(self: Any, data: Any, force_keyframe: bool = False) -> Any:
        where.append((threading.current_thread() is threading.main_thread(), force_keyframe))
        return encode(self, data, force_keyframe)

    monkeypatch.setattr(Vp8Encoder, "encode", noted)
    sender = RTCRtpSender(Film(size), FakeTransport())  # type: ignore[arg-type]
    found = [await sender._next_encoded_frame(VP8)]
    sender._send_keyframe()
    found += [await sender._next_encoded_frame(VP8) for _ in range(2)]
    assert where == [(here, False), (here, True), (here, False)]
    assert [one.timestamp for one in found if one] == [3600, 7200, 10_800]
    # RFC 7741: four octets of descriptor, then the frame header, 0 in its lowest bit on a key.
    assert [one.payloads[0][4] & 1 for one in found if one] == [0, 0, 1]


def test_another_aiortc_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def changed(self: Any, codec: Any) -> None: ...

    monkeypatch.setattr(RTCRtpSender, "_next_encoded_frame", changed)
    with pytest.raises(IncompatibleLibrary, match="__track"):
        encoding.patches()


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
