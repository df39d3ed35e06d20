"""`synchrorama motion`: a recording in, the face's motion as curves out, for a head of one's own.

Runs on the main thread, as fast as it can.
Never draws a picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.cues import cues_of
from engines.emotion.values import EmotionOverride
from engines.offline import move_file
from engines.pipeline import Motion
from engines.values import SAMPLE_RATE_HZ
from server.arkit import for_heads
from server.motion_file import FORMATS, Curves, curves_at, write_curves
from server.render import RenderError, check_out, progress_bar, read_voice


@dataclass(frozen=True, slots=True)
class MotionJob:
    """What is to be made."""

    audio: Path
    out: Path
    fps: int
    """One of `server.motion_file.RATES`."""
    seed: int
    feeling: EmotionOverride | None = None
    """None: what is heard."""
    text: str = ""
    """The words that are spoken, where they are known."""
    force: bool = False
    """Whether a file that is there may be replaced."""
    quiet: bool = False


def make_motion(job: MotionJob, load: Callable[[], Motion]) -> str:
    """Make it; returns a line about it. Raises RenderError before any work that would be lost."""
    check_out(job.out, FORMATS, force=job.force)
    voice = read_voice(job.audio)
    motion = load()
    begun_s = time.monotonic()
    with progress_bar("moving", quiet=job.quiet) as on_progress:
        cues = cues_of(len(voice), job.feeling, job.text)
        frames = move_file(voice, motion, seed=job.seed, cues=cues, on_progress=on_progress)
        curves = curves_at(job.fps, for_heads(np.stack([frame.motion for frame in frames])))
    try:
        write_curves(curves, job.out)
    except OSError as error:
        raise RenderError(f"--out {job.out}: it cannot be written ({error})") from error
    return _report(job, curves, len(voice) / SAMPLE_RATE_HZ, time.monotonic() - begun_s)


def _report(job: MotionJob, curves: Curves, seconds: float, took_s: float) -> str:
    how = ", interpolated from the engine's 25" if curves.interpolated else ""
    speed = f"{seconds / took_s:.0f} x real time"
    return f"{job.out}: {len(curves.values)} frames at {curves.fps} a second{how} ({speed})"
