"""Sound is decoded where it is, on the event loop, without a thread in between; and its codecs.

What is replaced runs on the event loop, once for each 20 ms of sound.
Never makes two channels of a voice: a face has one mouth.

20 ms of Opus take 0.1 ms to encode and 0.05 to decode, and handing them to another thread and back
takes 0.13 and 0.1 ms of processor, wake-ups of both threads included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import av
from aiortc.codecs import get_decoder
from aiortc.codecs.opus import SAMPLE_RATE, SAMPLES_PER_FRAME, OpusDecoder, OpusEncoder
from aiortc.rtcrtpreceiver import RemoteStreamTrack, RTCRtpReceiver
from av import AudioFrame
from av.frame import Frame

log = logging.getLogger(__name__)
_QUEUE = "_RTCRtpReceiver__decoder_queue"


class VoiceEncoder(OpusEncoder):
    """Opus of one channel, for frames of 20 ms at 48 kHz: s16, mono.

    Half the work of aiortc's stereo of twice the same (0.15 instead of 0.30 ms a packet), as good
    and as large: 21.0 dB and 75 kbit/s on speech, stereo of "96" kbit/s 20.9 dB and 71.
    """

    BIT_RATE = 80_000

    def __init__(self) -> None:
        super().__init__()
        # Not opened yet: that is done with the first frame.
        self.codec.layout = "mono"
        self.codec.bit_rate = self.BIT_RATE

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """One packet and its RTP time. Raises ValueError for another kind of frame."""
        if not isinstance(frame, AudioFrame) or not is_voice(frame):
            raise ValueError(f"wanted 20 ms of one channel at 48 kHz, got {frame}")
        # No resampler in between: it would cut frames of this length into frames of this length.
        packets = self.codec.encode(frame)
        if not packets:
            return [], 0
        pts = packets[0].pts or 0
        if self.first_packet_pts is None:
            self.first_packet_pts = pts
        return [bytes(packet) for packet in packets], pts - self.first_packet_pts


class VoiceDecoder(OpusDecoder):
    """Opus to one channel, s16 at 48 kHz.

    A browser's microphone has one: bit for bit what the mean of aiortc's two alike would be (of
    two that differ within half a step of 16 bits), for 0.8 of the work.
    """

    def __init__(self) -> None:
        super().__init__()
        # Not opened yet: that is done with the first packet.
        self.codec.layout = "mono"


def is_voice(frame: Any) -> bool:
    """Whether `VoiceEncoder` takes it: 20 ms of one channel at 48 kHz, s16."""
    return (
        isinstance(frame, AudioFrame)
        and (frame.samples, frame.sample_rate) == (SAMPLES_PER_FRAME, SAMPLE_RATE)
        and (frame.layout.name, frame.format.name) == ("mono", "s16")
    )


def is_opus(codec: Any) -> bool:
    """Of an `RTCRtpCodecParameters`."""
    return bool(codec.name.lower() == "opus")


class Decoding:
    """Takes the place of the queue to an audio receiver's decoder thread, which then only waits."""

    def __init__(self, receiver: RTCRtpReceiver, take: Callable[[AudioFrame], None] | None) -> None:
        """Before the receiver starts; `take` as in `decode_here`."""
        self._queue = getattr(receiver, _QUEUE)
        assert isinstance(receiver.track, RemoteStreamTrack)
        self._take = take or receiver.track._queue.put_nowait
        self._name = ""
        self._decoder: Any = None
        self._ended = False

    def put(self, item: Any) -> None:
        """A codec and an encoded frame; None ends the thread, and the track behind what came."""
        if item is None:
            self._ended = True
            self._queue.put(None)
        if self._ended:
            return
        codec, encoded = item
        if not encoded.data:
            # To FFmpeg the end of all sound: it would decode nothing any more.
            return
        if codec.name != self._name:
            self._name = codec.name
            self._decoder = VoiceDecoder() if is_opus(codec) else get_decoder(codec)
        try:
            frames = self._decoder.decode(encoded)
        except av.FFmpegError as error:
            # As aiortc does: the next packet may be whole again.
            log.debug("a packet of sound could not be decoded: %s", error)
            return
        for frame in frames:
            self._take(frame)

    def get(self) -> Any:
        """What the thread waits for."""
        return self._queue.get()


def decode_here(
    receiver: RTCRtpReceiver, take: Callable[[AudioFrame], None] | None = None
) -> Decoding:
    """From now on; in the `track` event, before the receiver starts.

    Each frame goes to `take`, which must not raise, in the same turn of the loop that its packet
    came in; without it to the receiver's track.
    """
    decoding = Decoding(receiver, take)
    setattr(receiver, _QUEUE, decoding)
    return decoding
