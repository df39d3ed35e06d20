"""Videos made up for tests: a built-in portrait that moves, written with PyAV.

Test support.
Never shows anybody who exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from engines.render import landmarks as lm
from engines.render.warp import WarpRenderer
from engines.values import F32, SAMPLE_RATE_HZ, U8
from tests.support.sample_avatar import motion, sample

TICK = Fraction(1, 90_000)


def write_film(
    path: Path,
    pictures: Sequence[U8],
    times: Sequence[float] | None = None,
    sound: F32 | None = None,
    rate: int = 25,
) -> Path:
    """Pictures u8[H,W,3] BGR seen from `times` on (seconds; default: at `rate` a second)."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.time_base = TICK
        video.options = {"crf": "10", "preset": "ultrafast"}
        audio = None
        if sound is not None:
            audio = film.add_stream("aac", rate=SAMPLE_RATE_HZ)
            audio.layout = "mono"
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = round((times[k] if times is not None else k / rate) / TICK)
            frame.time_base = TICK
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
        if audio is not None and sound is not None:
            for start in range(0, len(sound), 1024):
                part = np.ascontiguousarray(sound[None, start : start + 1024], np.float32)
                block = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                block.sample_rate, block.pts = SAMPLE_RATE_HZ, start
                block.time_base = Fraction(1, SAMPLE_RATE_HZ)
                film.mux(audio.encode(block))
            film.mux(audio.encode(None))
    return path


@cache
def speaking() -> tuple[tuple[U8, ...], tuple[F32, ...]]:
    """Twelve pictures u8[512,512,3] of the sample speaking and blinking, and its landmarks."""
    drawing = WarpRenderer(sample())
    state = drawing.new_state()
    pictures, points = [], []
    for k in range(12):
        wanted = motion(jawOpen=0.25 * (1 - np.cos(k)), eyeBlink=0.9 if k == 8 else 0.0)
        pictures.append(drawing.render(state, wanted))
        at = sample().landmarks.copy()
        at[: lm.MESH_POINTS] = drawing.mesh(wanted).placed * np.array([1, 1, -1], np.float32)
        points.append(at)
    return tuple(pictures), tuple(points)
