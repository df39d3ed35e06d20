"""Sound and picture of one instant are dated alike, whatever it took to encode the picture."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters, clock
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import RtcpPacket, RtcpSrPacket, RtpPacket

from engines.values import SAMPLE_RATE_HZ
from server.codec_pool import CodecPool
from server.playout import Sound, Still
from server.rtc import encoding, reports
from server.rtc.patches import IncompatibleLibrary
from server.tracks import AvatarAudioTrack, AvatarVideoTrack

OPUS = RTCRtpCodecParameters("audio/opus", clockRate=48_000, channels=2, payloadType=96)
VP8 = RTCRtpCodecParameters("video/VP8", clockRate=90_000, payloadType=97)


class FakeTransport:
    """Keeps what is sent."""

    state = "new"
    _stats_id = "transport"

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def _send_rtp(self, data: bytes) -> None:
        self.sent.append(data)


@pytest.fixture
async def patched() -> AsyncIterator[None]:
    undo = [patch.apply() for patch in (*encoding.patches(), *reports.patches())]
    yield
    for patch in reversed(undo):
        patch.apply()


async def dated(
    sender: RTCRtpSender, transport: FakeTransport, codec: RTCRtpCodecParameters
) -> tuple[int, RtcpSrPacket]:
    """RTP time of the last packet, and the report that follows it, sent as aiortc sends them."""
    running = asyncio.create_task(sender._run_rtp(codec))
    while not transport.sent:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    count = len(transport.sent)
    sent = RtpPacket.parse(transport.sent[-1])
    rtcp = asyncio.create_task(sender._run_rtcp())
    while len(transport.sent) == count:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    running.cancel()
    rtcp.cancel()
    await asyncio.gather(running, rtcp, return_exceptions=True)
    found = RtcpPacket.parse(transport.sent[count])[0]
    assert isinstance(found, RtcpSrPacket)
    assert found.sender_info.rtp_timestamp == sent.timestamp
    return sent.timestamp, found


async def test_sound_and_picture_of_one_tick_are_dated_alike(patched: None) -> None:
    async with CodecPool(1) as pool:
        await told_alike(AvatarAudioTrack(), AvatarVideoTrack(pool))


async def told_alike(audio: AvatarAudioTrack, video: AvatarVideoTrack) -> None:
    ways: list[tuple[Any, FakeTransport, RTCRtpCodecParameters]] = []
    for track, codec in ((audio, OPUS), (video, VP8)):
        transport: Any = FakeTransport()
        ways.append((RTCRtpSender(track, transport), transport, codec))
    due_s = time.monotonic() - 0.3  # an encoder that took so long
    for tick in range(3):
        at_s = due_s + tick * 320 / SAMPLE_RATE_HZ
        audio.mailbox.put(Sound(tick * 320, np.zeros(320, np.float32), at_s))
    video.mailbox.put(Still(0, np.zeros((64, 64, 3), np.uint8), due_s))
    found = [await dated(*way) for way in ways]
    ntp = [each.sender_info.ntp_timestamp / reports.NTP_SECOND for _, each in found]
    wall = clock.current_ntp_time() / reports.NTP_SECOND - (time.monotonic() - due_s)
    # The report is on the last packet of sound that went out; an encoder may hold one back.
    assert min(abs(ntp[0] - wall - n * 0.02) for n in range(3)) < 0.003
    assert ntp[1] == pytest.approx(wall, abs=0.003)
    for (sender, _, _), (_, report) in zip(ways, found, strict=True):
        dated_ntp = report.sender_info.ntp_timestamp
        assert getattr(sender, reports._LSR) == (dated_ntp >> 16) & 0xFFFFFFFF


async def test_a_track_without_a_clock_keeps_the_date_of_its_sending(patched: None) -> None:
    track, transport = AvatarAudioTrack(), FakeTransport()
    track.mailbox.put(Sound(0, np.zeros(320, np.float32)))
    track.mailbox.put(Sound(320, np.zeros(320, np.float32)))
    before = clock.current_ntp_time()
    fake: Any = transport
    _, report = await dated(RTCRtpSender(track, fake), transport, OPUS)
    assert before <= report.sender_info.ntp_timestamp <= clock.current_ntp_time()


def test_a_changed_sender_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def changed(self: Any) -> None:
        return None

    monkeypatch.setattr(RTCRtpSender, "_run_rtcp", changed)
    with pytest.raises(IncompatibleLibrary, match="lsr"):
        reports.patches()
