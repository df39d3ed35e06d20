"""Command `train face`: the face nets, one after the other, then the weights folder.

Offline; one process, main thread, with a progress bar.
Never needs a data folder for `--smoke`: it trains on drawn heads for seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress
from torch import nn

from engines.face.finder import FaceFinder
from engines.face.mesh import HALF_PIXEL
from engines.face.parts import PARTS, Part
from engines.face.weights import DEFAULT_FOLDER
from engines.values import F32
from export.data.face_augment import Sampler, bend_basis
from export.data.face_cache import FaceCache, prepare
from export.data.face_drawn import drawn_cache
from export.data.face_occlusion import OcclusionSampler
from export.data.face_people import varied
from export.data.face_scenes import halved
from export.data.faces import Faces, FacesMissing
from export.nets.face import PointNet
from export.options import TRACKER_ENV
from export.rig.tracker import TrackerFailed
from export.train.checkpoint import load_net
from export.train.face import Stage, StageConfig, fit, make_net, point_stage
from export.train.face_occlusion import occlusion_stage
from export.train.face_pack import pack
from export.train.face_person import person_stage
from export.train.face_ridge import mend
from export.train.face_scene import scene_stage

SHARES = (0.38, 0.34, 0.1, 0.18)
"""How often a portrait, a puppet picture, a video frame and a turned head is drawn."""
MIDDLES = np.array([HALF_PIXEL, HALF_PIXEL, 0], np.float32)
"""The teacher counts from the first pixel's edge, scenes from its middle."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps of each net and sizes of the made-up stocks."""

    steps: dict[str, int]
    modes: dict[str, int]
    batch: int = 32
    stock: int = 2000
    mend_crops: int = 6000
    shapes: int = 1500
    judged: int = 240
    every: int = 100


FULL = Plan(
    steps={
        "mesh": 3000,
        "lips": 2000,
        "eye": 2000,
        "scene": 2400,
        "occlusion": 2000,
        "person": 2700,
    },
    modes={"mesh": 90, "lips": 60, "eye": 60},
)
SMOKE = Plan(
    steps={"mesh": 6, "lips": 6, "eye": 6, "scene": 4, "occlusion": 4, "person": 4},
    modes={"mesh": 8, "lips": 8, "eye": 8},
    batch=4, stock=16, mend_crops=48, shapes=40, judged=8, every=3,
)  # fmt: skip


def chances(kinds: NDArray[np.int64]) -> F32:
    """f32[N] chance of each stored face, so that kinds come in SHARES."""
    count = np.bincount(kinds, minlength=len(SHARES))
    share = np.where(count > 0, SHARES, 0.0) / np.maximum(count, 1)
    each = share[kinds]
    out: F32 = (each / each.sum()).astype(np.float64)
    return out


def split_faces(faces: Faces, seed: int) -> tuple[Faces, Faces]:
    """Nine in ten for solving the last layer, one in ten for choosing its ridge."""
    apart = np.random.default_rng((seed, 5)).random(len(faces.kinds)) < 0.1
    apart[0], apart[-1] = True, False
    return (
        Faces(faces.images[~apart], faces.points[~apart], faces.kinds[~apart]),
        Faces(faces.images[apart], faces.points[apart], faces.kinds[apart]),
    )


