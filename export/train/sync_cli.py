"""Command `train sync`: the sync expert, and how well it does on clips it has not seen.

Offline; main thread, with a progress bar.
Never needs a data folder for `--smoke`: it trains on made-up clips for seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import torch
from rich.progress import Progress

from engines.render.cv import cv2
from export.data.grid import DataMissing
from export.judges.sync import SyncFigures, figures
from export.nets.sync import SyncNet, SyncNetConfig
from export.train.lips_cli import add_places, places_of
from export.train.sync import SyncConfig, SyncTrainer, fit, prepare, start
from export.train.sync_data import SyncClip, clips, made_up

SMOKE = SyncConfig(steps=40, clips=6, windows=6, net=SyncNetConfig(8, 16), every=20)
_JUDGED = 20
"""Validation clips that each report looks at."""


def train(argv: list[str]) -> int:
    """`python -m export train sync`."""
    args = _parser().parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    config = replace(SMOKE if args.smoke else SyncConfig(), seed=args.seed, device=args.device)
    config = replace(config, steps=args.steps or config.steps)
    if args.width and not args.smoke:
        config = replace(config, net=replace(config.net, width=args.width))
    folder = Path("artifacts/smoke/sync_run") if args.smoke else args.run
    try:
        parts = _made_up() if args.smoke else _read(args)
    except DataMissing as error:
        sys.stderr.write(f"train sync: {error}\n")
        return 1
    trainer = start(config, folder, resume=args.resume)
    _run(trainer, parts, args.minutes * 60 if args.minutes else None)
    _curve(trainer.history, folder / "curves.png")
    found = tell(trainer.net.eval().cpu(), parts["test"])
    (folder / "figures.json").write_text(json.dumps(found, indent=1), "utf-8")
    return 0


def tell(net: SyncNet, test: list[SyncClip]) -> dict[str, dict[str, float]]:
    """Figures of test clips with their own and with another clip's sound; printed, returned."""
    other = [*range(1, len(test)), 0]
    found = {"own sound": figures(net, test), "another clip's": figures(net, test, other)}
    print(f"{'':<16}" + "".join(f"{name:>12}" for name in SyncFigures.__slots__))
    for name, row in found.items():
        print(f"{name:<16}" + "".join(f"{value:>12.3f}" for value in asdict(row).values()))
    return {name: asdict(row) for name, row in found.items()}


def _run(trainer: SyncTrainer, parts: dict[str, list[SyncClip]], seconds: float | None) -> None:
    ready = [prepare(clip, trainer.config.device) for clip in parts["train"]]
    looked_at = parts["validation"][:_JUDGED]

    def judge(net: SyncNet) -> dict[str, float]:
        row = figures(net, looked_at)
        return {"near": row.near, "window": row.window, "right": row.right}

    with Progress() as bar:
        task = bar.add_task("sync", total=trainer.config.steps, completed=trainer.step)

        def say(row: dict[str, float]) -> None:
            text = f"loss {row['loss']:.3f} window {row['window']:.3f} right {row['right']:.3f}"
            bar.update(task, completed=int(row["step"]), description=f"sync {text}")
            if not bar.console.is_terminal:
                bar.console.print(f"step {row['step']:.0f} {text} {row['seconds']:.0f} s")

        fit(trainer, ready, judge, say, seconds)


def _read(args: argparse.Namespace) -> dict[str, list[SyncClip]]:
    places = places_of(args)
    with Progress(transient=True) as bar:
        task = bar.add_task("cutting mouths", total=None)
        return {
            part: clips(places.data, places.cache, part, lambda: bar.advance(task))
            for part in ("train", "validation", "test")
        }


def _made_up() -> dict[str, list[SyncClip]]:
    return {"train": made_up(12, 1), "validation": made_up(4, 2), "test": made_up(6, 3)}


def _curve(history: list[dict[str, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    steps = [row["step"] for row in history]
    axes[0].plot(steps, [row["loss"] for row in history])
    axes[0].set(title="contrast, training", xlabel="step")
    for name in ("window", "near", "right"):
        axes[1].plot(steps, [row[name] for row in history], label=name)
    axes[1].set(title="validation clips: share that is right", xlabel="step")
    axes[1].legend()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    pyplot.close(figure)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="export train sync", description=train.__doc__)
    add_places(parser)
    parser.add_argument("--smoke", action="store_true", help="seconds, made-up data, no folder")
    parser.add_argument("--run", type=Path, default=Path("artifacts/runs/sync"))
    parser.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--minutes", type=float, help="instead of steps")
    parser.add_argument("--width", type=int, help="channels of the first layer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser
