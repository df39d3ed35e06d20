"""Commands `to-onnx`, `quantize` and `parity` for the renderer: from runs to the engine's folder.

Offline, one process on one thread.
Never writes into the package unless it is told to by `--out`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch

from engines.render.boxes import EYE, KINDS, MOUTH
from engines.render.nets import DEFAULT_FOLDER, load
from export.data.render_cache import KINDS as SHARDS
from export.data.render_cache import path_of, stored
from export.data.render_pairs import Pairs, join
from export.data.render_pairs import load as load_pairs
from export.deploy.renderer_onnx import blank_feeds, halved, to_onnx, write_folder
from export.deploy.renderer_parity import Judge, Row, compare, feeds_of, ships, table
from export.deploy.renderer_quantize import quantised
from export.deploy.renderer_run import BadRun, RunNets, load_run, with_columns
from export.deploy.wide_onnx import is_wide, load_wide, write_wide
from export.judges.perceptual import PerceptualMissing, distances
from export.judges.perceptual import load as load_judge
from export.options import add_tracker
from export.train.personal import NotTrainable, shipped

CALIBRATION, HELD_OUT = 192, 160
"""Pairs that int8 is calibrated on, and that losses are measured on."""
CUES = ("sound",)
"""Fields of Cues that the pairs hold."""


def parser(command: str) -> argparse.ArgumentParser:
    """Arguments of the three commands."""
    out = argparse.ArgumentParser(prog=f"python -m export {command}", description=__doc__)
    out.add_argument(
        "--renderer",
        type=Path,
        default=[],
        nargs="+",
        metavar="RUN",
        help="folders of runs of `train renderer` or `distill`; a box without one stays as it is",
    )
    out.add_argument(
        "--base",
        type=Path,
        default=DEFAULT_FOLDER,
        metavar="FOLDER",
        help="weights that a box without a run is taken from (default: those that ship)",
    )
    out.add_argument(
        "--columns",
        type=float,
        metavar="GAIN",
        help="how much more of the mouth's columns is drawn (export.nets.renderer.Columns)",
    )
    add_judging(out, without="nothing ships as int8")
    if command != "parity":
        out.add_argument("--out", type=Path, default=Path("artifacts/renderer"))
        out.add_argument("--steps", type=int, default=1, help="that the nets were distilled for")
        out.add_argument("--cues", nargs="*", default=list(CUES), help="the nets were trained with")
        out.add_argument("--figures", type=Path, help="JSON to keep in the manifest")
    return out


def add_judging(parser: argparse.ArgumentParser, *, without: str) -> None:
    """What `judge_of` and the pairs it looks at are found by; `without` it, what follows."""
    cache = Path("artifacts/cache")
    parser.add_argument("--cache", type=Path, default=cache, help="with the pairs")
    add_tracker(parser, f"interpreter with the perceptual judge's weights; without it {without}")


def main_onnx(argv: list[str]) -> int:
    """`python -m export to-onnx`: the folder that the engine loads, in single precision."""
    args = parser("to-onnx").parse_args(argv)
    return _guarded(lambda: _to_onnx(args), "to-onnx")


def main_quantize(argv: list[str]) -> int:
    """`python -m export quantize`: the same, and int8 beside it where that holds the bars."""
    args = parser("quantize").parse_args(argv)
    return _guarded(lambda: _quantize(args), "quantize")


def main_parity(argv: list[str]) -> int:
    """`python -m export parity`: torch, ONNX and int8 on golden inputs; nothing is written."""
    args = parser("parity").parse_args(argv)
    return _guarded(lambda: _parity(args), "parity")


def _guarded(work: Callable[[], None], command: str) -> int:
    torch.set_num_threads(1)
    try:
        work()
    except (BadRun, NotTrainable, FileNotFoundError) as error:
        sys.stderr.write(f"{command}: {error}\n")
        return 1
    return 0


def runs_of(
    folders: Sequence[Path], base: Path | None = None, columns: float | None = None
) -> list[RunNets]:
    """Those of `folders`, and of `base` for the boxes they lack. Raises BadRun, NotTrainable."""
    runs = _read(folders, base)
    return [
        with_columns(r, columns) if columns is not None and r.kind is MOUTH else r for r in runs
    ]


def _read(folders: Sequence[Path], base: Path | None) -> list[RunNets]:
    runs = {run.kind.name: run for run in map(load_run, folders)}
    if len(runs) < len(folders):
        raise BadRun(f"{len(folders)} runs of {', '.join(runs)}; wanted one of a box")
    if base is None:
        return [*runs.values()]
    return [runs.get(name) or shipped(name, base) for name in KINDS]


def _to_onnx(args: argparse.Namespace) -> None:
    if len(args.renderer) == 1 and is_wide(args.renderer[0]):
        wide = load_wide(args.renderer[0])
        given = json.loads(args.figures.read_text()) if args.figures else {}
        size = write_wide(wide, args.out, steps=args.steps, cues=args.cues, figures=given)
        load(args.out)
        print(f"{args.out}: the whole face at {wide.kind.width}, {size / 1e6:.1f} MB")
        return
    runs = runs_of(args.renderer, args.base, args.columns)
    models = {name: halved(data) for run in runs for name, data in to_onnx(run).items()}
    _write(args, runs, models, {name: "fp32" for name in KINDS}, {})


def _quantize(args: argparse.Namespace) -> None:
    runs, judge = runs_of(args.renderer, args.base, args.columns), judge_of(args)
    models: dict[str, bytes] = {}
    smaller: dict[str, bytes] = {}
    precision, tables = {}, {}
    for run in runs:
        whole = to_onnx(run)
        rows, small = _weigh(run, whole, args.cache, judge)
        for line in table(run.kind.name, rows):
            print(line)
        by_name = {row.name: row for row in rows}
        chosen = ships(by_name["fp32"], by_name["int8"])
        precision[run.kind.name] = "int8" if chosen else "fp32"
        print(f"{run.kind.name}: {precision[run.kind.name]} ships")
        models |= {name: halved(data) for name, data in whole.items()}
        if chosen:
            smaller[run.kind.name] = small
        # Torch against itself is minus infinity decibels off, which JSON has no word for.
        tables[run.kind.name] = [asdict(row) for row in rows if row.bytes]
    _write(args, runs, models, precision, {"parity": tables}, smaller)


def _parity(args: argparse.Namespace) -> None:
    judge = judge_of(args)
    for run in runs_of(args.renderer, None if args.renderer else args.base, args.columns):
        rows, _ = _weigh(run, to_onnx(run), args.cache, judge)
        for line in table(run.kind.name, rows):
            print(line)


def judge_of(args: argparse.Namespace) -> Judge | None:
    """The perceptual distance; None, and why, where its weights are not to be had."""
    try:
        net = load_judge(args.cache, args.tracker_python)
    except PerceptualMissing as error:
        print(f"no perceptual distance: {error}")
        return None
    return partial(distances, net)


def _weigh(
    run: RunNets, whole: dict[str, bytes], cache: Path, judge: Judge | None
) -> tuple[list[Row], bytes]:
    """Rows of torch, fp32, fp32 kept in halves, and int8; and the last."""
    name = run.kind.name
    seen = some(cache, name, CALIBRATION)
    held = some(cache, name, HELD_OUT, test=True)
    small = quantised(whole[name], feeds_of(run, seen))
    models = {"fp32": whole[name], "halves": halved(whole[name]), "int8": small}
    timed = blank_feeds(run.kind, 2 if run.kind is EYE else 1)
    return compare(run, models, feeds_of(run, held), timed, held, judge), small


def some(cache: Path, box: str, count: int, test: bool = False) -> Pairs:
    """The same rows each time, of all kinds alike; one file in memory at a time.

    Raises FileNotFoundError when there is none.
    """
    paths = [path for kind in SHARDS if (path := path_of(cache, box, kind, test)).is_file()]
    if not paths:
        return stored(cache, box, test)
    rng = np.random.default_rng(3)
    parts = []
    for path in paths:
        pairs = load_pairs(path)
        few = min(len(pairs), -(-count // len(paths)))
        parts.append(pairs.take(np.sort(rng.choice(len(pairs), few, replace=False))))
    return join(parts)


def _write(
    args: argparse.Namespace,
    runs: Iterable[RunNets],
    models: dict[str, bytes],
    precision: dict[str, str],
    figures: dict[str, object],
    small: dict[str, bytes] | None = None,
) -> None:
    """The folder, then a look at it by the engine's own eyes."""
    given = json.loads(args.figures.read_text()) if args.figures else {}
    training = {run.kind.name: {"step": run.step, "net": run.box.config.as_dict()} for run in runs}
    write_folder(
        args.out,
        models,
        steps=args.steps,
        cues=args.cues,
        precision=precision,
        figures={**given, **figures},
        training=training,
        small=small,
    )
    load(args.out)
    size = sum(len(data) for data in (*models.values(), *(small or {}).values()))
    print(f"{args.out}: {', '.join(models)}, {size / 1e6:.1f} MB")
