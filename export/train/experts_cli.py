"""Command `train experts`: what reads action units, expressions and actions off drawn boxes.

Offline; main thread, with a progress bar; one run for each expert and box.
Never needs a data folder for `--smoke`: it trains on made-up boxes for seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.progress import Progress

from engines.render.boxes import KINDS
from engines.render.cv import cv2
from engines.scene.encoder import SceneEncoder
from engines.values import F32
from export.data.faces import FacesMissing
from export.data.grid import DataMissing
from export.nets.expert import ExpertNet
from export.train.experts import ExpertPlan, ExpertTrainer, fit, start
from export.train.experts_data import WHICH, Examples, apart, made_up, says, stored
from export.train.experts_figures import figures
from export.train.experts_prepare import prepare

SMOKE = ExpertPlan(steps=30, batch=24, width=6, every=15)
RUNS = Path("artifacts/runs/experts")


@dataclass(frozen=True, slots=True)
class Parts:
    """What one expert is trained on, watched on and judged on, and the sentences it meets."""

    seen: Examples
    held: Examples
    test: Examples | None
    """None where it was never drawn."""
    says: Sequence[F32]
    says_kept: Sequence[F32]


def train(argv: list[str]) -> int:
    """`python -m export train experts`."""
    args = _parser().parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    base = replace(SMOKE if args.smoke else ExpertPlan(), seed=args.seed, device=args.device)
    base = replace(base, steps=args.steps or base.steps)
    seconds = args.minutes * 60 if args.minutes else None
    try:
        if args.prepare and not args.smoke:
            _prepare(args)
        for which in args.which:
            for box in args.box:
                plan = replace(base, which=which, box=box)
                _one(plan, _parts(args, which, box), _folder(args, plan), args.resume, seconds)
    except (DataMissing, FacesMissing, FileNotFoundError) as error:
        sys.stderr.write(f"train experts: {error}\n")
        return 1
    return 0


def _folder(args: argparse.Namespace, plan: ExpertPlan) -> Path:
    runs: Path = args.run or (Path("artifacts/smoke/experts") if args.smoke else RUNS)
    return runs / f"{plan.box}-{plan.which}"


def _prepare(args: argparse.Namespace) -> None:
    with Progress(transient=True) as bar:
        task = bar.add_task("portraits that act", total=None)
        prepare(args.data, args.cache, lambda: bar.advance(task))


def _parts(args: argparse.Namespace, which: str, box: str) -> Parts:
    embed = SceneEncoder.load().embed
    told = [says(box, kept, embed) if which == "action" else [] for kept in (False, True)]
    if args.smoke:
        every: Examples = made_up(which, box)
        test: Examples | None = made_up(which, box, 48, 2)
    else:
        every, test = stored(args.cache, which, box), _test(args.cache, which, box)
    kept = apart(every.kind, every.identity)
    return Parts(every.take(~kept), every.take(kept), test, *told)


def _test(cache: Path, which: str, box: str) -> Examples | None:
    try:
        return stored(cache, which, box, True)
    except FileNotFoundError as error:
        sys.stderr.write(f"train experts: no figures of test people: {error}\n")
        return None


def _one(plan: ExpertPlan, parts: Parts, folder: Path, resume: bool, seconds: float | None) -> None:
    """Train one expert; checkpoint, plan, log, curves and figures in its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    note = {"which": plan.which, "box": plan.box, "net": plan.net.as_dict(), "seed": plan.seed}
    (folder / "config.json").write_text(json.dumps(note, indent=1), "utf-8")
    trainer = start(plan, folder, resume=resume)
    _run(trainer, parts, seconds)
    draw_curves(trainer.history, folder)
    net = trainer.net.eval()
    asked = {"kept apart": parts.held} | ({"test": parts.test} if parts.test else {})
    found = {
        name: figures(net, plan.which, plan.box, examples, parts.says_kept)
        for name, examples in asked.items()
    }
    (folder / "figures.json").write_text(json.dumps(found, indent=1), "utf-8")
    for name, row in found.items():
        told = ", ".join(f"{key} {value:.3f}" for key, value in row.items())
        print(f"{folder.name}, {name}: {told}")


def _run(trainer: ExpertTrainer, parts: Parts, seconds: float | None) -> None:
    plan = trainer.config
    name = f"{plan.box}-{plan.which}"

    def judge(net: ExpertNet) -> dict[str, float]:
        row = figures(net, plan.which, plan.box, parts.held, parts.says_kept)
        return {key: value for key, value in row.items() if " " not in key}

    total = plan.steps if seconds is None else seconds
    with Progress() as bar:
        task = bar.add_task(name, total=total)

        def say(row: dict[str, float]) -> None:
            told = " ".join(f"{k} {v:.3f}" for k, v in row.items() if k not in ("step", "seconds"))
            done = row["step"] if seconds is None else row["seconds"]
            bar.update(task, completed=done, description=f"{name} {told}")
            if not bar.console.is_terminal:
                bar.console.print(f"{name} {row['step']:.0f} {row['seconds']:.0f} s {told}")
            (trainer.folder / "log.json").write_text(json.dumps(trainer.history), "utf-8")

        fit(trainer, parts.seen, parts.says, judge, say, seconds)


def draw_curves(history: Sequence[dict[str, float]], folder: Path) -> None:
    """The loss, and the figures of people kept apart with their floor, over steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    steps = [row["step"] for row in history]
    axes[0].semilogy(steps, [row["loss"] for row in history])
    axes[0].set(title=f"{folder.name}: loss in training", xlabel="step")
    for name in (key for key in history[-1] if key not in ("step", "seconds", "loss")):
        axes[1].plot(steps, [row[name] for row in history], label=name)
    axes[1].set(title="people kept apart", xlabel="step")
    axes[1].legend()
    figure.tight_layout()
    figure.savefig(folder / "curves.png")
    pyplot.close(figure)


def _parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(prog="export train experts", description=train.__doc__)
    data = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    out.add_argument("--which", choices=WHICH, nargs="+", default=list(WHICH))
    out.add_argument("--box", choices=sorted(KINDS), nargs="+", default=["mouth"])
    out.add_argument("--data", type=Path, default=Path(data))
    out.add_argument("--cache", type=Path, default=Path("artifacts/cache"))
    out.add_argument("--run", type=Path, help=f"folder of the runs (default: {RUNS})")
    out.add_argument("--prepare", action="store_true", help="draw the acted boxes if missing")
    out.add_argument("--resume", action="store_true", help="go on from the runs' checkpoints")
    out.add_argument("--smoke", action="store_true", help="seconds, made-up boxes, no folder")
    out.add_argument("--steps", type=int)
    out.add_argument("--minutes", type=float, help="of each expert, instead of --steps")
    out.add_argument("--seed", type=int, default=1)
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return out
