"""Sender reports that date sound and picture by one clock: the player's.

Runs on the event loop, about once a second for each stream.
Never changes what is sent, only what is said of when it was due.

A browser plays together what the reports say was captured together. aiortc dates the last packet by
the moment it left: for a picture that is after its encoding, so each picture counted as that much
newer than the sound of the same instant, and the voice ran ahead of the mouth by it.
"""

from __future__ import annotations

import time
from typing import Any

from aiortc import clock
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import RtcpSrPacket

from server.rtc.patches import Patch, require_attribute

_DUE = "_synchrorama_due_s"
_LSR = "_RTCRtpSender__lsr"
NTP_SECOND = 1 << 32


def note(sender: Any, due_s: float | None) -> None:
    """What `sender` sends next was due at `due_s` (monotonic); None where nobody knows."""
    setattr(sender, _DUE, due_s)


def patches() -> list[Patch]:
    """Raises IncompatibleLibrary when the sender keeps elsewhere what a report was dated."""
    original = RTCRtpSender._send_rtcp
    require_attribute("aiortc", RTCRtpSender._run_rtcp, _LSR)

    async def send_rtcp(self: Any, packets: list[Any]) -> None:
        due_s = getattr(self, _DUE, None)
        for packet in packets:
            if due_s is not None and isinstance(packet, RtcpSrPacket):
                packet.sender_info.ntp_timestamp = dated = ntp(due_s)
                # By it the browser's answer is known, and the round trip measured.
                setattr(self, _LSR, (dated >> 16) & 0xFFFFFFFF)
        await original(self, packets)

    return [Patch("aiortc", RTCRtpSender, "_send_rtcp", send_rtcp)]


def ntp(due_s: float) -> int:
    """A moment of the monotonic clock as 64-bit NTP time (RFC 5905)."""
    return clock.current_ntp_time() - round((time.monotonic() - due_s) * NTP_SECOND)
