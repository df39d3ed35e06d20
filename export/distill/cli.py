"""Command `distill`: the one-step nets of a box from a run of `train renderer`.

Offline; one process on one thread, with a progress bar.
Never needs a data folder for `--smoke`: teacher, boxes and features are made up.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType

import torch

from engines.render.cv import cv2
from engines.scene.encoder import SceneEncoder
from export.data.render_cache import stored
from export.data.render_pairs import Pairs
from export.distill.later import Later, Weights, made_up_later
from export.distill.later import load as load_later
from export.distill.losses import Features, FeaturesMissing
from export.distill.student import Distiller, Recipe, save, start, student_step
from export.train import several
from export.train.renderer import Nets, RenderConfig, load_trained, nets_of
from export.train.renderer import start as start_trainer
from export.train.renderer_batch import SHARES, chances
from export.train.renderer_cli import SMOKE, SMOKE_FACE, add_run_options, made_up, watch
from export.train.renderer_figures import apart

STUDENT = RenderConfig(steps=4000, batch=8, rate=3e-4)


def parser() -> argparse.ArgumentParser:
    """Arguments of `distill`."""
    out = argparse.ArgumentParser(prog="export distill", description=distill.__doc__)
    usual = Recipe()
    add_run_options(out)
    out.add_argument("--teacher", type=Path, help="run (default: artifacts/runs/renderer/BOX)")
    out.add_argument("--teacher-weight", type=float, default=usual.teacher)
    out.add_argument("--teacher-steps", type=int, default=usual.teacher_steps)
    out.add_argument("--features", type=float, default=usual.features, help="0: none are loaded")
    out.add_argument("--critic", type=float, default=usual.critic)
    out.add_argument("--matching", type=float, default=usual.matching)
    out.add_argument("--tint", type=float, default=usual.tint, help="weight of colour alone")
    out.add_argument("--steep", type=float, default=usual.steep, help="of as much edge as there is")
    out.add_argument("--contest", type=float, default=usual.contest, help="of looking real")
    out.add_argument("--warm", type=int, default=usual.warm, help="steps till critics are heard")
    out.add_argument("--shares", type=shares_of, default={}, help="kinds drawn, as restore=0.4,...")
    for name in ("sync", "au", "emotion", "action"):
        out.add_argument(f"--{name}", type=float, default=0.0, help=f"weight of the {name} expert")
    out.add_argument("--experts", type=Path, default=Path("artifacts/runs/experts"))
    out.add_argument("--sync-run", type=Path, default=Path("artifacts/runs/sync"))
    out.add_argument("--two", type=float, default=usual.two, help="share of second steps")
    return out


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The recipe that the arguments ask for."""
    return Recipe(
        teacher=args.teacher_weight,
        teacher_steps=args.teacher_steps,
        features=args.features,
        critic=args.critic,
        matching=args.matching,
        tint=args.tint,
        steep=args.steep,
        contest=args.contest,
        two=args.two,
        warm=1 if args.smoke else args.warm,
    )


def later_of(args: argparse.Namespace, device: str) -> Later | None:
    """The later stage that the arguments ask for. Raises FileNotFoundError, ValueError."""
    weights = Weights(args.sync, args.au, args.emotion, args.action)
    if args.smoke and weights.any():
        return made_up_later(args.box, weights)
    embed = SceneEncoder.load().embed
    return load_later(weights, args.box, args.cache, args.experts, args.sync_run, embed, device)


def taught(args: argparse.Namespace) -> tuple[Nets, Pairs, Features | None]:
    """The teacher, the pairs and the features. Raises FileNotFoundError, FeaturesMissing."""
    if args.smoke:
        sizes = SMOKE_FACE if args.box == "face" else SMOKE.net
        assert sizes is not None
        return nets_of(sizes), made_up(args.box), Features(8) if args.features else None
    teacher = load_trained(args.teacher or Path("artifacts/runs/renderer") / args.box).mean
    features = Features.load(args.data) if args.features else None
    return teacher, stored(args.cache, args.box), features


def distill(argv: list[str]) -> int:
    """`python -m export distill`."""
    args = parser().parse_args(argv)
    of_boxes = ("tint", "sync", "au", "emotion", "action")
    if args.box == "face" and any(getattr(args, name) for name in of_boxes):
        sys.stderr.write(f"distill: {', '.join(of_boxes)} judge boxes of pixels, not a face\n")
        return 1
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    default = Path("artifacts/smoke/renderer" if args.smoke else "artifacts/runs/renderer")
    folder: Path = args.run or default / f"{args.box}-student"
    try:
        device = several.join(args.device)
        teacher, pairs, features = taught(args)
        later = later_of(args, device)
    except (FileNotFoundError, FeaturesMissing, ValueError) as error:
        sys.stderr.write(f"distill: {error}\n")
        return 1
    base = replace(STUDENT, steps=SMOKE.steps, batch=4, every=1) if args.smoke else STUDENT
    config = replace(
        base,
        box=args.box,
        steps=args.steps or base.steps,
        batch=args.batch or base.batch,
        rate=args.rate or base.rate,
        seed=args.seed,
        device=device,
        net=teacher.box.config,
    )
    folder.mkdir(parents=True, exist_ok=True)
    recipe = recipe_of(args)
    note = asdict(config) | {
        "recipe": recipe.as_dict() | (later.weights.as_dict() if later else {}),
        "teacher": str(args.teacher or ""),
        "shares": SHARES | args.shares,
        "side": pairs.picture.shape[1],
    }
    (folder / "config.json").write_text(json.dumps(note, indent=1))
    trainer = start_trainer(config, folder, resume=args.resume)
    distiller = start(trainer, recipe, teacher, features, resume=args.resume)
    distiller.later = later
    run(distiller, pairs, None if args.minutes is None else 60 * args.minutes, args.shares)
    several.leave()
    return 0


def shares_of(text: str) -> dict[str, float]:
    """Shares of kinds, as "restore=0.4,grid=0.2". Raises ArgumentTypeError."""
    out = {}
    for part in text.split(","):
        kind, _, share = part.partition("=")
        try:
            out[kind] = float(share)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"KIND=SHARE, not {part!r}") from error
        if kind not in SHARES or not 0 <= out[kind] <= 1:
            raise argparse.ArgumentTypeError(f"{part!r}: of {', '.join(SHARES)}, each 0 to 1")
    return out


def run(
    distiller: Distiller,
    pairs: Pairs,
    seconds: float | None,
    shares: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """Distil with a progress bar; log, curves and sheets in the run's folder."""
    kept_out = apart(pairs)
    seen, held = pairs.take(~kept_out), pairs.take(kept_out)
    chance = chances(seen, distiller.config.box, SHARES | dict(shares))
    watch(
        distiller.trainer,
        held,
        lambda: student_step(distiller, seen, chance),
        lambda: save(distiller),
        seconds,
    )
