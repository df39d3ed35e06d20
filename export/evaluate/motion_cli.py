"""Command `evaluate motion`: heads, blinks and brows beside real video; lips and moods.

Offline; main thread.
Never trains, never tunes; clips, voices and judges are none that the net has seen.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engines.avatars.bundle import Avatar
from engines.avatars.store import default_store
from engines.motion.model import MotionModel
from engines.motion.wishes import Listen, Manner, Wish
from engines.render.cv import cv2
from engines.values import F32, FRAME_SAMPLES, SAMPLE_RATE_HZ
from export.data import grid
from export.data.motion_labels import face_motion
from export.data.sound import read_sound
from export.data.voices import voice_files
from export.evaluate.figures_file import keep
from export.evaluate.lip_metrics import Track, closures, follow
from export.evaluate.motion_lips import apertures, jitter
from export.evaluate.motion_mood import (
    WISHED,
    draw_sheet,
    judge_moods,
    measure_moods,
    show_matrix,
    wishes_for,
)
from export.evaluate.motion_run import move
from export.evaluate.motion_stats import MotionStats, motion_stats
from export.judges.expression import ExpressionJudge
from export.train.lip_data import GridClip, Places, grid_clips, tracked_landmarks
from export.train.lips_cli import add_places, places_of

VIDEO_STYLE = Manner({"blink": 1.0})
"""The video's speaker blinks 45 times a minute."""
SILENCE_S = 120
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88]
TUNED_ON = ("aria", "arthur")
"""Built-ins that postures were tried on; the figure is that of the others."""


def show_stats(name: str, stats: MotionStats) -> None:
    """One line of the table."""
    print(
        f"{name:<34}{stats.blinks:>8.1f}{stats.head_speed:>9.3f}{stats.head_reach:>8.2f}"
        f"{1000 * stats.head_tremor:>8.2f}{stats.brows:>8.3f}{1000 * stats.jaw_tremor:>8.1f}"
    )


def stats_rows(model: MotionModel, places: Places, clips: list[GridClip]) -> dict[str, MotionStats]:
    """The table of how faces move."""
    voices = [read_sound(file) for file in voice_files(places.data)["test"]]
    silence = [np.zeros(SILENCE_S * SAMPLE_RATE_HZ, np.float32)]
    heard: list[Wish] = [Listen(True, 0.6)]
    rows = {
        "real video (GRID test clips)": [
            face_motion(tracked_landmarks(places, clip.name)) for clip in clips
        ],
        "ours, the same clips, their style": [
            move(model, clip.samples, seed=i, wishes=[VIDEO_STYLE]) for i, clip in enumerate(clips)
        ],
        "ours, readers never heard": [move(model, v, seed=i) for i, v in enumerate(voices)],
        "ours, silence": [move(model, s, seed=i) for i, s in enumerate(silence)],
        "ours, listening": [move(model, s, seed=i, wishes=heard) for i, s in enumerate(silence)],
    }
    print(f"{'':<34}{'blinks':>8}{'head':>9}{'reach':>8}{'tremor':>8}{'brows':>8}{'jaw':>8}")
    print(f"{'':<34}{'a min':>8}{'rad/s':>9}{'deg':>8}{'mrad':>8}{'sd':>8}{'tremor':>8}")
    figures = {name: motion_stats(streams) for name, streams in rows.items()}
    for name, stats in figures.items():
        show_stats(name, stats)
    return figures


def lip_rows(
    model: MotionModel, avatar: Avatar, places: Places, clips: list[GridClip]
) -> dict[str, dict[str, float]]:
    """In-speech r of the aperture, and closures, for each wished emotion."""
    words = grid.words(places.data)
    out = {}
    for emotion in WISHED:
        tracks = []
        for i, clip in enumerate(clips):
            motions = move(model, clip.samples, seed=i, wishes=wishes_for(emotion))
            made = apertures(avatar, motions)[:, None]
            span = grid.speech_span(words[clip.name])
            tracks.append(Track(clip.name, clip.geometry, made, span, clip.phones))
        r, shut = follow(tracks, 0), closures(tracks)
        out[emotion] = {"r": r.r, "closed": shut.closed, "vowels_closed": shut.vowels_closed}
        print(
            f"lips while showing {emotion:<10} r {r.r:.3f}  p/b/m closed {shut.closed:.1%}"
            f"  open vowels closed {shut.vowels_closed:.1%}"
        )
    return out


