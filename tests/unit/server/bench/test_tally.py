"""Whole pictures and each sound are counted, lost packets are asked for as aiortc does."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pylibsrtp
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtp import RtpPacket, wrap_rtx

from server.bench import tally as tally_module
from server.bench.tally import MOST_WAITING, Header, Tally, listen
from server.rtc.patches import IncompatibleLibrary

VP8 = RTCRtpCodecParameters("video/VP8", clockRate=90_000, payloadType=97)
RTX = RTCRtpCodecParameters("video/rtx", clockRate=90_000, payloadType=98, parameters={"apt": 97})
OPUS = RTCRtpCodecParameters("audio/opus", clockRate=48_000, channels=2, payloadType=96)


class Transport:
    state = "new"
    _stats_id = "transport"


class Telling(RTCRtpReceiver):
    """Keeps what it would tell the sender."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind, Transport())  # type: ignore[arg-type]
        self.told: list[Any] = []
        codecs = (VP8, RTX) if kind == "video" else (OPUS,)
        setattr(self, tally_module._CODECS, {codec.payloadType: codec for codec in codecs})
        setattr(self, tally_module._RTX, {8: 7})

    async def _send_rtcp_nack(self, media_ssrc: int, lost: list[int]) -> None:
        self.told.append(lost)

    async def _send_rtcp_pli(self, media_ssrc: int) -> None:
        self.told.append("pli")


def packet(number: int, last: bool = True) -> Header:
    return Header(int(last), number % 65536, 3600 * number, 7)


def stamps(tally: Tally) -> list[int]:
    return [stamp // 3600 for _, stamp in tally.arrived]


async def test_a_picture_counts_when_it_is_whole_also_where_numbers_wrap() -> None:
    tally = Tally(Telling("video"))
    for number in range(65_530, 65_545):
        tally.count(packet(number, last=number % 2 == 0))
    # What came before the first that ended is not known to be whole.
    assert stamps(tally) == list(range(65_532, 65_545, 2))


async def test_what_is_lost_is_asked_for_and_counts_once_it_came() -> None:
    receiver = Telling("video")
    tally = Tally(receiver)
    for number in (0, 1, 4, 5):
        tally.count(packet(number))
    await asyncio.sleep(0)
    assert receiver.told == [[2, 3]] and stamps(tally) == [1]
    tally.count(packet(3))
    again = RtpPacket(payload_type=97, marker=1, sequence_number=2, timestamp=7200, ssrc=7)
    again.payload = b"picture"
    resent = wrap_rtx(again, payload_type=98, sequence_number=99, ssrc=8)
    tally.hear(Header(1, 99, 7200, 8), resent.serialize(), RTX)
    tally.count(packet(2))
    assert stamps(tally) == [1, 2, 3, 4, 5]
    streams = getattr(receiver, tally_module._STREAMS)
    assert streams[8].packets_received == 1


async def test_a_hole_is_given_up_with_a_pli() -> None:
    receiver = Telling("video")
    tally = Tally(receiver)
    tally.count(packet(0))
    for number in range(2, MOST_WAITING + 2):
        tally.count(packet(number))
    await asyncio.sleep(0)
    assert receiver.told == [[1], "pli"] and stamps(tally) == []
    for number in (600, 601):
        tally.count(packet(number))
    assert stamps(tally) == [601]


async def test_what_comes_is_told_apart() -> None:
    sounds, pictures = Tally(Telling("audio")), Tally(Telling("video"))
    others: list[bytes] = []

    class Session:
        def unprotect(self, data: bytes) -> bytes:
            if data[-1] == 0xFF:
                raise pylibsrtp.Error(7)
            return data

    connection = SimpleNamespace(data_received=lambda data, component: others.append(data))
    dtls: Any = SimpleNamespace(
        transport=SimpleNamespace(_connection=connection), _rx_srtp=Session()
    )
    listen(dtls, [sounds, pictures])
    sound = RtpPacket(payload_type=96, sequence_number=1, timestamp=960, ssrc=3, payload=b"s")
    for number in (1, 2):
        shown = RtpPacket(97, 1, number, 3600 * number, 7, b"p").serialize()
        connection.data_received(shown, 1)
    dtls_record, report, unknown = (
        b"\x16\xfe\xfd",
        b"\x81\xc9\x00\x01",
        bytes([128, 35]) + bytes(10),
    )
    for data in (sound.serialize(), dtls_record, report, unknown, sound.serialize() + b"\xff"):
        connection.data_received(data, 1)
    assert others == [dtls_record, report]
    assert [stamp for _, stamp in sounds.arrived] == [960] and stamps(pictures) == [2]


async def test_another_aiortc_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_module, "_NACK", "_RTCRtpReceiver__renamed")
    with pytest.raises(IncompatibleLibrary, match="__renamed"):
        Tally(Telling("audio"))
