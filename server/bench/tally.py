"""Ears that count: what comes is noted right behind SRTP, and nothing is put together or decoded.

Runs on the event loop of a peer of a load, once for each datagram.
Never changes what the server is told: receiver reports, NACK and PLI are aiortc's. Only bandwidth
estimates (REMB) are left out, which the server does not follow.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import pylibsrtp
from aiortc.codecs import is_rtx
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtcrtpreceiver import RTCRtpReceiver, StreamStatistics
from aiortc.rtp import RtpPacket, is_rtcp, unwrap_rtx

from server.rtc.patches import require_attribute

MOST_WAITING = 512
"""Packets that may wait behind a hole before it is given up with a PLI: as aiortc's own buffer."""
_RTP = struct.Struct("!xBHLL")
_STREAMS = "_RTCRtpReceiver__remote_streams"
_NACK = "_RTCRtpReceiver__nack_generator"
_CODECS = "_RTCRtpReceiver__codecs"
_RTX = "_RTCRtpReceiver__rtx_ssrc"
_CONNECTION = "_connection"


@dataclass(slots=True)
class Header:
    """Of an RTP packet, as far as it is counted by; named as in aiortc's `RtpPacket`."""

    marker: int
    sequence_number: int
    timestamp: int
    ssrc: int


class Tally:
    """Notes each 20 ms of sound, or each whole picture, and asks again for what was lost."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        """Raises IncompatibleLibrary when the receiver keeps its reports' figures elsewhere."""
        for name in (_STREAMS, _NACK, _CODECS, _RTX):
            require_attribute("aiortc", RTCRtpReceiver.__init__, name)
        self._receiver = receiver
        self._nack = getattr(receiver, _NACK)
        self._next: int | None = None
        """The packet that the pictures go on with; None until a picture has ended."""
        self._waiting: dict[int, Any] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self.arrived: list[tuple[float, int]] = []
        """Monotonic time and RTP time stamp of each."""

    @property
    def codecs(self) -> Mapping[int, Any]:
        """What it may be sent, by payload type."""
        known: Mapping[int, Any] = getattr(self._receiver, _CODECS)
        return known

    def hear(self, header: Header, plain: bytes, codec: Any) -> None:
        """A packet of `codec` has come; `plain` is the whole of it."""
        streams = getattr(self._receiver, _STREAMS)
        if header.ssrc not in streams:
            streams[header.ssrc] = StreamStatistics(codec.clockRate)
        streams[header.ssrc].add(header)
        if not is_rtx(codec):
            self.count(header)
            return
        original = getattr(self._receiver, _RTX).get(header.ssrc)
        packet = RtpPacket.parse(plain)
        if original is not None and len(packet.payload) >= 2:
            kind = int(codec.parameters["apt"])
            self.count(unwrap_rtx(packet, payload_type=kind, ssrc=original))

    def count(self, packet: Any) -> None:
        """A Header or RtpPacket of the stream itself, in any order."""
        now_s = time.monotonic()
        if self._nack is None:
            self.arrived.append((now_s, packet.timestamp))
            return
        if self._nack.add(packet):
            missing = sorted(self._nack.missing)
            self._tell(self._receiver._send_rtcp_nack(packet.ssrc, missing))
        if self._next is None:
            if packet.marker:
                self._next = (packet.sequence_number + 1) % 65536
            return
        if (packet.sequence_number - self._next) % 65536 >= 32768:
            return
        self._waiting[packet.sequence_number] = packet
        while (found := self._waiting.pop(self._next, None)) is not None:
            self._next = (self._next + 1) % 65536
            if found.marker:
                self.arrived.append((now_s, found.timestamp))
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            self._next = None
            self._tell(self._receiver._send_rtcp_pli(packet.ssrc))

    def _tell(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


def listen(transport: RTCDtlsTransport, tallies: list[Tally]) -> None:
    """From now on RTP goes to `tallies` alone; call once the transport is connected.

    Raises IncompatibleLibrary when its datagrams come another way.
    """
    require_attribute("aiortc", RTCIceTransport.__init__, _CONNECTION)
    connection = getattr(transport.transport, _CONNECTION)
    others = connection.data_received
    known = {kind: (one, codec) for one in tallies for kind, codec in one.codecs.items()}

    def data_received(data: bytes, component: int) -> None:
        # RFC 7983: RTP and RTCP begin with 128 to 191.
        if not 127 < data[0] < 192 or is_rtcp(data):
            others(data, component)
            return
        try:
            plain = transport._rx_srtp.unprotect(data)
        except pylibsrtp.Error:
            return
        mark_kind, number, stamp, ssrc = _RTP.unpack_from(plain)
        if (wanted := known.get(mark_kind & 127)) is not None:
            wanted[0].hear(Header(mark_kind >> 7, number, stamp, ssrc), plain, wanted[1])

    connection.data_received = data_received
