"""A person's own video as pictures at 25 a second, upright, and the sound of each.

Offline; one thread and FFmpeg's own.
Never keeps a picture: a video is read as often as it is needed, one picture in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engines.features import log_scale
from engines.render.cv import cv2
from engines.values import F32, FRAME_RATE_HZ, SAMPLE_RATE_HZ, U8
from export.data.lip_examples import mel_blocks
from export.data.sound import read_sound

LEAST_S, MOST_S = 20.0, 300.0
LONG_SIDE_PX = 1280
"""Larger pictures are shrunk: a face fills a fourth of that, the boxes take 160 pixels of it."""
MAX_PIXELS = 8192 * 4608
MAX_BYTES = 4 * 2**30
LEAST_RATE = 12.0
"""Pictures a second, on the whole; a mouth cannot be followed with fewer."""
_CUT_OFF_S, _CUT_OFF_SHARE = 2.0, 0.05
"""What may lack of the length that the file's head promises."""
_BLOCK = 2**20
_QUIET = 1e-4


class BadVideo(Exception):
    """A file that nets cannot be trained on; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Shot:
    """The picture that is seen at one tick of 25 a second."""

    picture: U8
    """u8[H,W,3] BGR, upright, at most LONG_SIDE_PX."""
    fresh: bool
    """False: the one before, seen on."""


def sha256_of(path: Path) -> str:
    """Of the file, in blocks. Raises BadVideo."""
    found = hashlib.sha256()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadVideo(f"{path} is larger than {MAX_BYTES / 2**30:.0f} GiB; cut it to 2 min")
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except OSError as error:
        raise BadVideo(f"{path}: it cannot be read ({error.strerror or error})") from error
    return found.hexdigest()


def length_of(path: Path) -> float:
    """Seconds that the file's head promises; 0 where it does not say. Raises BadVideo."""
    with _opened(path) as (container, stream):
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return (container.duration or 0) / av.time_base


def shots(path: Path) -> Iterator[Shot]:
    """All pictures of a video at 25 a second, whatever rate it has, or none that is constant.

    Raises BadVideo for what is no video, broken or cut off, too long, too slow.
    """
    promised = length_of(path)
    if promised > MOST_S:
        raise _too_long(path, promised)
    ticks, fresh = 0, 0
    for shot in _ticking(path):
        ticks, fresh = ticks + 1, fresh + shot.fresh
        if ticks > MOST_S * FRAME_RATE_HZ:
            raise _too_long(path, ticks / FRAME_RATE_HZ)
        yield shot
    lasted = ticks / FRAME_RATE_HZ
    if lasted < promised - max(_CUT_OFF_S, _CUT_OFF_SHARE * promised):
        raise BadVideo(
            f"{path} ends after {lasted:.0f} s of the {promised:.0f} s its head promises: it is "
            "cut off; copy it again"
        )
    if lasted < LEAST_S:
        raise BadVideo(
            f"{path} has {lasted:.1f} s of pictures and {LEAST_S:.0f} are needed; film two minutes"
        )
    if fresh < LEAST_RATE * lasted:
        raise BadVideo(
            f"{path} has {fresh / lasted:.1f} pictures a second and {LEAST_RATE:.0f} are needed; "
            "film with 25 or 30"
        )


def sound_of(path: Path, count: int) -> F32 | None:
    """f32[count,80]: what each picture's nets hear, as `Cues.sound`; None for a silent video.

    Raises BadVideo.
    """
    with _opened(path) as (container, stream):
        if not container.streams.audio:
            return None
        late = _start(container.streams.audio[0]) - _start(stream)
    try:
        samples = read_sound(path)
    except ValueError:
        return None
    except av.error.FFmpegError as error:
        raise _broken(path, error) from error
    if np.abs(samples).max() < _QUIET:
        return None
    shift = round(late * SAMPLE_RATE_HZ)
    samples = np.pad(samples, (shift, 0)) if shift > 0 else samples[-shift:]
    # As in `render_grid`: the block after a picture is the newest that it has heard.
    heard: F32 = log_scale(mel_blocks(samples, count + 1)[1:]).mean(1)
    return heard


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    if not path.is_file():
        raise BadVideo(f"{path}: there is no such file")
    try:
        with av.open(str(path)) as container:
            streams = [s for s in container.streams.video if not _is_cover(s)]
            if not streams:
                raise BadVideo(f"{path} has no pictures; take an MP4, MOV, MKV or WebM video")
            width, height = streams[0].codec_context.width, streams[0].codec_context.height
            if not 0 < width * height <= MAX_PIXELS:
                raise BadVideo(f"{path} has pictures of {width} x {height}; take 1920 x 1080")
            yield container, streams[0]
    except (av.error.FFmpegError, UnicodeError) as error:
        raise _broken(path, error) from error


def _is_cover(stream: VideoStream) -> bool:
    """The picture on the sleeve of a sound file is a video stream too."""
    return bool(stream.disposition & stream.disposition.attached_pic)


def _ticking(path: Path) -> Iterator[Shot]:
    with _opened(path) as (container, stream):
        begun, held, ticks = None, None, 0
        last, step = 0.0, 1 / float(stream.average_rate or FRAME_RATE_HZ)
        aspect = min(max(float(stream.sample_aspect_ratio or 1), 0.25), 4.0)
        for frame in container.decode(stream):
            at = frame.time if frame.time is not None else (begun or 0.0) + last + step
            begun = at if begun is None else begun
            at -= begun
            if held is not None and at <= last:
                # Times that run back are a fault of the file, not of the person.
                continue
            if held is not None:
                yield from _seen(held, aspect, ticks, at)
                ticks = max(ticks, _tick(at))
            held, last = frame, at
        if held is not None:
            yield from _seen(held, aspect, ticks, last + step)


def _tick(at: float) -> int:
    """The first tick at that second or after."""
    return int(np.ceil(round(at * FRAME_RATE_HZ, 3)))


def _seen(frame: VideoFrame, aspect: float, ticks: int, until: float) -> Iterator[Shot]:
    """A picture at all ticks from the next one until the next picture comes."""
    count = min(_tick(until), int(MOST_S * FRAME_RATE_HZ) + 1) - ticks
    if count <= 0:
        return
    picture = upright(frame, aspect)
    for k in range(count):
        yield Shot(picture, k == 0)


def upright(frame: VideoFrame, aspect: float) -> U8:
    """u8[H,W,3] BGR as a player shows it: turned as its metadata say, pixels made square.

    aspect: a pixel's width over its height.
    """
    wide, high = frame.width * aspect, float(frame.height)
    scale = min(1.0, LONG_SIDE_PX / max(wide, high))
    size = (max(round(wide * scale), 2), max(round(high * scale), 2))
    picture = frame.to_ndarray(format="bgr24")
    if size != (frame.width, frame.height):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, size, interpolation=how)
    turned: U8 = np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90)))
    return turned


def _start(stream: av.stream.Stream) -> float:
    return float((stream.start_time or 0) * (stream.time_base or 0))


def _too_long(path: Path, seconds: float) -> BadVideo:
    return BadVideo(
        f"{path} lasts {seconds:.0f} s and may last {MOST_S:.0f}; cut it, two minutes are enough"
    )


def _broken(path: Path, error: Exception) -> BadVideo:
    return BadVideo(
        f"{path} is no video that can be read, or broken off ({error}); copy it again, or save it "
        "as MP4 (H.264)"
    )
