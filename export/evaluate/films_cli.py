"""Command `evaluate films`: people talk for a while, drawn with and without the renderer's nets.

Offline; main thread; minutes.
Never uses a portrait or a voice that training saw; shows nobody who is real.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.avatars.bundle import Avatar, AvatarError
from engines.motion.lips import LipModel
from engines.motion.model import MotionModel
from engines.pipeline import Renderer
from engines.render.cv import cv2
from engines.render.diffusion import DiffusionRenderer
from engines.render.nets import BadRendererWeights, RendererNets
from engines.render.nets import load as load_nets
from engines.render.warp import WarpRenderer
from engines.values import F32, FRAME_SAMPLES
from export.data import grid
from export.data.faces import FacesMissing
from export.data.render_grid import read_clip
from export.data.sound import read_sound
from export.data.voices import voice_files
from export.evaluate.avatar_people import built_in, held_out, make_people
from export.evaluate.avatar_table import written
from export.evaluate.film import Film, Shot, motions, repeated, shoot, shot
from export.evaluate.film_blind import Pair, moments, rows_of, write_kit
from export.evaluate.film_figures import (
    WayFigures,
    bars,
    markdown,
    real_flicker,
    sync_clip,
    take_drift,
    take_identity,
    take_in,
    take_sync,
)
from export.evaluate.renderer_draw import FRAME
from export.judges.perceptual import Perceptual, PerceptualMissing
from export.judges.perceptual import load as load_judge
from export.judges.sync import load_net as load_sync
from export.rig.tracker import TrackerFailed
from export.train.lips_cli import add_places
from export.train.sync_data import SyncClip
from export.train.sync_data import clips as sync_clips

DRAWN = "renderer"
PERIOD_S = 5
"""Length of the motion that is repeated for drift."""
_KEPT = 6
"""Whole pictures of a film that the identity judge sees."""
_STRIPS_A_PERSON = 3


def main(argv: list[str]) -> int:
    """`python -m export evaluate films`."""
    args = _parser().parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        nets = load_nets(args.weights) if args.weights else None
        ways = run(args, nets)
        real = list(_real(args))
    except (
        PerceptualMissing, BadRendererWeights, TrackerFailed, AvatarError, FacesMissing,
        grid.DataMissing, OSError,
    ) as error:  # fmt: skip
        sys.stderr.write(f"evaluate films: {error}\n")
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    table = "\n".join(markdown(ways, real))
    (args.out / "films.md").write_text(table, "utf-8")
    kept = {name: asdict(row) for name, row in ways.items()} | {"real flicker": real}
    (args.out / "films.json").write_text(json.dumps(kept, indent=1), "utf-8")
    print(table)
    print(written(bars(ways, real, FRAME, DRAWN)))
    print(f"raw figures: {args.out / 'films.json'}")
    return 0


def run(args: argparse.Namespace, nets: RendererNets | None) -> dict[str, WayFigures]:
    """Film everybody and measure."""
    model = MotionModel.load(LipModel.load())
    judge = load_judge(args.cache, args.tracker_python) if args.long else None
    names = [FRAME] if nets is None else [FRAME, DRAWN]
    ways = {name: WayFigures() for name in names}
    heard: dict[str, list[SyncClip]] = {name: [] for name in names}
    strips: list[Pair] = []
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as bar:
        task = bar.add_task("people", total=args.people)
        people = _people(args, Path(folder))
        for i, (name, avatar) in enumerate(islice(people, args.people)):
            sound = voice(args, i)
            given = shot(avatar, motions(model, sound))
            films = film_both(given, nets, args.blind is not None)
            for way, film in films.items():
                take_in(ways[way], film, films[FRAME])
                heard[way].append(sync_clip(name, film.mouths, sound))
                if args.tracker_python is not None and not args.smoke:
                    take_identity(ways[way], thinned(film), given, args.tracker_python)
            if args.blind is not None and DRAWN in films:
                strips += _strips(name, films)
            if judge is not None and i < args.long:
                _long(ways, judge, given, nets, args.seconds)
            bar.advance(task)
    _sync(args, ways, heard)
    if strips and args.blind is not None:
        chosen = strips[: args.strips]
        print(f"strips to judge by eye: {args.blind}; key: "
              f"{write_kit(chosen, (FRAME, DRAWN), args.blind)}")  # fmt: skip
    return ways


def film_both(given: Shot, nets: RendererNets | None, whole: bool) -> dict[str, Film]:
    """The shot in both ways; some whole pictures, or all of them."""
    count = len(given.frames)
    keep = range(count) if whole else np.linspace(0, count - 1, _KEPT).astype(int).tolist()
    return {name: shoot(given, each, keep) for name, each in _renderers(given.avatar, nets)}


def thinned(film: Film) -> Film:
    """With few whole pictures, spread over the film."""
    rows = np.unique(np.linspace(0, len(film.kept) - 1, _KEPT).astype(int))
    kept = [film.kept[i] for i in rows]
    return Film(film.mouths, kept, film.pictures[rows], film.frame_ms, film.stages_ms)


def voice(args: argparse.Namespace, i: int) -> F32:
    """Sound of a reader that nothing was trained on, `--seconds` of it; noise bursts in a smoke."""
    count = int(args.seconds * 25) * FRAME_SAMPLES
    if args.smoke:
        rng = np.random.default_rng(i)
        loud = np.repeat(rng.random(count // 1600 + 1) > 0.5, 1600)[:count]
        return (rng.normal(0, 0.1, count) * loud).astype(np.float32)
    files = voice_files(args.data)["test"]
    if not files:
        raise grid.DataMissing(f"{args.data}/librispeech: no readers there")
    sound = read_sound(files[i % len(files)])
    return np.resize(sound, count).astype(np.float32)


def _long(
    ways: dict[str, WayFigures], judge: Perceptual, given: Shot, nets: RendererNets | None,
    seconds: float,
) -> None:  # fmt: skip
    period = min(PERIOD_S * 25, len(given.frames))
    long = shot(given.avatar, repeated(given.frames[:period], 60 * 25 if seconds >= 5 else 100))
    frame: Film | None = None
    for name, renderer in _renderers(given.avatar, nets):
        film = shoot(long, renderer)
        frame = frame or film
        take_drift(ways[name], judge, film, frame, period)


def _renderers(avatar: Avatar, nets: RendererNets | None) -> Iterator[tuple[str, Renderer]]:
    yield FRAME, WarpRenderer(avatar, avatar.size)
    if nets is not None:
        yield DRAWN, DiffusionRenderer(avatar, avatar.size, nets=nets)


def _people(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Avatar]]:
    if args.smoke or args.built_in:
        people = built_in()
    else:
        people = make_people(held_out(args.data), folder)
    for person in people:
        if person.avatar is not None:
            yield person.name, person.avatar


def _strips(name: str, films: dict[str, Film]) -> list[Pair]:
    out = []
    for start in moments(films[FRAME].mouths, _STRIPS_A_PERSON):
        rows = rows_of(start)
        mouths = (films[FRAME].mouths[rows], films[DRAWN].mouths[rows])
        faces = (films[FRAME].pictures[rows], films[DRAWN].pictures[rows])
        out.append(Pair(f"{name} at {start / 25:.1f} s", mouths, faces))
    return out


def _sync(
    args: argparse.Namespace, ways: dict[str, WayFigures], heard: dict[str, list[SyncClip]]
) -> None:
    if args.sync is None:
        return
    net = load_sync(args.sync)
    for name, clips in heard.items():
        take_sync(ways[name], net, clips)
    ways["real video (GRID)"] = WayFigures()
    real = sync_clips(args.data, args.cache, "test", lambda: None)
    take_sync(ways["real video (GRID)"], net, real)


def _real(args: argparse.Namespace) -> Iterator[float]:
    """Flicker of real test clips."""
    if args.smoke:
        return
    names: Sequence[str] = grid.split(grid.clip_names(args.data))["test"][: args.real]
    for name in names:
        try:
            clip = read_clip(args.data, args.cache / "grid_tracks", name)
        except (OSError, ValueError):
            # Not tracked, or the face was lost: the other clips are enough.
            continue
        yield real_flicker(clip.frames, clip.points)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="export evaluate films", description=main.__doc__)
    add_places(parser)
    tracker = os.environ.get("SYNCHRORAMA_TRACKER_PYTHON")
    parser.set_defaults(tracker_python=Path(tracker) if tracker else None)
    parser.add_argument("--out", type=Path, default=Path("artifacts/evaluate/renderer"))
    parser.add_argument("--weights", type=Path, help="the renderer's; without: motion frame alone")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--built-in", action="store_true", help="built-in avatars, not held-out")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--long", type=int, default=2, help="people filmed for a minute, for drift")
    parser.add_argument("--real", type=int, default=12, help="GRID test clips for real flicker")
    parser.add_argument("--sync", type=Path, help="run's folder of the sync expert")
    parser.add_argument("--blind", type=Path, help="write strips to judge by eye here")
    parser.add_argument("--strips", type=int, default=24)
    parser.add_argument("--smoke", action="store_true", help="made-up sound, no data, no judges")
    return parser
