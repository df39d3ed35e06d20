"""Command `calibrate`: ranges of the drawing nets for plans in 8 bits, and what 8 bits cost.

Offline, one process on one thread.
Never says that a precision holds which was not compared with the truth of held-out pairs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from engines.backends.networks import NETWORKS
from engines.backends.ort import open_session
from engines.backends.quantised_graph import LARGEST, inner_convolutions
from engines.backends.ranges import FILE, SCHEMA, Loss
from engines.backends.typed_graph import typed
from engines.render.boxes import Kind
from engines.render.nets import DEFAULT_FOLDER
from engines.values import F32
from export.data.render_pairs import Pairs
from export.deploy.renderer_cli import CALIBRATION, HELD_OUT, add_judging, judge_of, runs_of, some
from export.deploy.renderer_parity import (
    MOST_DB,
    MOST_WORSE,
    Draw,
    Judge,
    feeds_of,
    losses,
    onnx_draw,
)

Feeds = Sequence[Mapping[str, F32]]


def largest(model: bytes, feeds: Feeds) -> dict[str, float]:
    """Inner convolution -> largest magnitude of the data that it sees over `feeds`."""
    net = onnx.load_from_string(typed(model, "fp32"))
    inner = inner_convolutions(net.graph)
    names = list(dict.fromkeys(node.input[0] for node in inner))
    have = {each.name for each in net.graph.output}
    for name in names:
        if name not in have:
            net.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = open_session(net.SerializeToString())
    found = dict.fromkeys(names, 0.0)
    for each in feeds:
        for name, value in zip(names, session.run(names, dict(each)), strict=True):
            found[name] = max(found[name], float(np.abs(value).max()))
    return {node.name: found[node.input[0]] for node in inner}


def drawing(model: bytes, precision: Any, ranges: Mapping[str, float]) -> Draw:
    """The net with its inner convolutions quantised, computed as it is written."""
    graph = typed(model, precision, ranges, halves=False)
    # Fused, ONNX Runtime's processor back-end gives other numbers: for fp8 none that mean anything.
    session = open_session(graph, optimised=False)

    def draw(feeds: Mapping[str, F32]) -> F32:
        out: F32 = session.run(["residual"], dict(feeds))[0]
        return out

    return draw


def weighed(
    kind: Kind, draws: Mapping[str, Draw], feeds: Feeds, pairs: Pairs, judge: Judge | None
) -> dict[str, Loss]:
    """What each of `draws` but "fp32" loses against that; without a judge nothing holds."""
    found = {}
    for name, draw in draws.items():
        drawn = np.concatenate([draw(each) for each in feeds])
        found[name] = losses(kind, drawn, pairs, judge)
    psnr, distance = found.pop("fp32")
    out = {}
    for name, (own_psnr, own_distance) in found.items():
        lost, worse = psnr - own_psnr, own_distance / distance - 1
        held = bool(lost <= MOST_DB and worse <= MOST_WORSE)
        out[name] = Loss(round(lost, 3), round(worse, 4) if judge else 0.0, held)
    return out


def main(argv: list[str]) -> int:
    """`python -m export calibrate`: writes ranges beside the weights; 1 where it cannot."""
    args = _parser().parse_args(argv)
    try:
        told = _networks(args)
    except (FileNotFoundError, OSError, ValueError) as error:
        sys.stderr.write(f"calibrate: {error}\n")
        return 1
    path = args.base / FILE
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps({"schema": SCHEMA, "networks": told}, indent=1) + "\n")
    os.replace(aside, path)
    print(f"{path}: {', '.join(told)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(prog="python -m export calibrate", description=__doc__)
    out.add_argument(
        "--base",
        type=Path,
        default=DEFAULT_FOLDER,
        metavar="FOLDER",
        help="weights of the renderer; the ranges are written there (default: those that ship)",
    )
    add_judging(out, without="nothing holds")
    return out


def _networks(args: argparse.Namespace) -> dict[str, Any]:
    judge, told = judge_of(args), {}
    print("| network | precision | PSNR lost, dB | perceptual | held |\n|---|---|---|---|---|")
    for run in runs_of([], args.base):
        box = run.kind.name
        name = f"renderer/{box}"
        assert name in NETWORKS
        model = (args.base / f"{box}.onnx").read_bytes()
        ranges = largest(model, feeds_of(run, some(args.cache, box, CALIBRATION)))
        pairs = some(args.cache, box, HELD_OUT, test=True)
        draws = {p: drawing(model, p, ranges) for p in LARGEST}
        lost = weighed(
            run.kind, draws | {"fp32": onnx_draw(model)}, feeds_of(run, pairs), pairs, judge
        )
        for precision, loss in lost.items():
            print(f"| {name} | {precision} | {loss.db:.2f} | {loss.worse:+.1%} | {loss.held} |")
        told[name] = {
            "graph": hashlib.sha256(model).hexdigest(),
            "largest": {node: round(value, 5) for node, value in ranges.items()},
            "loss": {precision: asdict(loss) for precision, loss in lost.items()},
        }
    return told
