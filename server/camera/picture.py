"""A v4l2loopback device that pictures are written to, by FFmpeg's own output.

Opened on the main thread, written on the codec pool.
Never changes its size or rate: programs that watch it would lose it.
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np

from engines.values import FRAME_RATE_HZ, U8
from server.camera.devices import REMEDY, CameraError, Device

PIXELS = "yuyv422"
"""What every call program takes."""


class CameraOutput:
    """One open device."""

    def __init__(self, device: Device, size: int, form: str = "v4l2") -> None:
        """Raises CameraError when it cannot be opened. `form` is FFmpeg's, for tests."""
        try:
            self._out: Any = av.open(device.path, "w", format=form)
            self._stream: Any = self._out.add_stream("rawvideo", rate=FRAME_RATE_HZ)
            self._stream.width = self._stream.height = size
            self._stream.pix_fmt = PIXELS
            # Opens the device: FFmpeg would wait for the first picture.
            self._out.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CameraError(
                f"{device.path} cannot be written ({why}): is another program writing to it, and "
                f"may you (group video)? {REMEDY}"
            ) from error
        self._count = 0

    def send(self, image: U8) -> None:
        """u8[S,S,3] BGR. Raises CameraError when the device has gone."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame.pts = self._count
        self._count += 1
        try:
            self._out.mux(self._stream.encode(frame.reformat(format=PIXELS)))
        except (av.FFmpegError, OSError) as error:
            raise CameraError(f"the virtual camera has gone ({error}): load it again") from error

    def close(self) -> None:
        """Let go of it. Idempotent."""
        out, self._out = self._out, None
        if out is not None:
            out.close()
