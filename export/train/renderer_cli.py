"""Command `train renderer`: the nets of one box, as a flow or as the plain regressor.

Offline; one process on one thread, with a progress bar; another box is another process.
Never needs a data folder for `--smoke`: it trains on made-up boxes for seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.render.boxes import FACE_SIDES, KINDS, face_box
from engines.render.conditions import CONDITION_SIZE
from engines.render.cv import cv2
from engines.values import F32
from export.data.grid import DataMissing
from export.data.render_cache import prepare, stored
from export.data.render_pairs import Pairs
from export.nets.codec import CodecConfig
from export.nets.renderer import BoxNetConfig
from export.nets.wide import CONFIGS, WideNetConfig
from export.train import several
from export.train.autoencoder import NoCodecRun, load_codec
from export.train.renderer import (
    Nets,
    RenderConfig,
    RenderTrainer,
    fit,
    load_trained,
    save,
    start,
    train_step,
)
from export.train.renderer_batch import chances
from export.train.renderer_figures import apart, figures, shown, watched
from export.train.renderer_sheet import chosen, draw_curves, sheet, write
from export.train.wide import put_codec

JOBS = 2
"""Processes that draw pairs, one thread and half a GiB each."""
MANY_STEPS = 4
"""Steps of the sampler that one step is shown beside."""
SHEET_SECONDS = 150.0
SMOKE = RenderConfig(steps=6, batch=4, every=1, net=BoxNetConfig((8, 12, 16), (1, 1, 1), 16))


SMOKE_FACE = WideNetConfig((8, 12, 16), (1, 1, 1), 16, codec=CodecConfig("own", (8, 8), 1))


def made_up(box: str, count: int = 24, seed: int = 1) -> Pairs:
    """Boxes with a dark hole where the truth has a light one; nobody's face."""
    rng = np.random.default_rng(seed)
    kind = KINDS[box] if box in KINDS else face_box(FACE_SIDES[0])
    shape = (count, *kind.shape, 3)
    skin = rng.integers(90, 200, (count, 1, 1, 3)) + rng.integers(-9, 10, shape)
    wide = rng.uniform(0.05, 0.35, count).astype(np.float32)
    rows, columns = np.mgrid[-1 : 1 : kind.height * 1j, -1 : 1 : kind.width * 1j]
    hole = (rows[None] / wide[:, None, None]) ** 2 + (columns[None] / 0.6) ** 2 < 1
    picture, truth = (np.where(hole[..., None], level, skin).astype(np.uint8) for level in (30, 99))
    rest = np.broadcast_to(skin, shape).astype(np.uint8)
    masks = np.stack([hole, np.zeros_like(hole)], 1).astype(np.uint8) * 255
    kinds = np.array(["grid", "restore", "cycle"])[np.arange(count) % 3]
    return Pairs(
        picture, masks, truth, rest, masks * 0, picture, truth,
        rng.random(count) < 0.5, rng.random((count, CONDITION_SIZE), dtype=np.float32), wide,
        kinds, np.array([f"nobody {i % 8}" for i in range(count)]),
    )  # fmt: skip


def pairs_of(args: argparse.Namespace) -> Pairs:
    """The training pairs that the arguments ask for."""
    if args.smoke:
        return made_up(args.box)
    if args.prepare:
        prepare(args.data, args.cache, jobs=args.jobs)
    return stored(args.cache, args.box)


def judge_of(
    held: Pairs, config: RenderConfig, folder: Path
) -> Callable[[Nets, int], dict[str, float]]:
    """Figures on `held`, and every few minutes a sheet."""
    seen = watched(held, config.box)
    few = chosen(held, config.box)
    drawn_at = -SHEET_SECONDS

    def ways(nets: Nets, pairs: Pairs) -> dict[str, F32]:
        if config.regression:
            return {"1": shown(nets, pairs, 1, regression=True)}
        return {str(k): shown(nets, pairs, k) for k in (1, MANY_STEPS)}

    def judge(nets: Nets, step: int) -> dict[str, float]:
        nonlocal drawn_at
        if time.monotonic() - drawn_at >= SHEET_SECONDS:
            drawn_at = time.monotonic()
            picture = sheet(few, list(ways(nets, few).values()))
            write(folder / "sheets" / f"{step:06d}.png", picture)
        return figures(seen, ways(nets, seen))

    return judge


def begin_with(trainer: RenderTrainer, nets: Nets | None, codec: Path | None) -> None:
    """Weights of a run that ended, for the nets and their running mean; a face's codec."""
    if nets is not None:
        for part in (trainer.nets.now, trainer.nets.mean):
            part.load_state_dict(nets.state_dict())
    if codec:
        put_codec(trainer.nets, load_codec(codec).codec)


def run(trainer: RenderTrainer, pairs: Pairs, seconds: float | None) -> None:
    """Train with a progress bar; log, curves and sheets in the run's folder."""
    kept_out = apart(pairs)
    seen, held = pairs.take(~kept_out), pairs.take(kept_out)
    chance = chances(seen, trainer.config.box)
    watch(
        trainer,
        held,
        lambda: train_step(trainer, seen, chance),
        lambda: save(trainer),
        seconds,
    )


