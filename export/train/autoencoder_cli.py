"""Command `train autoencoder`: the codec of the whole face's net, from scratch or from TAEF2.

Offline; one process on one thread, with a progress bar, curves and a sheet.
Never needs a data folder for `--smoke`: made-up boxes, no features.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from engines.render.boxes import FACE_SIDES
from engines.render.cv import cv2
from engines.values import F32, U8
from export.data.grid import DataMissing
from export.data.render_cache import face_plan, prepare, stored
from export.distill.losses import Features, FeaturesMissing
from export.nets.codec import Codec, CodecConfig
from export.nets.taef2 import CodecMissing, load_taef2
from export.train.autoencoder import (
    AutoencoderConfig,
    AutoencoderTrainer,
    finish,
    fit,
    start,
    there_and_back,
)
from export.train.renderer_cli import JOBS, made_up
from export.train.renderer_figures import apart, edges, psnr
from export.train.renderer_sheet import draw_curves, write

WATCHED = 24
SMOKE = AutoencoderConfig(
    CodecConfig("own", (8, 8), 1), steps=4, batch=2, features=0.0, every=1
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Arguments of `train autoencoder`."""
    out = argparse.ArgumentParser(prog="export train autoencoder", description=train.__doc__)
    data = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    out.add_argument("--data", type=Path, default=Path(data), help="with taef2/: features")
    out.add_argument("--cache", type=Path, default=Path("artifacts/cache"), help="with the pairs")
    out.add_argument("--prepare", action="store_true", help="make the pairs that are missing")
    out.add_argument("--jobs", type=int, default=JOBS, help=f"processes of --prepare [{JOBS}]")
    out.add_argument("--side", type=int, choices=FACE_SIDES, default=FACE_SIDES[0],
                     help="pixels of the box that --prepare draws")  # fmt: skip
    out.add_argument("--times", type=int, default=1, help="as many pairs of --prepare")
    out.add_argument("--run", type=Path, help="folder of the run (default: artifacts/runs/...)")
    out.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    out.add_argument("--smoke", action="store_true", help="seconds, made-up boxes, no folder")
    out.add_argument("--taef2", action="store_true", help="go on from TAEF2 (six times the sums)")
    out.add_argument("--features", type=float, help="0: none are loaded")
    for name, kind in (("steps", int), ("minutes", float), ("batch", int), ("rate", float)):
        out.add_argument(f"--{name}", type=kind)
    out.add_argument("--widths", type=int, nargs=2, help="channels at a fourth and an eighth")
    out.add_argument("--seed", type=int, default=1)
    out.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return out


def config_of(args: argparse.Namespace) -> AutoencoderConfig:
    """The configuration that the arguments ask for."""
    base = SMOKE if args.smoke else AutoencoderConfig()
    codec = base.codec
    if args.widths:
        codec = replace(codec, widths=tuple(args.widths))
    if args.taef2:
        codec = CodecConfig("taef2")
    return replace(
        base,
        codec=codec,
        steps=base.steps if args.steps is None else args.steps,
        batch=args.batch or base.batch,
        rate=args.rate or base.rate,
        features=base.features if args.features is None else args.features,
        seed=args.seed,
        device=args.device,
    )


def figures(codec: Codec, pictures: U8) -> dict[str, float]:
    """PSNR, and sharpness over the truth's, of pictures u8[N,h,w,3] there and back."""
    back: F32 = there_and_back(codec, pictures).permute(0, 2, 3, 1).cpu().numpy()
    truth = pictures.astype(np.float32)
    steep = float(np.abs(edges(truth)).mean())
    return {
        "held_psnr": float(psnr(back, truth).mean()),
        "held_sharp": float(np.abs(edges(back)).mean()) / max(steep, 1e-6),
    }


def pictures_of(args: argparse.Namespace) -> tuple[U8, U8]:
    """Those to train on, and those of people kept out. Raises FileNotFoundError, DataMissing."""
    if args.smoke:
        pairs = made_up("face", 8)
    else:
        if args.prepare:
            plan = face_plan(args.side, max(args.times, 1))
            prepare(args.data, args.cache, plan, jobs=args.jobs)
        pairs = stored(args.cache, "face")
    kept_out = apart(pairs)
    held = pairs.truth[kept_out]
    chosen = np.random.default_rng(9).permutation(len(held))[:WATCHED]
    return np.concatenate([pairs.truth[~kept_out], pairs.picture[~kept_out]]), held[chosen]


def run(trainer: AutoencoderTrainer, seen: U8, held: U8, seconds: float | None) -> None:
    """Train with a progress bar; log, curves and a sheet in the run's folder."""
    config, folder = trainer.config, trainer.folder
    with Progress() as bar:
        task = bar.add_task("autoencoder", total=config.steps if seconds is None else seconds)

        def say(row: dict[str, float]) -> None:
            text = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
            bar.update(task, completed=row["step"] if seconds is None else row["seconds"])
            bar.console.print(text)
            (folder / "log.json").write_text(json.dumps(trainer.history))

        fit(trainer, seen, lambda codec: figures(codec, held), say, seconds)
    finish(trainer, held)
    back = there_and_back(trainer.codec, held[:6]).permute(0, 2, 3, 1).cpu().numpy()
    rows = [np.concatenate([*held[:6]], 1), np.concatenate([*back.astype(np.uint8)], 1)]
    write(folder / "sheet.png", np.concatenate(rows))
    if trainer.history:
        draw_curves(trainer.history, folder / "curves.png", "autoencoder")
    print(f"{folder}: step {trainer.step}, {figures(trainer.codec, held)}")


def train(argv: list[str]) -> int:
    """`python -m export train autoencoder`; `--steps 0 --taef2` keeps TAEF2 as it is."""
    args = parser().parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    config = config_of(args)
    default = Path("artifacts/smoke" if args.smoke else "artifacts/runs") / "autoencoder"
    folder: Path = args.run or default
    try:
        features = Features.load(args.data) if config.features and config.steps else None
        given = load_taef2(args.data) if args.taef2 else None
        seen, held = pictures_of(args)
    except (FileNotFoundError, DataMissing, FeaturesMissing, CodecMissing) as error:
        sys.stderr.write(f"train autoencoder: {error}\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(asdict(config), indent=1))
    trainer = start(config, folder, features, resume=args.resume, given=given)
    run(trainer, seen, held, None if args.minutes is None else 60 * args.minutes)
    return 0
