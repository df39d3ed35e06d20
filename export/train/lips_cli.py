"""Commands `prepare lips` and `train lips`.

Offline; main thread, with a progress bar.
Never needs a data folder for `--smoke`: it trains on made-up sound for seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.motion.lips import DEFAULT_FOLDER, LipModel
from engines.values import FRAME_SAMPLES, SAMPLE_RATE_HZ
from export.data.grid import DataMissing
from export.data.lip_examples import synthetic_examples, with_lookahead
from export.nets.lips import LipNetConfig
from export.train import lip_pack
from export.train.checkpoint import load_net
from export.train.lip_basis import measure
from export.train.lip_data import LipData, Places
from export.train.lip_data import prepare as prepare_data
from export.train.lips import LipTrainConfig, LipTrainer, fit, start

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
SMOKE = LipTrainConfig(
    epochs=5, batch=4, length=75, net=LipNetConfig(hidden=16, dilations=(1, 2)), rate=1e-2
)


def add_places(parser: argparse.ArgumentParser) -> None:
    """Options for where things are."""
    data = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(data), help="training data folder")
    parser.add_argument("--cache", type=Path, default=Path("artifacts/cache"))
    parser.add_argument(
        "--tracker-python",
        type=Path,
        default=Path(".venv-track/bin/python"),
        help="interpreter with mediapipe and pocketsphinx",
    )


def places_of(args: argparse.Namespace) -> Places:
    """The places named on the command line."""
    return Places(args.data, args.cache, args.tracker_python)


def prepare(argv: list[str]) -> int:
    """`python -m export prepare lips`."""
    parser = argparse.ArgumentParser(prog="export prepare lips", description=prepare.__doc__)
    add_places(parser)
    try:
        data = prepare_data(places_of(parser.parse_args(argv)), print)
    except DataMissing as error:
        sys.stderr.write(f"prepare lips: {error}\n")
        return 1
    print(f"{len(data.train)} training and {len(data.validation)} validation sequences")
    return 0


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """Loss and validation figures over epochs as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    epochs = [row["epoch"] for row in history]
    axes[0].plot(epochs, [row["loss"] for row in history])
    axes[0].set(title="training loss", xlabel="epoch")
    for name in ("aperture", "width", "jaw", "f1"):
        axes[1].plot(epochs, [row[name] for row in history], label=name)
    axes[1].set(title="validation: in-speech r, closure F1", xlabel="epoch")
    axes[1].legend()
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def run(trainer: LipTrainer, data: LipData) -> None:
    """Train with a progress bar."""
    with Progress() as bar:
        task = bar.add_task("lips", total=trainer.config.epochs, completed=trainer.epoch)

        def on_epoch(row: dict[str, float]) -> None:
            text = f"r {row['aperture']:.3f} F1 {row['f1']:.3f} loss {row['loss']:.3f}"
            bar.update(task, advance=1, description=f"lips {text}")
            if not bar.console.is_terminal:
                bar.console.print(f"epoch {row['epoch']:.0f} {text} {row['seconds']:.0f} s")

        fit(trainer, data.train, data.validation, data.babble, on_epoch)


def pack(trainer: LipTrainer, data: LipData, folder: Path) -> None:
    """Write the weights folder and check that it loads and runs."""
    parts = {
        "decode": lip_pack.decode_table(measure()),
        "familiarity": lip_pack.familiarity(data.train),
        "fallback": lip_pack.energy_fallback(data.train),
    }
    training = {
        "epochs": trainer.epoch,
        "seed": trainer.config.seed,
        "sequences": len(data.train),
        "validation": {k: round(v, 4) for k, v in trainer.history[-1].items()},
    }
    lip_pack.pack(
        trainer.result.cpu(), trainer.scale, parts, training, folder, trainer.config.lookahead
    )
    model = LipModel.load(folder)
    lips = model.step(model.new_state(), np.zeros(FRAME_SAMPLES, np.float32))
    print(f"{folder}: loads; in silence closure {lips.closure:.2f}")


def train(argv: list[str]) -> int:
    """`python -m export train lips`."""
    parser = argparse.ArgumentParser(prog="export train lips", description=train.__doc__)
    add_places(parser)
    parser.add_argument("--smoke", action="store_true", help="seconds, made-up data, no folder")
    parser.add_argument("--out", type=Path, help="weights folder (default: the shipped one)")
    parser.add_argument("--run", type=Path, default=Path("artifacts/runs/lips"))
    parser.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    parser.add_argument("--init", type=Path, help="start from the net of another run's folder")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hidden", type=int)
    parser.add_argument("--average", type=float, default=0.0, help="of the weights, e.g. 0.99")
    parser.add_argument("--width-weight", type=float, help="of the mouth's width in the loss")
    parser.add_argument("--lookahead-ms", type=int, choices=(0, 40, 80, 120), default=80)
    parser.add_argument("--without", default="", help="leave out: tts, voices, facegood, speed")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    config = replace(SMOKE if args.smoke else LipTrainConfig(), seed=args.seed, device=args.device)
    if args.epochs:
        config = replace(config, epochs=args.epochs)
    if args.rate:
        config = replace(config, rate=args.rate)
    if args.width_weight:
        config = replace(config, width_weight=args.width_weight)
    if args.hidden:
        config = replace(config, net=replace(config.net, hidden=args.hidden))
    config = replace(config, lookahead=args.lookahead_ms * SAMPLES_PER_MS, average=args.average)
    if args.smoke:
        data = LipData(synthetic_examples(24, 1), synthetic_examples(6, 2), [])
        out, folder = args.out or Path("artifacts/smoke/lips"), Path("artifacts/smoke/lips_run")
    else:
        try:
            data = without(prepare_data(places_of(args), print), args.without)
        except DataMissing as error:
            sys.stderr.write(f"train lips: {error}\n")
            return 1
        out, folder = args.out or DEFAULT_FOLDER, args.run
    data = paired(data, config.lookahead)
    trainer = start(config, data.train, folder, args.resume)
    if args.init and trainer.epoch == 0:
        load_net(args.init, trainer.net)
    run(trainer, data)
    draw_curves(trainer.history, folder / "curves.png")
    pack(trainer, data, out)
    print(f"curves: {folder / 'curves.png'}", file=sys.stderr)
    return 0


def paired(data: LipData, lookahead: int) -> LipData:
    """The same data with every frame at another distance to its sound."""
    train, validation = (
        [with_lookahead(e, lookahead) for e in part] for part in (data.train, data.validation)
    )
    return replace(data, train=train, validation=validation)


def without(data: LipData, kinds: str) -> LipData:
    """For ablations: training examples without some kinds."""
    marks: dict[str, Callable[[str], bool]] = {
        "tts": lambda name: name.startswith("tts"),
        "facegood": lambda name: name.startswith("1114_"),
        "voices": lambda name: name.startswith("voice "),
        "speed": lambda name: "." in name and not name.startswith("voice "),
    }
    drop = [marks[kind] for kind in kinds.split(",") if kind]
    return replace(data, train=[e for e in data.train if not any(m(e.name) for m in drop)])
