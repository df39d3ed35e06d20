"""The microphone's jitter buffer: passes packets in order at once, gives a hole up soon.

Runs on the event loop, once for each incoming audio packet.
Never holds sound back for good: aiortc's own holds 4 packets (80 ms), and after one lost packet
14 (280 ms) until the call ends (aiortc issue 543). Ours holds none while packets come in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from av import AudioFrame

from server.rtc.patches import require_attribute
from server.rtc.sound import decode_here

WAIT_PACKETS = 2
"""A hole is given up when this many packets wait behind it (20-40 ms): later is useless for us,
since sound that comes after its playout time is dropped."""
RESET_GAP = 200
"""A sequence number this far off (4 s) is a new stream, not a late or a lost packet."""

_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_QUEUE = "_RTCRtpReceiver__decoder_queue"


@dataclass(frozen=True, slots=True)
class JitterStats:
    """Packets since the buffer was made."""

    received: int
    lost: int
    """Given up as holes (a packet that came after that counts as late too)."""
    late: int
    """Came after their hole was given up, or twice."""
    reordered: int
    """Came out of order but in time."""


class FrameBatch(JitterFrame):
    """Several frames released at once; its own `data` and `timestamp` are those of the first."""

    def __init__(self, frames: list[JitterFrame]) -> None:
        super().__init__(data=frames[0].data, timestamp=frames[0].timestamp)
        self.frames = frames
        self._first = frames[0].timestamp

    def split(self) -> list[JitterFrame]:
        """The frames with timestamps mapped as the receiver has mapped the first one's."""
        for frame in self.frames:
            # RTP timestamps are modulo 2^32; within one batch the steps are small and positive.
            frame.timestamp = self.timestamp + ((frame.timestamp - self._first) & 0xFFFFFFFF)
        return self.frames


class AudioJitterBuffer:
    """Takes the place of `aiortc.jitterbuffer.JitterBuffer` on an audio receiver.

    One packet is one frame (true of Opus and G.711). A hole shows as a jump of the timestamp.
    """

    capacity = WAIT_PACKETS

    def __init__(self, wait_packets: int = WAIT_PACKETS) -> None:
        """Raises ValueError when `wait_packets` is not positive."""
        if wait_packets < 1:
            raise ValueError(f"wait_packets must be at least 1, got {wait_packets}")
        self._wait = wait_packets
        self._next: int | None = None
        self._waiting: dict[int, Any] = {}
        self._received = self._lost = self._late = self._reordered = 0

    def add(self, packet: Any) -> tuple[bool, JitterFrame | None]:
        """Take an RtpPacket; return (send a PLI: never, what may be decoded now)."""
        self._received += 1
        number = packet.sequence_number
        if self._next is None or RESET_GAP <= (number - self._next) % 65536 <= 65536 - RESET_GAP:
            self._waiting.clear()
            self._next = number
        ahead = (number - self._next) % 65536
        if ahead >= 32768 or number in self._waiting:
            self._late += 1
            return False, None
        self._waiting[number] = packet
        frames = self._in_order()
        if len(self._waiting) >= self._wait:
            self._skip_hole()
            frames += self._in_order()
        elif frames and len(frames) > 1:
            self._reordered += 1
        return False, FrameBatch(frames) if frames else None

    def stats(self) -> JitterStats:
        """Counters."""
        return JitterStats(self._received, self._lost, self._late, self._reordered)

    def _in_order(self) -> list[JitterFrame]:
        frames = []
        assert self._next is not None
        while (packet := self._waiting.pop(self._next, None)) is not None:
            frames.append(JitterFrame(data=packet._data, timestamp=packet.timestamp))
            self._next = (self._next + 1) % 65536
        return frames

    def _skip_hole(self) -> None:
        assert self._next is not None
        origin = self._next
        hole = min((number - origin) % 65536 for number in self._waiting)
        self._lost += hole
        self._next = (origin + hole) % 65536


def install(
    receiver: RTCRtpReceiver, take: Callable[[AudioFrame], None] | None = None
) -> AudioJitterBuffer:
    """Put a buffer on `receiver` before it starts (in the `track` event); return it.

    `take` is called with each decoded frame; without it they go to the receiver's track.
    """
    buffer = AudioJitterBuffer()
    setattr(receiver, _BUFFER, buffer)
    queue: Any = decode_here(receiver, take)
    queue.put = _splitting(queue.put)
    return buffer


def check() -> None:
    """Raise IncompatibleLibrary when the receiver no longer has what `install` replaces."""
    for name in (_BUFFER, _QUEUE):
        require_attribute("aiortc", RTCRtpReceiver.__init__, name)


def _splitting(put: Callable[[Any], None]) -> Callable[[Any], None]:
    # The receiver hands on one frame for each packet; a batch is opened on its way to the decoder.
    def put_each(item: Any) -> None:
        if item is not None and isinstance(item[1], FrameBatch):
            for frame in item[1].split():
                put((item[0], frame))
        else:
            put(item)

    return put_each
