"""The audio-level header extension (RFC 6464) computed with numpy on every 8th sample.

Runs on the event loop, once for each outgoing audio packet.
Never walks samples in Python: aiortc's own loop costs 0.3 ms a packet, 41 % of its loop time.
"""

from __future__ import annotations

import math

import aiortc.rtp
import numpy as np
from av import AudioFrame

from server.rtc.patches import Patch

STRIDE = 8
"""Every 8th sample: the level moves by well under 1 dB on speech."""
MIN_DBOV = -127
FULL_SCALE = 32767.0


def audio_level_dbov(frame: AudioFrame) -> int:
    """Level of an s16 frame in dB below overload, -127 to 0 (RFC 6465, appendix A)."""
    # The plane may be padded beyond its samples.
    count = frame.samples * len(frame.layout.channels)
    plane = np.frombuffer(memoryview(frame.planes[0]), dtype=np.int16, count=count)
    samples = plane[::STRIDE].astype(np.float32)
    if not len(samples):
        return MIN_DBOV
    rms = math.sqrt(float(np.dot(samples, samples)) / len(samples)) / FULL_SCALE
    if rms <= 0:
        return MIN_DBOV
    return round(min(0.0, max(float(MIN_DBOV), 20 * math.log10(rms))))


def patches() -> list[Patch]:
    """Replace the function that aiortc's sender calls for each packet."""
    return [Patch("aiortc", aiortc.rtp, "compute_audio_level_dbov", audio_level_dbov)]
