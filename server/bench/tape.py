"""A microphone that plays sound encoded once: a client of little cost.

Runs on the event loop of a peer of a load.
Never encodes while it is measured: the processor is the server's.
"""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, Packet

from engines.values import F32

RATE_HZ = 48_000
PACKET = 960
PACKET_S = PACKET / RATE_HZ
_BASE = Fraction(1, RATE_HZ)


class Tape(MediaStreamTrack):
    """Plays Opus packets in a loop at real pace."""

    kind = "audio"

    def __init__(self, sound: F32) -> None:
        """Of f32[N] at 48 kHz, ended with silence to whole packets."""
        super().__init__()
        self.packets = encoded(sound)
        self._count = 0
        self._start_s = 0.0

    async def recv(self) -> Packet[Any]:
        """The next 20 ms, once they have been heard. Raises MediaStreamError when stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        if self._count == 0:
            self._start_s = time.monotonic()
        due_s = self._start_s + (self._count + 1) * PACKET_S
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        packet = Packet(self.packets[self._count % len(self.packets)])
        packet.pts, packet.time_base = self._count * PACKET, _BASE
        self._count += 1
        return packet


def encoded(sound: F32) -> list[bytes]:
    """Opus packets of 20 ms, as aiortc encodes a microphone."""
    whole = max(-(-len(sound) // PACKET), 1) * PACKET
    pcm = np.zeros(whole, np.int16)
    pcm[: len(sound)] = np.clip(np.round(sound * 32767), -32768, 32767)
    encoder = OpusEncoder()
    out: list[bytes] = []
    # Once more from its beginning: what the encoder holds back at the end comes out then.
    for at in [*range(0, whole, PACKET), 0]:
        frame = AudioFrame.from_ndarray(pcm[None, at : at + PACKET], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, _BASE, len(out) * PACKET
        out += encoder.encode(frame)[0]
    return out[: whole // PACKET]
