"""What is sent is encoded on the event loop where that is short, and on the codec pool where not.

The replaced method runs on the event loop, once for each 20 ms of sound and each picture.
Never waits for a thread for sound, nor for a VP8 picture of up to 256x256.

Such a picture takes 0.5 to 0.7 ms to encode; handing it to another thread and back takes 0.2 more.
Larger ones take milliseconds, in which the loop would hold everybody's sound up.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc import rtp
from aiortc.codecs import get_encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtcrtpsender import RTCEncodedFrame, RTCRtpSender
from av import AudioFrame
from av.frame import Frame

from server.rtc import reports
from server.rtc.patches import Patch, require_attribute
from server.rtc.sound import VoiceEncoder, is_opus, is_voice

ENCODED_HERE = 256 * 256
"""Pixels of a picture up to which it is encoded on the loop."""
_TRACK, _ENCODER = "_RTCRtpSender__track", "_RTCRtpSender__encoder"
_KEY = "_RTCRtpSender__force_keyframe"


def patches() -> list[Patch]:
    """Raises IncompatibleLibrary when the sender keeps its track or its encoder elsewhere."""
    for name in (_TRACK, _ENCODER, _KEY):
        require_attribute("aiortc", RTCRtpSender._next_encoded_frame, name)
    return [Patch("aiortc", RTCRtpSender, "_next_encoded_frame", next_encoded_frame)]


async def next_encoded_frame(sender: Any, codec: Any) -> RTCEncodedFrame | None:
    """As aiortc's own: of the sender's next frame or packet; None where nothing is to be sent."""
    track = getattr(sender, _TRACK)
    data = await track.recv()
    if not sender._enabled:
        return None
    encoder = getattr(sender, _ENCODER)
    if encoder is None:
        voice = is_opus(codec) and is_voice(data)
        encoder = VoiceEncoder() if voice else get_encoder(codec)
        setattr(sender, _ENCODER, encoder)
    level: Any = None
    if not isinstance(data, Frame):
        # As aiortc does: nobody has heard how loud it is.
        payloads, timestamp = encoder.pack(data)
    elif isinstance(data, AudioFrame):
        level = rtp.compute_audio_level_dbov(data)
        payloads, timestamp = encoder.encode(data)
    else:
        key = getattr(sender, _KEY)
        setattr(sender, _KEY, False)
        payloads, timestamp = await _encoded(encoder, data, key)
    # Only now: a report sent while a picture is encoded is of the one before.
    reports.note(sender, getattr(track, "due_s", None))
    return RTCEncodedFrame(payloads, timestamp, level) if payloads else None


async def _encoded(encoder: Any, picture: Any, key: bool) -> tuple[list[bytes], int]:
    if isinstance(encoder, Vp8Encoder) and picture.width * picture.height <= ENCODED_HERE:
        return encoder.encode(picture, key)
    found: tuple[list[bytes], int] = await asyncio.get_running_loop().run_in_executor(
        None, encoder.encode, picture, key
    )
    return found