def watch(trainer: RenderTrainer, held: Pairs, advance: Callable[[], float],
          keep: Callable[[], None], seconds: float | None) -> None:  # fmt: skip
    """`fit` with a progress bar; log, curves and sheets of `held` in the run's folder."""
    config, folder = trainer.config, trainer.folder
    judge = judge_of(held, config, folder)
    total = config.steps if seconds is None else seconds
    with Progress() as bar:
        task = bar.add_task(config.box, total=total)

        def say(row: dict[str, float]) -> None:
            text = line(row)
            done = row["step"] if seconds is None else row["seconds"]
            bar.update(task, completed=done, description=f"{config.box} {text}")
            if not bar.console.is_terminal:
                bar.console.print(f"{config.box} {row['step']:.0f} {row['seconds']:.0f} s {text}")
            (folder / "log.json").write_text(json.dumps(trainer.history))

        fit(trainer, advance, judge, keep, say, seconds)
    if several.is_first():
        draw_curves(trainer.history, folder / "curves.png", folder.name)
        print(f"{folder}: step {trainer.step}, {line(trainer.history[-1])}")


def line(row: dict[str, float]) -> str:
    """A report for people: the loss, and PSNR of each way of drawing, group by group."""
    parts = [f"loss {row['loss']:.4f}"]
    for name in (n for n in row if n.endswith("_warp_psnr")):
        group = name.removesuffix("_warp_psnr")
        ways = [n for n in row if n.startswith(group + "_") and n.endswith("_psnr")]
        ways = [n for n in ways if len(n.split("_")) == len(name.split("_"))]
        parts.append(f"{group} " + "/".join(f"{row[n]:.2f}" for n in ways))
    return ", ".join(parts)


def widths_of(text: str) -> tuple[int, int, int]:
    """Three channel counts, as "48,96,160". Raises ArgumentTypeError."""
    try:
        first, second, third = (int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"three whole numbers, not {text!r}") from error
    if min(first, second, third) < 1:
        raise argparse.ArgumentTypeError("widths start at 1")
    return first, second, third


def add_run_options(out: argparse.ArgumentParser) -> None:
    """What every training of a box takes."""
    data = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    out.add_argument("--box", choices=sorted(CONFIGS), default="mouth")
    out.add_argument("--data", type=Path, default=Path(data))
    out.add_argument("--cache", type=Path, default=Path("artifacts/cache"))
    out.add_argument("--run", type=Path, help="folder of the run (default: artifacts/runs/...)")
    out.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    out.add_argument("--smoke", action="store_true", help="seconds, made-up boxes, no folder")
    out.add_argument("--steps", type=int)
    out.add_argument("--minutes", type=float, help="instead of --steps")
    out.add_argument("--batch", type=int)
    out.add_argument("--rate", type=float)
    out.add_argument("--seed", type=int, default=1)
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")


def parser() -> argparse.ArgumentParser:
    """Arguments of `train renderer`."""
    out = argparse.ArgumentParser(prog="export train renderer", description=train.__doc__)
    add_run_options(out)
    out.add_argument("--prepare", action="store_true", help="make the pairs that are missing")
    out.add_argument("--jobs", type=int, default=JOBS, help=f"processes of --prepare [{JOBS}]")
    out.add_argument("--regression", action="store_true", help="the plain regressor, for figures")
    out.add_argument("--widths", type=widths_of, help="channels, as 48,96,160")
    out.add_argument("--start", type=Path, help="run whose nets training begins with; its widths")
    out.add_argument("--codec", type=Path, help="of a face: run of `train autoencoder`")
    return out


def config_of(args: argparse.Namespace, begun: Nets | None = None) -> RenderConfig:
    """The configuration that the arguments ask for; `begun`: nets whose sizes are kept."""
    base = SMOKE if args.smoke else RenderConfig()
    net = begun.box.config if begun else CONFIGS[args.box]
    if begun is None and args.smoke:
        net = SMOKE_FACE if args.box == "face" else base.net or net
    if isinstance(net, WideNetConfig) and args.codec:
        net = replace(net, codec=load_codec(args.codec).config)
    return replace(
        base,
        box=args.box,
        steps=args.steps or base.steps,
        batch=args.batch or base.batch,
        rate=args.rate or base.rate,
        seed=args.seed,
        device=args.device,
        regression=args.regression,
        net=replace(net, widths=args.widths or net.widths),
    )


def train(argv: list[str]) -> int:
    """`python -m export train renderer`."""
    args = parser().parse_args(argv)
    # One process is one thread: two threads on a busy machine are slower than one.
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if args.box == "face" and not args.smoke and (args.prepare or not args.codec):
        said = "a face needs --codec RUN, of `train autoencoder`, which has its --prepare"
        sys.stderr.write(f"train renderer: {said}\n")
        return 1
    name = f"{args.box}-regression" if args.regression else args.box
    default = Path("artifacts/smoke/renderer" if args.smoke else "artifacts/runs/renderer") / name
    folder = args.run or default
    try:
        begun = load_trained(args.start).mean if args.start else None
        config = replace(config_of(args, begun), device=several.join(args.device))
        pairs = pairs_of(args)
    except (DataMissing, FileNotFoundError, NoCodecRun) as error:
        sys.stderr.write(f"train renderer: {error}\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    note = asdict(config) | {"side": pairs.picture.shape[1], "start": str(args.start or "")}
    (folder / "config.json").write_text(json.dumps(note, indent=1))
    trainer = start(config, folder, resume=args.resume)
    if trainer.step == 0:
        begin_with(trainer, begun, args.codec)
    run(trainer, pairs, None if args.minutes is None else 60 * args.minutes)
    several.leave()
    return 0
