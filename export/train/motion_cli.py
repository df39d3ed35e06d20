"""Command `train motion`.

Offline; main thread, with a progress bar.
Never needs a data folder for `--smoke`: it trains on performed takes over made-up voices.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.motion.a2m import A2M, DEFAULT_FOLDER
from export.data.grid import DataMissing
from export.data.motion_data import MotionData, prepare
from export.data.motion_examples import MotionExample, silence, take
from export.nets.motion import MotionNetConfig
from export.train.lips_cli import add_places, places_of
from export.train.motion import (
    MotionTrainConfig,
    MotionTrainer,
    save,
    start,
    train_epoch,
    validate,
)
from export.train.motion_pack import pack

SMOKE = MotionTrainConfig(
    epochs=2, batch=4, rate=1e-2, net=MotionNetConfig(hidden=16, latent=4, couplings=2)
)


def smoke_data() -> MotionData:
    """A few takes over silence and noise-like voices."""
    rng = np.random.default_rng(1)

    def one(i: int) -> MotionExample:
        voice = silence(80, rng)
        voice[20:60, 0] = 1.0
        voice[20:60, 1] = rng.random(40)
        return take(f"smoke {i}", voice, silence(80, rng), None, i)

    takes = [one(i) for i in range(10)]
    return MotionData(takes[:8], takes[8:], takes[8:], [takes[0].voice])


def run(trainer: MotionTrainer, data: MotionData) -> None:
    """Train with a progress bar; a checkpoint after each epoch."""
    with Progress() as bar:
        task = bar.add_task("motion", total=trainer.config.epochs, completed=trainer.epoch)
        while trainer.epoch < trainer.config.epochs:
            row = {"epoch": float(trainer.epoch + 1)} | train_epoch(trainer, data.train)
            row |= validate(trainer, data.validation)
            trainer.history.append(row)
            save(trainer)
            text = f"error {row['error']:.1f} ({row['val_error']:.1f}) kl {row['kl']:.1f}"
            bar.update(task, advance=1, description=f"motion {text}")
            if not bar.console.is_terminal:
                bar.console.print(f"epoch {row['epoch']:.0f} {text}")


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """Losses over epochs as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    epochs = [row["epoch"] for row in history]
    for name in ("error", "val_error"):
        axes[0].semilogy(epochs, [row[name] for row in history], label=name)
    for name in ("kl", "val_kl"):
        axes[1].plot(epochs, [row[name] for row in history], label=name)
    axes[0].set(title="reconstruction, per block", xlabel="epoch")
    axes[1].set(title="divergence from the prior, nats per block", xlabel="epoch")
    for axis in axes:
        axis.legend()
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def train(argv: list[str]) -> int:
    """`python -m export train motion`."""
    parser = argparse.ArgumentParser(prog="export train motion", description=train.__doc__)
    add_places(parser)
    parser.add_argument("--smoke", action="store_true", help="seconds, made-up data, no folder")
    parser.add_argument("--out", type=Path, help="weights folder (default: the shipped one)")
    parser.add_argument("--run", type=Path, default=Path("artifacts/runs/motion"))
    parser.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--beta", type=float, help="weight of the divergence")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-flow", action="store_true", help="a normal prior, for the ablation")
    parser.add_argument("--regression", action="store_true", help="no latents: squared error alone")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    config = replace(
        SMOKE if args.smoke else MotionTrainConfig(), seed=args.seed, device=args.device
    )
    config = replace(
        config,
        epochs=args.epochs or config.epochs,
        beta=config.beta if args.beta is None else args.beta,
        net=replace(config.net, flow=not args.no_flow, regression=args.regression),
    )
    out, folder = args.out or DEFAULT_FOLDER, args.run
    if args.smoke:
        data = smoke_data()
        out, folder = args.out or Path("artifacts/smoke/motion"), Path("artifacts/smoke/motion_run")
    else:
        places = places_of(args)
        try:
            data = prepare(places.data, places.cache, print)
        except (DataMissing, FileNotFoundError) as error:
            sys.stderr.write(f"train motion: {error}; `python -m export prepare lips` tracks\n")
            return 1
    os.makedirs(folder, exist_ok=True)
    trainer = start(config, data.train, folder, args.resume)
    run(trainer, data)
    draw_curves(trainer.history, folder / "curves.png")
    last = {k: round(v, 3) for k, v in trainer.history[-1].items()}
    training = {"seed": config.seed, "examples": len(data.train), "last": last}
    clips = [example for example in data.validation if example.measured]
    pack(trainer.net.eval(), trainer.scale, training, data.test_voices, clips, out)
    A2M.load(out)
    print(f"{out}: loads; curves: {folder / 'curves.png'}")
    return 0
