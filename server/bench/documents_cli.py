"""`synchrorama bench compare|history|page|readme`: what is made of runs that were kept.

Runs in the bench's own process.
Never measures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.bench.history import FOLDER

Say = Callable[[str], None]
NAMES = ("compare", "history", "page", "readme")


def add_arguments(kinds: Any) -> None:
    """The subcommands that read runs, on the bench's `kinds` (argparse's own type is private)."""
    compare = kinds.add_parser("compare", help="two runs: ratios, and whether they differ at all")
    compare.add_argument("before", type=Path, metavar="A.json")
    compare.add_argument("after", type=Path, metavar="B.json")
    history = kinds.add_parser("history", help="kept runs, oldest first; a plot over commits")
    history.add_argument("--folder", type=Path, default=FOLDER, help=f"default {FOLDER}")
    history.add_argument("--kind", metavar="WHAT", help="latency, load, ...; default: all")
    history.add_argument("--html", type=Path, metavar="FILE", help="write the plots")
    page = kinds.add_parser("page", help="the HTML report of one kept run")
    page.add_argument("run_file", type=Path, metavar="RUN.json")
    page.add_argument("html", type=Path, metavar="FILE.html")
    readme = kinds.add_parser(
        "readme", help="figures of README and comparison, from the measured page"
    )
    readme.add_argument("--readme", type=Path, default=Path("README.md"), metavar="FILE")
    readme.add_argument(
        "--comparison", type=Path, default=Path("docs/comparison.md"), metavar="FILE"
    )
    readme.add_argument("--measured", type=Path, default=Path("docs/measured.md"), metavar="FILE")
    readme.add_argument("--check", action="store_true", help="change nothing; 1 when they differ")


def run(args: argparse.Namespace, say: Say, tell: Say) -> int:
    """Do it; 0, or 1 when a row got worse or the README was stale.

    `say` gets the answer, `tell` what it is not. Raises BenchError, OSError.
    """
    programs: dict[str, Callable[[argparse.Namespace, Say, Say], int]] = {
        "compare": _compare,
        "history": _history,
        "page": _page,
        "readme": _readme,
    }
    return programs[args.bench](args, say, tell)


def _compare(args: argparse.Namespace, say: Say, tell: Say) -> int:
    from server.bench.compare import compare, table
    from server.bench.document import read

    before, after = read(args.before), read(args.after)
    pairs = compare(before, after)
    say(table(before, after, pairs).rstrip())
    return int(any(pair.verdict == "worse" for pair in pairs))


def _history(args: argparse.Namespace, say: Say, tell: Say) -> int:
    from server.bench.history import runs
    from server.bench.web_page import history

    found = runs(args.folder, tell, args.kind)
    for each in found:
        state = "held" if each.held else "missed"
        say(f"{each.when}  {each.kind:<9} {each.commit or '-':<10} {state:<7} {each.command}")
    if args.html is not None:
        args.html.write_text(history(found), encoding="utf-8")
    return 0


def _page(args: argparse.Namespace, say: Say, tell: Say) -> int:
    from server.bench.document import read
    from server.bench.web_page import report

    args.html.write_text(report(read(args.run_file)), encoding="utf-8")
    return 0


def _readme(args: argparse.Namespace, say: Say, tell: Say) -> int:
    from server.bench.readme import COMPARED, LINES, refreshed, write

    measured = args.measured.read_text(encoding="utf-8")
    stale = 0
    for page, lines in ((args.readme, LINES), (args.comparison, COMPARED)):
        before = page.read_text(encoding="utf-8")
        if refreshed(before, measured, lines) == before:
            say(f"{page}: was up to date")
        elif args.check:
            stale = 1
            tell(f"{page} is not what {args.measured} says: synchrorama bench readme")
        else:
            write(page, args.measured, lines)
            say(f"{page}: brought up to date")
    return stale