def steadiness_rows(
    model: MotionModel, avatar: Avatar, places: Places, clips: list[GridClip]
) -> dict[str, float]:
    """How steady the lips are: in speech beside the real ones, and in silence."""
    words = grid.words(places.data)
    ours, real, spoken = [], [], []
    for i, clip in enumerate(clips):
        begin, end = grid.speech_span(words[clip.name])
        made = apertures(avatar, move(model, clip.samples, seed=i))[begin:end]
        ours.append(jitter(made))
        real.append(jitter(clip.geometry[begin:end, 0]))
        spoken.append(float(made.std()))
    silence = np.zeros(SILENCE_S * SAMPLE_RATE_HZ, np.float32)
    still = apertures(avatar, move(model, silence, seed=0))
    rows = {
        "lip jitter in speech, ours / real": float(np.mean(ours) / np.mean(real)),
        "aperture's sd in silence / in speech": float(still.std() / np.mean(spoken)),
    }
    for name, value in rows.items():
        print(f"{name:<40}{value:.4g}")
    return rows


def promise_rows(model: MotionModel, voice: F32) -> dict[str, float]:
    """Seeds, chunking, speed."""
    one, again, other = (move(model, voice, seed=s) for s in (1, 1, 2))
    pieces = move(model, voice, seed=1, chunk=317)
    began = time.process_time()
    frames = len(move(model, voice, seed=3))
    each = (time.process_time() - began) / frames * 1000
    rows = {
        "one seed repeats": float((one == again).all()),
        "any chunking, same motion": float((one == pieces).all()),
        "two seeds differ (mean abs)": float(np.abs(one - other).mean()),
        "ms of one core a frame, whole stage": each,
    }
    for name, value in rows.items():
        print(f"{name:<40}{value:.4g}")
    return rows


def mood_rows(
    model: MotionModel, avatars: list[Avatar], samples: F32, judge: ExpressionJudge
) -> dict[str, dict[str, float]]:
    """Whether wished emotions are seen: on built-ins not tuned on, and on all."""
    votes = measure_moods(model, avatars, samples, judge)
    groups = {
        "not tuned on": {k: v for k, v in votes.items() if k[0] not in TUNED_ON},
        "all": votes,
    }
    rows = {}
    for name, part in groups.items():
        mood = judge_moods(part)
        print(f"built-in avatars, {name}:\n{show_matrix(mood)}")
        print(f"recognised: {mood.recognised:.1%} of frames, {mood.whole:.1%} of avatar x emotion")
        rows[name] = {"recognised": mood.recognised, "whole": mood.whole}
    return rows


def figures_of(args: argparse.Namespace) -> dict[str, object]:
    """Every figure, told as it comes. Raises DataMissing."""
    places = places_of(args)
    model = MotionModel.load()
    store = default_store()
    avatars = [store.load(name) for name in store.names()]
    names = grid.split(grid.clip_names(places.data))["test"][: args.clips]
    clips = grid_clips(places, names)
    readers = voice_files(places.data)["test"]
    figures: dict[str, object] = {
        "motion": {k: asdict(v) for k, v in stats_rows(model, places, clips).items()},
        "lips": lip_rows(model, avatars[0], places, clips),
        "steadiness": steadiness_rows(model, avatars[0], places, clips),
        "promises": promise_rows(model, read_sound(readers[0])[: 600 * FRAME_SAMPLES]),
    }
    if not args.no_mood:
        sound = read_sound(readers[1])[: 10 * SAMPLE_RATE_HZ]
        judge = ExpressionJudge.load(places.data)
        figures["mood"] = mood_rows(model, avatars, sound, judge)
        if args.sheet:
            shown = [avatar for avatar in avatars if avatar.name not in TUNED_ON]
            cv2.imwrite(str(args.sheet), draw_sheet(model, shown, sound), JPEG)
    return figures


def main(argv: list[str]) -> int:
    """`python -m export evaluate motion`."""
    parser = argparse.ArgumentParser(prog="export evaluate motion", description=main.__doc__)
    add_places(parser)
    parser.add_argument("--clips", type=int, default=100, help="GRID test clips")
    parser.add_argument("--no-mood", action="store_true", help="skip drawing and judging")
    parser.add_argument("--sheet", type=Path, help="also write a picture of emotions in speech")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return keep("motion", parser.parse_args(argv), figures_of)
