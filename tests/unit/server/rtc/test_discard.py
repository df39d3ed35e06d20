"""A receiver that keeps nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from server.rtc import discard as module
from server.rtc.discard import discard
from server.rtc.patches import IncompatibleLibrary


async def test_packets_are_taken_and_nothing_becomes_of_them() -> None:
    receiver = SimpleNamespace(_handle_rtp_packet=None)
    discard(receiver)  # type: ignore[arg-type]
    # Neither a header nor a payload is looked at.
    assert await receiver._handle_rtp_packet(object(), 1) is None


def test_another_aiortc_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def other(self: object, packet: object) -> None: ...

    monkeypatch.setattr(RTCRtpReceiver, "_handle_rtp_packet", other)
    with pytest.raises(IncompatibleLibrary):
        module.discard(SimpleNamespace())  # type: ignore[arg-type]
