"""`synchrorama render`: a recording in, a video with that sound out, by the engine loop itself.

Runs on the main thread, faster or slower than real time.
Never leaves half a file: the video is written aside and renamed when it is whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engines.cues import cues_of
from engines.emotion.values import EmotionOverride
from engines.offline import render_file
from engines.render.mark import marked
from engines.render.stage import Framing
from engines.values import F32, FRAME_RATE_HZ, FRAME_SAMPLES, SAMPLE_RATE_HZ, Picture
from server.disclosure import mark_style
from server.drawing import drawing_of
from server.gallery import Store
from server.render_stage import BadStage, stage_of
from server.schemas import NOTICE
from server.settings import Settings

SOUND_HZ = 48_000
VIDEO_QUALITY = {"crf": "18", "preset": "veryfast"}
SOUND_BIT_RATE = 160_000
METADATA = {
    "comment": f"AI-generated video. {NOTICE} Digital source type: "
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
}
"""For programs: the IPTC's word for media made by a trained algorithm."""


class RenderError(Exception):
    """The recording cannot be rendered; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RenderJob:
    """What to render."""

    audio: Path
    out: Path
    avatar: str | None
    """None: the first by name."""
    seed: int
    size: int
    quiet: bool = False
    background: str = "photo"
    """As `server.render_stage.BACKGROUND_HELP` says."""
    framing: Framing = "shoulders"
    mirrored: bool = False
    feeling: EmotionOverride | None = None
    """None: what is heard."""
    text: str = ""
    """The words that are spoken, where they are known."""
    force: bool = False
    """Whether a file that is there may be replaced."""


def render(job: RenderJob, settings: Settings) -> str:
    """Render `job`; returns a line about it. Raises RenderError."""
    from server.backend import avatar_store
    from server.models import motion_model

    check_out(job.out, (".mp4",), force=job.force)
    voice = read_voice(job.audio)
    avatar = _load_avatar(avatar_store(settings), job.avatar)
    try:
        stage = stage_of(job.background, job.framing, job.mirrored, job.size)
    except BadStage as error:
        raise RenderError(str(error)) from error
    style = mark_style(settings.disclosure)
    drawing = drawing_of(settings.render)
    motion = motion_model(settings)
    begun_s = time.monotonic()
    with progress_bar("rendering", quiet=job.quiet) as on_progress:
        pictures = render_file(
            voice,
            avatar,
            motion,
            seed=job.seed,
            size=job.size,
            stage=stage,
            cues=cues_of(len(voice), job.feeling, job.text),
            on_progress=on_progress,
            renderer_factory=marked(drawing.factory, style),
        )
        write_video(job, voice, pictures)
    seconds = len(voice) / SAMPLE_RATE_HZ
    took_s = time.monotonic() - begun_s
    return f"{job.out}: {seconds:.1f} s in {took_s:.1f} s ({seconds / took_s:.1f} x real time)"


def check_out(out: Path, endings: Collection[str], *, force: bool) -> None:
    """Raises RenderError for a name that cannot be written, or that is there and not to go."""
    if out.suffix.lower() not in endings:
        raise RenderError(f"--out {out}: the name must end with {', '.join(endings)}")
    if not out.parent.is_dir():
        raise RenderError(f"--out {out}: there is no folder {out.parent}; make it first")
    if out.is_dir():
        raise RenderError(f"--out {out}: this is a folder; give a file's name")
    if out.exists() and not force:
        raise RenderError(f"--out {out}: it is there already; --force replaces it")


def _load_avatar(store: Store, name: str | None) -> Any:
    from engines.avatars.store import DamagedAvatar, UnknownAvatar

    names = store.names()
    if not names:
        raise RenderError("there is no avatar; reinstall, or set avatars.folders")
    try:
        return store.load(name or names[0])
    except UnknownAvatar as error:
        raise RenderError(f"no avatar {name!r}; there are {', '.join(names)}") from error
    except DamagedAvatar as error:
        raise RenderError(str(error)) from error


def read_voice(path: Path) -> F32:
    """f32[N] mono at 16 kHz of any sound file PyAV reads. Raises RenderError."""
    # The plain mean: FFmpeg's own mix of two equal channels is 3 dB louder than each.
    samples = _decode(path, SAMPLE_RATE_HZ).mean(axis=0)
    if not np.isfinite(samples).all():
        raise RenderError(f"--audio {path}: it holds samples that are not numbers; export it again")
    if samples.size < FRAME_SAMPLES:
        raise RenderError(f"--audio {path}: it is shorter than one frame (40 ms)")
    voice: F32 = np.clip(samples, -1.0, 1.0).astype(np.float32)
    return voice


def _decode(path: Path, rate_hz: int) -> F32:
    """f32[C,N] of the first sound stream, channels as they are."""
    resampler = av.AudioResampler("fltp", None, rate_hz)
    parts: list[F32] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise RenderError(f"--audio {path}: there is no sound in it")
            for frame in container.decode(container.streams.audio[0]):
                frame.pts = None
                parts += [
                    np.asarray(out.to_ndarray(), np.float32) for out in resampler.resample(frame)
                ]
            if parts:
                parts += [
                    np.asarray(out.to_ndarray(), np.float32) for out in resampler.resample(None)
                ]
    except FileNotFoundError as error:
        raise RenderError(f"--audio {path}: there is no such file") from error
    except av.error.InvalidDataError as error:
        raise RenderError(f"--audio {path}: this is not a sound file that can be read") from error
    except (av.FFmpegError, OSError) as error:
        why = error.strerror or error
        raise RenderError(f"--audio {path}: it cannot be read as sound ({why})") from error
    if not parts:
        raise RenderError(f"--audio {path}: there is no sound in it")
    return np.concatenate(parts, axis=1)


def write_video(job: RenderJob, voice: F32, pictures: Iterator[Picture]) -> None:
    """Write H.264 and AAC; sound and picture of the same instant have the same time.

    Raises RenderError when the file cannot be written; nothing is left of it then.
    """
    sound = _sound_of(job.audio, len(voice))
    aside = job.out.with_name(f".{job.out.name}.part")
    try:
        with av.open(str(aside), "w", format="mp4") as container:
            container.metadata.update(METADATA)
            _mux(container, job.size, sound, pictures)
        os.replace(aside, job.out)
    except (av.FFmpegError, OSError) as error:
        raise RenderError(f"--out {job.out}: it cannot be written ({error})") from error
    finally:
        aside.unlink(missing_ok=True)


def _sound_of(path: Path, samples: int) -> F32:
    """The recording as it is, f32[2,N] at 48 kHz, as long as its 16 kHz version."""
    sound = _decode(path, SOUND_HZ)
    if len(sound) != 2:
        sound = np.repeat(sound.mean(axis=0, keepdims=True), 2, axis=0)
    length = samples * SOUND_HZ // SAMPLE_RATE_HZ
    return np.pad(np.clip(sound, -1.0, 1.0), ((0, 0), (0, max(0, length - sound.shape[1]))))[
        :, :length
    ]


def _mux(container: Any, size: int, sound: F32, pictures: Iterator[Picture]) -> None:
    video = container.add_stream("libx264", rate=FRAME_RATE_HZ)
    video.width = video.height = size
    video.pix_fmt = "yuv420p"
    video.options = dict(VIDEO_QUALITY)
    audio = container.add_stream("aac", rate=SOUND_HZ)
    audio.layout = "stereo"
    audio.bit_rate = SOUND_BIT_RATE
    per_frame = SOUND_HZ // FRAME_RATE_HZ
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture.image), format="bgr24")
        frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE_HZ)
        container.mux(video.encode(frame))
        part = np.ascontiguousarray(sound[:, index * per_frame : (index + 1) * per_frame])
        if part.shape[1]:
            heard = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            heard.sample_rate = SOUND_HZ
            heard.pts, heard.time_base = index * per_frame, Fraction(1, SOUND_HZ)
            container.mux(audio.encode(heard))
    container.mux(video.encode(None))
    container.mux(audio.encode(None))


@contextmanager
def progress_bar(words: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; what it yields takes the frames done and those in all."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} frames"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet, transient=True) as progress:
        task = progress.add_task(words, total=1)

        def on_progress(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield on_progress
