"""Commands `to-plan` and `parity networks`: the shipped networks as plans, and how near they are.

Offline, one process; no card is needed with TensorRT-RTX.
Never writes into the package: plans go where `--out` says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engines.backends.base import BackendError
from engines.backends.networks import NETWORKS
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from engines.backends.typed_graph import NoOnnx
from export.deploy.networks_parity import compare, table
from export.specs import SPECS


def _names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"networks, or folders of them; default all: {', '.join(NETWORKS)}",
    )


def chosen(names: list[str]) -> list[str]:
    """Networks named, or of the folders named. Raises ValueError."""
    for name in names:
        if not any(name in (each, each.split("/")[0]) for each in NETWORKS):
            raise ValueError(f"no network {name}; there are {', '.join(NETWORKS)}")
    return [n for n in NETWORKS if not names or n in names or n.split("/")[0] in names]


def to_plan(argv: list[str]) -> int:
    """`python -m export to-plan [NAMES] --out DIR`: compile; 1 where one could not be."""
    parser = argparse.ArgumentParser(prog="python -m export to-plan", description=to_plan.__doc__)
    _names(parser)
    parser.add_argument("--out", type=Path, default=Path("artifacts/plans"))
    parser.add_argument(
        "--target", metavar="smNN", help="one kind of card, as sm75 [any from 8.0 on]"
    )
    args = parser.parse_args(argv)
    try:
        builder = Builder.of(None)
        if args.target:
            builder = Builder(builder.flavour, builder.version, args.target)
        store = PlanStore(args.out)
        print("| network | precision | plan MB | build s | target |\n|---|---|---|---|---|")
        for name in chosen(args.names):
            row = NETWORKS[name]
            made = builder.build(row, row.model(), store)
            print(
                f"| {name} | {row.precision} | {made.bytes / 1e6:.1f} | {made.build_s:.1f} "
                f"| {made.key.target} |"
            )
    except (BackendError, NoOnnx, OSError, ValueError) as error:
        sys.stderr.write(f"to-plan: {error}\n")
        return 1
    return 0


def parity(argv: list[str]) -> int:
    """`python -m export parity networks [NAMES]`: 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m export parity networks", description=parity.__doc__
    )
    _names(parser)
    args = parser.parse_args(argv)
    try:
        rows = [compare(SPECS[name]) for name in chosen(args.names)]
    except (BackendError, NoOnnx, OSError, ValueError) as error:
        sys.stderr.write(f"parity: {error}\n")
        return 1
    print("\n".join(table(rows)))
    return 0 if all(row.held for row in rows) else 1
