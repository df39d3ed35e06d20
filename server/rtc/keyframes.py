"""Key frames on request, but at most two a second.

The replaced method runs on the event loop when a browser has lost a picture (PLI, FIR).
Never forgets a request: one that comes too early is met when its time has come.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc.rtcrtpsender import RTCRtpSender

from server.rtc.patches import Patch

INTERVAL_S = 0.5
"""A key frame at 512x512 is 20 kB, 130 ms of the bit rate. On a lossy link a browser asks with
each round trip; answering each would leave no bits for anything else, and so lose more."""

_DUE = "_synchrorama_key_due_s"
"""When the sender may make its next key frame; infinite while one is due already."""


def patches() -> list[Patch]:
    """Raises IncompatibleLibrary, when applied, if the sender has no such method."""
    original = RTCRtpSender._send_keyframe

    def send_keyframe(self: Any) -> None:
        loop = asyncio.get_running_loop()
        now_s, due_s = loop.time(), getattr(self, _DUE, 0.0)
        if now_s >= due_s:
            setattr(self, _DUE, now_s + INTERVAL_S)
            original(self)
        elif due_s != float("inf"):
            setattr(self, _DUE, float("inf"))
            loop.call_later(due_s - now_s, later, self)

    def later(self: Any) -> None:
        setattr(self, _DUE, asyncio.get_running_loop().time() + INTERVAL_S)
        original(self)

    return [Patch("aiortc", RTCRtpSender, "_send_keyframe", send_keyframe)]
