"""Command `evaluate renderer`: drawn boxes against the truth, with floors, bars and sheets.

Offline; main thread; minutes (most of it the perceptual judge).
Never scores a pair that training saw: it opens test shards only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from rich.progress import Progress, TaskID

from engines.render.boxes import KINDS, Kind
from engines.render.cv import cv2
from engines.render.nets import BadRendererWeights
from engines.render.nets import load as load_nets
from export.data import render_pairs
from export.data.render_cache import KINDS as PAIR_KINDS
from export.data.render_cache import boxes_of, path_of
from export.data.render_pairs import Pairs
from export.deploy.renderer_run import BadRun
from export.evaluate.avatar_table import written
from export.evaluate.renderer_draw import BoxNets, Way, floors, switched_off
from export.evaluate.renderer_score import Scored, score
from export.evaluate.renderer_sheets import write_sheets
from export.evaluate.renderer_table import (
    STRANGERS,
    Row,
    as_json,
    bars,
    joined,
    markdown,
    rows_of,
)
from export.judges.perceptual import Perceptual, PerceptualMissing
from export.judges.perceptual import load as load_judge
from export.options import TRACKER_ENV, add_tracker

STILLS = ("restore", "cycle")
TEACHER, PLAIN = "teacher", "plain regressor"


def main(argv: list[str]) -> int:
    """`python -m export evaluate renderer`."""
    args = _parser().parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        judge = None if args.no_judge else load_judge(args.cache, args.tracker_python)
        shards = {box: test_shards(args.cache, box, args.kinds) for box in args.boxes}
        if not any(shards.values()):
            sys.stderr.write(
                f"evaluate renderer: no test shards in {args.cache / 'renderer'}; "
                "run: python -m export train renderer --prepare\n"
            )
            return 1
        rows = {box: run(args, box, shards[box], judge) for box in args.boxes if shards[box]}
    except (PerceptualMissing, BadRendererWeights, BadRun, FileNotFoundError) as error:
        sys.stderr.write(f"evaluate renderer: {error}\n")
        return 1
    report(args, rows)
    return 0


def test_shards(cache: Path, box: str, kinds: list[str]) -> dict[str, Pairs]:
    """Test pairs of a box by kind; those that are not there are left out."""
    found = {}
    for kind in (kind for kind in kinds if box in boxes_of(kind)):
        path = path_of(cache, box, kind, test=True)
        if path.is_file():
            pairs = render_pairs.load(path)
            if len(pairs):
                found[kind] = pairs
    return found


def ways_of(args: argparse.Namespace, box: str) -> list[Way]:
    """Floors, then every set of nets that was given, in as many steps as asked for."""
    ways = floors()
    if args.regressor:
        ways.append(Way(PLAIN, _checkpoint(args.regressor, box), plain=True))
    if args.teacher:
        nets = _checkpoint(args.teacher, box)
        ways += [Way(f"{TEACHER}, {_steps(k)}", nets, k) for k in args.teacher_steps]
    given: BoxNets | None = None
    if args.checkpoint:
        given = _checkpoint(args.checkpoint, box)
    elif args.weights:
        given = load_nets(args.weights)
    if given is not None:
        ways += [Way(_steps(k), given, k) for k in args.steps]
        if args.ablate:
            ways += switched_off(ways[-1])
    return ways


def run(
    args: argparse.Namespace, name: str, shards: dict[str, Pairs], judge: Perceptual | None
) -> list[Row]:
    """Rows of one box, and its sheets."""
    box = KINDS[name]
    ways = ways_of(args, name)
    scored: list[Scored] = []
    with Progress(transient=True) as bar:
        for kind, pairs in shards.items():
            task = bar.add_task(f"{name}, {kind}", total=None)
            scored.append(score(box, pairs, args.limit, ways, judge, _ticker(bar, task)))
    stills = joined(STRANGERS, [s for s in scored if s.kind in STILLS])
    _sheets(args, box, shards, ways)
    return [row for one in (*scored, stills) if one is not None for row in rows_of(name, one)]


def report(args: argparse.Namespace, rows: dict[str, list[Row]]) -> None:
    """Print the bars; write the tables and everything measured."""
    teacher = f"{TEACHER}, {_steps(args.teacher_steps[0])}"
    lines = bars(dict(rows), _steps(args.steps[-1]), teacher, PLAIN)
    tables = [line for box, mine in rows.items() for line in markdown(box, mine)]
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "figures.md").write_text("\n".join(tables), "utf-8")
    kept = {
        "lines": [asdict(line) | {"verdict": line.verdict} for line in lines],
        "rows": {box: as_json(mine) for box, mine in rows.items()},
    }
    (args.out / "figures.json").write_text(json.dumps(kept, indent=1), "utf-8")
    print("\n".join(tables))
    print(written(lines))
    print(f"tables, raw figures and sheets: {args.out}")


def _sheets(args: argparse.Namespace, box: Kind, shards: dict[str, Pairs], ways: list[Way]) -> None:
    shown = [way for way in ways if not way.without][:6]
    for pairs in shards.values():
        write_sheets(box, pairs, shown, args.out / "sheets", private=args.private)


def _ticker(bar: Progress, task: TaskID) -> Callable[[int], None]:
    return lambda count: bar.advance(task, count)


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _checkpoint(folder: Path, box: str) -> BoxNets:
    from export.evaluate.renderer_checkpoint import CheckpointNets

    return CheckpointNets(Path(str(folder).replace("{box}", box)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="export evaluate renderer", description=main.__doc__)
    parser.add_argument("--cache", type=Path, default=Path("artifacts/cache"))
    parser.add_argument("--out", type=Path, default=Path("artifacts/evaluate/renderer"))
    parser.add_argument("--weights", type=Path, help="folder of ONNX nets with a manifest")
    parser.add_argument(
        "--checkpoint", type=Path, help="instead: a run's folder; {box} stands for each box"
    )
    parser.add_argument("--teacher", type=Path, help="run's folder of the teacher")
    parser.add_argument("--regressor", type=Path, help="run's folder of the plain regressor")
    parser.add_argument("--steps", type=int, nargs="+", default=[2, 1], help="the last is judged")
    parser.add_argument("--teacher-steps", type=int, nargs="+", default=[8, 2, 1])
    parser.add_argument("--ablate", action="store_true", help="switch each conditioning off")
    parser.add_argument("--boxes", nargs="+", choices=tuple(KINDS), default=list(KINDS))
    parser.add_argument("--kinds", nargs="+", choices=PAIR_KINDS, default=list(PAIR_KINDS))
    parser.add_argument("--limit", type=int, default=120, help="pairs a kind")
    parser.add_argument("--private", action="store_true", help="sheets of GRID's speaker too")
    parser.add_argument("--no-judge", action="store_true", help="without LPIPS-like: seconds")
    add_tracker(parser, f"interpreter of the judges (default: ${TRACKER_ENV}); needed once")
    return parser