def mend_stage(
    net: PointNet, part: Part, cache: FaceCache, plan: Plan, seed: int
) -> dict[str, float]:
    """Solve the closed-form layer on fresh crops of the training faces."""
    fields = bend_basis(cache.train.points[cache.train.kinds < 2])
    drawn = []
    for faces, count in zip(
        split_faces(cache.train, seed), (plan.mend_crops, plan.mend_crops // 6), strict=True
    ):
        sampler = Sampler(faces, part, cache.mirror, fields, chances(faces.kinds), fine=True)
        rng = np.random.default_rng((seed, 99, count))
        batches = [sampler.batch(40, rng) for _ in range(max(1, count // 40))]
        drawn.append(
            (np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches]))
        )
    return mend(net, drawn[0], drawn[1])


def make_stage(name: str, cache: FaceCache, plan: Plan, seed: int, run: Path) -> Stage:
    """The stage called `name`; the occlusion net starts from the mesh net of the same run."""
    if name == "scene":
        people = [
            halved(cache.photos[rows], cache.masks[rows], cache.photo_points[rows] - MIDDLES)
            for rows in (cache.train_rows, cache.test_rows)
        ]
        more = varied(people[0], np.random.default_rng((seed, 51)))
        return scene_stage(more, people[1], plan.stock, seed)
    if name == "person":
        rows = cache.train_rows
        points = cache.photo_points[rows] - MIDDLES
        return person_stage(cache.photos[rows], cache.masks[rows], points, seed)
    if name == "occlusion":
        photos = cache.photos[cache.train_rows]
        samplers = [
            OcclusionSampler(faces, photos, chances(faces.kinds))
            for faces in (cache.train, cache.test)
        ]
        mesh = make_net(PARTS["mesh"], plan.modes["mesh"])
        if (run / "mesh" / "checkpoint.safetensors").exists():
            load_net(run / "mesh", mesh)
        return occlusion_stage(samplers[0], samplers[1], mesh, plan.stock * 3, seed)
    part = PARTS[name]
    fields = bend_basis(cache.train.points[cache.train.kinds < 2])
    train = Sampler(cache.train, part, cache.mirror, fields, chances(cache.train.kinds))
    test = Sampler(cache.test, part, cache.mirror, fields * 0)
    return point_stage(
        part, train, test, seed, plan.modes[name], shapes=plan.shapes, judged=plan.judged
    )


def run_stage(name: str, cache: FaceCache, plan: Plan, args: argparse.Namespace) -> Stage:
    """Train one net with a progress bar; curves beside its checkpoint."""
    stage = make_stage(name, cache, plan, args.seed, args.run)
    masks = name in ("scene", "person")
    rate = 2e-3 if masks else 3e-3
    batch = min(12, plan.batch) if masks else plan.batch
    config = StageConfig(
        plan.steps[name], batch, rate, seed=args.seed, device=args.device, every=plan.every
    )
    folder: Path = args.run / name
    with Progress() as bar:
        task = bar.add_task(name, total=config.steps)

        def say(row: dict[str, float]) -> None:
            text = " ".join(f"{k} {v:.4f}" for k, v in row.items() if k not in ("step", "seconds"))
            bar.update(task, completed=row["step"], description=f"{name} {text}")
            if not bar.console.is_terminal:
                bar.console.print(f"{name} {row['step']:.0f} {text} {row['seconds']:.0f} s")

        fit(stage, config, folder, resume=args.resume, say=say)
    draw_curves(name, stage.history, folder / "curves.png")
    stage.net.cpu().eval()
    return stage


def draw_curves(name: str, history: list[dict[str, float]], path: Path) -> None:
    """Loss and held-out figures over steps as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    axes[0].plot([r["step"] for r in history], [r["loss"] for r in history])
    axes[0].set_yscale("log")
    axes[0].set_title(f"{name}: training loss")
    for key in sorted({k for r in history for k in r} - {"step", "loss", "seconds"}):
        rows = [r for r in history if key in r]
        axes[1].plot([r["step"] for r in rows], [r[key] for r in rows], label=key)
    axes[1].legend()
    axes[1].set_title("held out")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def train(argv: list[str]) -> int:
    """`python -m export train face`."""
    args = parser().parse_args(argv)
    torch.set_num_threads(1)
    plan = SMOKE if args.smoke else FULL
    if args.share != 1.0:
        plan = replace(
            plan, steps={k: max(2, round(v * args.share)) for k, v in plan.steps.items()}
        )
    if args.smoke:
        args.run, args.out = args.run / "smoke", args.out or Path("artifacts/smoke/face")
        cache = drawn_cache(24, args.seed)
    else:
        try:
            cache = prepare(args.data, args.cache, args.tracker_python, args.tracks, print)
        except (FacesMissing, TrackerFailed) as error:
            sys.stderr.write(f"train face: {error}\n")
            return 1
    began = time.monotonic()
    nets, notes = train_all(cache, plan, args)
    notes["minutes"] = round((time.monotonic() - began) / 60, 1)
    folder = args.out or DEFAULT_FOLDER
    held = [cache.names[i] for i in cache.test_rows]
    pack(nets, cache.mirror.tolist(), {"held_out": held, "training": notes}, folder)
    FaceFinder.load(folder).find_faces(np.zeros((64, 64, 3), np.uint8))
    size = sum(p.stat().st_size for p in folder.glob("*.onnx"))
    print(f"{folder}: loads and runs, {size / 2**20:.2f} MiB")
    return 0


def train_all(
    cache: FaceCache, plan: Plan, args: argparse.Namespace
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Every net in turn, and what to write about it."""
    nets: dict[str, nn.Module] = {}
    notes: dict[str, Any] = {"seed": args.seed}
    for name in args.nets:
        stage = run_stage(name, cache, plan, args)
        row = {k: round(v, 4) for k, v in stage.history[-1].items() if k != "seconds"}
        if isinstance(stage.net, PointNet):
            mended = mend_stage(stage.net, PARTS[name], cache, plan, args.seed)
            row |= {f"mend_{k}": round(v, 5) for k, v in mended.items()}
            print(f"{name}: last layer {row}")
        nets[name], notes[name] = stage.net, row
    return nets, notes


def add_places(made: argparse.ArgumentParser) -> None:
    """Options for where things are."""
    data = os.environ.get("SYNCHRORAMA_DATA", "../shared/data")
    made.add_argument("--data", type=Path, default=Path(data), help="training data folder")
    made.add_argument("--cache", type=Path, default=Path("artifacts/cache/face"))
    made.add_argument("--tracks", type=Path, default=Path("artifacts/cache/grid_tracks"))
    made.add_argument(
        "--tracker-python",
        type=Path,
        default=Path(os.environ.get(TRACKER_ENV, ".venv-track/bin/python")),
        help=f"interpreter with mediapipe (default: ${TRACKER_ENV})",
    )


def parser() -> argparse.ArgumentParser:
    """Options of `train face`."""
    made = argparse.ArgumentParser(prog="export train face", description=train.__doc__)
    add_places(made)
    made.add_argument("--out", type=Path, help="weights folder (default: the shipped one)")
    made.add_argument("--run", type=Path, default=Path("artifacts/runs/face"))
    made.add_argument("--resume", action="store_true", help="go on from the run's checkpoints")
    made.add_argument("--share", type=float, default=1.0, help="share of the full number of steps")
    made.add_argument(
        "--nets", nargs="+", choices=[*FULL.steps], default=[*FULL.steps],
        help="train these; the others stay as they are in the weights folder",
    )  # fmt: skip
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    made.add_argument("--smoke", action="store_true", help="seconds, drawn heads, no folder")
    return made
