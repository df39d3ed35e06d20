"""Command `evaluate ablations`: what each part is worth, by leaving it out.

Offline; main thread. Reads nets that `train lips` and `train motion` left under `--runs`.
Never trains a lip or motion net itself: it names the command for one that is not there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import Progress

from engines.motion.a2m import A2M
from export.data.grid import DataMissing
from export.data.motion_data import prepare
from export.evaluate import ablation_emotion, ablation_lips, ablation_motion
from export.train.emotion import HeadConfig
from export.train.emotion_cli import load_data
from export.train.emotion_fusion import FusionConfig
from export.train.lips_cli import add_places, places_of
from export.train.motion import scale_of

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Run:
    """A net to compare: the folder under `--runs` and how it was trained."""

    folder: str
    command: str


LOOK_AHEAD = {
    f"{ms} ms": Run(f"look_{ms}", f"train lips --epochs 16 --lookahead-ms {ms}")
    for ms in (0, 40, 80, 120)
}
DATA = {
    "all data": Run("look_80", "train lips --epochs 16 --lookahead-ms 80"),
    **{
        f"without {kind}": Run(f"without_{kind}", f"train lips --epochs 16 --without {kind}")
        for kind in ("facegood", "voices", "tts")
    },
}
MOTION = {
    "VAE, flow prior": Run("motion_full", "train motion --epochs 12"),
    "VAE, normal prior": Run("motion_no_flow", "train motion --epochs 12 --no-flow"),
    "plain regression": Run("motion_regression", "train motion --epochs 12 --regression"),
}
FACE_EVERY = 10


def trained(rows: dict[str, Run], runs: Path) -> dict[str, Path]:
    """Folders of the runs that are there; the others are named with their command."""
    found = {}
    for name, run in rows.items():
        folder = runs / run.folder
        if (folder / "weights" / "manifest.json").is_file():
            found[name] = folder
        else:
            out = folder / "weights"
            sys.stderr.write(
                f"{name}: not trained; python -m export {run.command} --run {folder} --out {out}\n"
            )
    return found


def lookahead(args: argparse.Namespace) -> Figures:
    """Lips by how far they hear ahead."""
    found = {name: run / "weights" for name, run in trained(LOOK_AHEAD, args.runs).items()}
    return ablation_lips.compare(places_of(args), found, args.clips, strangers=False)


def data(args: argparse.Namespace) -> Figures:
    """Lips without one kind of data."""
    found = {name: run / "weights" for name, run in trained(DATA, args.runs).items()}
    return ablation_lips.compare(places_of(args), found, args.clips, strangers=True)


def motion(args: argparse.Namespace) -> Figures:
    """The face without the flow, and without latents at all."""
    found = trained(MOTION, args.runs)
    all_data = prepare(args.data, args.cache, lambda _: None)
    scale = scale_of(all_data.train)
    takes = [e for e in all_data.validation if " " in e.name]
    clips = [e for e in all_data.validation if " " not in e.name]
    real = ablation_motion.compare(
        "real video, test clips", found, scale, all_data.test[: args.clips], clips
    )
    half = len(takes) // 2
    played = ablation_motion.compare(
        "performed takes, held out", found, scale, takes[:half], takes[half:]
    )
    return {f"video: {k}": v for k, v in real.items()} | {
        f"takes: {k}": v for k, v in played.items()
    }


def emotion(args: argparse.Namespace) -> Figures:
    """Z_emo without each stream."""
    everything = load_data(args.data, args.cache, seed=1)
    with Progress() as bar:
        task = bar.add_task("actors left out", total=2 * len({c.speaker for c in everything.clips}))
        parts = ablation_emotion.held_out(
            everything, HeadConfig(), FusionConfig(), lambda: bar.update(task, advance=1)
        )
    return ablation_emotion.compare(parts, A2M.load(), FACE_EVERY)


PARTS: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "lookahead": lookahead,
    "data": data,
    "motion": motion,
    "emotion": emotion,
}


def main(argv: list[str]) -> int:
    """`python -m export evaluate ablations`."""
    parser = argparse.ArgumentParser(prog="export evaluate ablations", description=main.__doc__)
    add_places(parser)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--runs", type=Path, default=Path("artifacts/runs"))
    parser.add_argument("--clips", type=int, help="only the first so many test clips")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    figures: dict[str, Figures] = {}
    try:
        for name in args.part or PARTS:
            print(f"\n{name}")
            figures[name] = PARTS[name](args)
    except DataMissing as error:
        sys.stderr.write(f"evaluate ablations: {error}\n")
        return 1
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0
