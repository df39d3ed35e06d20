"""A few seconds of an avatar that looks around, smiles and speaks, as a small film that loops.

Any thread, about a second; made once, when an avatar is made, and kept in its folder.
Never random, never made of anybody's voice, never written by this module.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from engines.avatars.bundle import Avatar
from engines.render.mark import Mark, Marked, MarkStyle
from engines.render.warp import WarpRenderer
from engines.values import F32, FRAME_RATE_HZ, MOTION_INDEX, MOTION_SIZE

FILE = "preview.mp4"
SIZE = 384
SECONDS = 4.0
FRAMES = round(SECONDS * FRAME_RATE_HZ)
MAX_BYTES = 256 * 1024
"""More than any loop of this size needs: what a stranger's parcel may hold."""
ENCODER = "libx264"
_OPTIONS = {"crf": "24", "preset": "medium", "threads": "1", "profile": "main"}
_CONTAINER = {"moov_size": "6144"}
"""The index stands first, in room kept for it: a browser shows the film as it comes."""
_NOTE = "AI-generated: this face is made by a computer"

SHORT_MARK = MarkStyle(text="AI")
"""Of the films that ship with the built-in avatars: they are shown as small as a stamp, too."""

_Keys = Sequence[tuple[float, float]]
_BLINK: _Keys = (
    *((0.42, 0), (0.50, 1), (0.54, 1), (0.68, 0)),
    *((1.34, 0), (1.42, 1), (1.46, 1), (1.62, 0)),
    *((3.28, 0), (3.36, 1), (3.40, 1), (3.54, 0)),
)
_LEFTWARD: _Keys = (
    *((0.10, 0), (0.22, 0.5), (0.62, 0.5), (0.72, 0)),
    *((2.85, 0), (3.0, 0.4), (3.4, 0)),
)
_RIGHTWARD: _Keys = ((0.62, 0), (0.74, 0.5), (1.30, 0.5), (1.44, 0))
_SMILE: _Keys = (
    *((1.35, 0), (1.65, 0.62), (1.95, 0.55), (2.2, 0.12)),
    *((2.8, 0.12), (3.1, 0.3), (3.8, 0)),
)
_TRACKS: Mapping[str, _Keys] = {
    "eyeBlinkLeft": _BLINK,
    "eyeBlinkRight": _BLINK,
    "eyeLookOutLeft": _LEFTWARD,
    "eyeLookInRight": _LEFTWARD,
    "eyeLookInLeft": _RIGHTWARD,
    "eyeLookOutRight": _RIGHTWARD,
    "mouthSmileLeft": _SMILE,
    "mouthSmileRight": _SMILE,
    "cheekSquintLeft": ((1.40, 0), (1.70, 0.4), (1.95, 0.35), (2.2, 0)),
    "cheekSquintRight": ((1.40, 0), (1.70, 0.4), (1.95, 0.35), (2.2, 0)),
    "browInnerUp": ((1.95, 0), (2.15, 0.45), (2.45, 0.1), (2.65, 0.35), (2.95, 0)),
    # Three syllables: open, round, open.
    "jawOpen": ((1.98, 0), (2.08, 0.34), (2.22, 0.06), (2.36, 0.26), (2.52, 0.10), (2.66, 0.38),
                (2.88, 0)),
    "mouthFunnel": ((2.24, 0), (2.36, 0.5), (2.52, 0)),
    "mouthPucker": ((2.24, 0), (2.38, 0.3), (2.52, 0)),
    "mouthUpperUpLeft": ((1.98, 0), (2.10, 0.2), (2.22, 0), (2.54, 0), (2.66, 0.22), (2.88, 0)),
    "mouthUpperUpRight": ((1.98, 0), (2.10, 0.2), (2.22, 0), (2.54, 0), (2.66, 0.22), (2.88, 0)),
    "mouthLowerDownLeft": ((1.98, 0), (2.10, 0.3), (2.22, 0), (2.54, 0), (2.66, 0.3), (2.88, 0)),
    "mouthLowerDownRight": ((1.98, 0), (2.10, 0.3), (2.22, 0), (2.54, 0), (2.66, 0.3), (2.88, 0)),
    "headYaw": ((0.10, 0), (0.42, 0.10), (0.62, 0.10), (1.0, -0.12), (1.30, -0.12), (1.7, 0),
                (2.80, 0), (3.15, 0.19), (3.3, 0.19), (3.85, 0)),
    "headPitch": ((1.95, 0), (2.12, 0.05), (2.35, -0.03), (2.62, 0.04), (2.95, 0)),
    "headRoll": ((1.35, 0), (1.7, 0.05), (2.1, 0.02), (2.9, 0), (3.15, -0.03), (3.85, 0)),
}  # fmt: skip
"""Seconds and value; between two keys the value moves smoothly, before and after it is 0."""


def preview(avatar: Avatar, mark: MarkStyle | None = SHORT_MARK) -> bytes | None:
    """An MP4 of H.264, SIZE x SIZE, SECONDS long, without sound; its end meets its beginning.

    `mark` is drawn into its pixels; None: none is, and only the file's comment tells that the
    face is made by a computer. None where this build of FFmpeg has no H.264 encoder: pages then
    show the portrait.
    """
    if ENCODER not in av.codecs_available:
        return None
    plain = WarpRenderer(avatar, SIZE)
    renderer = plain if mark is None else Marked(plain, Mark(mark, SIZE))
    state = renderer.new_state()
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options=_CONTAINER) as film:
        film.metadata["comment"] = _NOTE
        # PyAV names the streams of a few encoders only.
        stream: Any = film.add_stream(ENCODER, rate=FRAME_RATE_HZ)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = dict(_OPTIONS)
        for index, motion in enumerate(motions()):
            picture = renderer.render(state, motion)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE_HZ)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return out.getvalue()


def preview_file(avatar: Avatar, mark: MarkStyle | None = SHORT_MARK) -> dict[str, bytes]:
    """The film under its name, for `bundle.save`; nothing where there is no encoder."""
    film = preview(avatar, mark)
    return {} if film is None else {FILE: film}


def motions() -> Iterator[F32]:
    """f32[58] of each of FRAMES frames."""
    for index in range(FRAMES):
        motion = np.zeros(MOTION_SIZE, np.float32)
        for name, keys in _TRACKS.items():
            motion[MOTION_INDEX[name]] = _value(keys, index / FRAME_RATE_HZ)
        yield motion


def _value(keys: _Keys, at_s: float) -> float:
    """Between two keys as 3t^2 - 2t^3: it starts and stops gently."""
    for (t0, v0), (t1, v1) in zip(keys, keys[1:], strict=False):
        if t0 <= at_s < t1:
            t = (at_s - t0) / (t1 - t0)
            return v0 + (v1 - v0) * t * t * (3 - 2 * t)
    return 0.0
