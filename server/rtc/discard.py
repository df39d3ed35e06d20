"""A receiver that takes packets and keeps nothing: what is sent to it is never decoded.

Runs on the event loop, once for each packet.
Never asks for a picture again, and never tells the sender that something is missing.
"""

from __future__ import annotations

from typing import Any

from aiortc.rtcrtpreceiver import RTCRtpReceiver

from server.rtc.patches import require_attribute


def discard(receiver: RTCRtpReceiver) -> None:
    """From now on. Raises IncompatibleLibrary when aiortc hands packets over another way."""
    require_attribute("aiortc", RTCRtpReceiver._handle_rtp_packet, "_enabled")

    async def drop(packet: Any, arrival_time_ms: int) -> None:
        """Counted by nobody."""

    receiver._handle_rtp_packet = drop  # type: ignore[method-assign]
