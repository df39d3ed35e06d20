"""`synchrorama bench ...`: the options, and what is printed.

Runs in the bench's own process.
Never measures: latency, soak, cycles and error do.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from server.bench import documents_cli
from server.bench.history import FOLDER, keep
from server.bench.needs import BenchError
from server.bench.quality import RESULTS
from server.bench.report import Result, document, markdown, put_block, put_table, write_json

HELD, MISSED, FAILED = 0, 1, 2
"""Exit codes: every bar held; one was missed; nothing could be measured."""
NO_HISTORY = "none"
TOLD = (
    *(
        "seconds",
        "minutes",
        "turns",
        "barges",
        "count",
        "sessions",
        "connects",
        "delay",
        "jitter",
        "loss",
        "kbit",
    ),
    *("server", "avatar", "size", "sound"),
)
"""Options that a run's printed command repeats."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bench's own subcommands on `parser` (that of `synchrorama bench`)."""
    kinds = parser.add_subparsers(dest="bench", required=True, metavar="WHAT")
    latency = kinds.add_parser("latency", help="click to picture, sound to mouth, A/V offset")
    latency.add_argument("--seconds", type=_positive, default=60.0, help="default 60")
    latency.add_argument("--connects", type=_count, default=5, help="timed connections, default 5")
    latency.add_argument("--interruptions", type=int, default=8, help="of speech, default 8")
    soak = kinds.add_parser("soak", help="one long session: drift and growth")
    soak.add_argument("--minutes", type=_positive, default=30.0, help="default 30")
    cycles = kinds.add_parser("cycles", help="connect and hang up: what is left behind")
    cycles.add_argument("--count", type=_count, default=200, help="default 200")
    error = kinds.add_parser("error", help="insert known delays and read them back")
    error.add_argument("--seconds", type=_positive, default=40.0, help="of each run, default 40")
    many = kinds.add_parser("load", help="more and more sessions, up to the breaking point")
    many.add_argument("--sessions", type=_count, default=8, help="at most so many, default 8")
    many.add_argument("--first", type=_count, default=1, help="not measured below, default 1")
    many.add_argument("--seconds", type=_positive, default=20.0, help="at each number, default 20")
    faults = kinds.add_parser("faults", help="break things: what is lost, how soon it is well")
    faults.add_argument("--only", action="append", default=[], metavar="FAULT", help="of them")
    faults.add_argument("--seconds", type=_positive, default=8.0, help="watched, default 8")
    quality = kinds.add_parser("quality", help="the evaluate programs' headline figures")
    quality.add_argument(
        "--results", type=Path, default=RESULTS, metavar="FOLDER", help=f"default {RESULTS}"
    )
    add_output_arguments(quality)
    network = kinds.add_parser("network", help="over delay, jitter, loss and little bandwidth")
    network.add_argument("--minutes", type=_positive, default=10.0, help="default 10")
    network.add_argument("--delay", type=float, default=50.0, metavar="MS", help="default 50")
    network.add_argument("--jitter", type=float, default=20.0, metavar="MS", help="default 20")
    network.add_argument("--loss", type=float, default=0.02, metavar="SHARE", help="default 0.02")
    network.add_argument("--kbit", type=float, default=0.0, help="bandwidth; default: no limit")
    talk = kinds.add_parser("dialogue", help="a conversation: turns, barge-ins, acknowledgements")
    talk.add_argument("--minutes", type=_positive, default=10.0, help="default 10; 5 with --echo")
    talk.add_argument("--turns", type=_count, default=40, help="default 40, barge-ins among them")
    talk.add_argument("--barges", type=int, default=15, help="barge-ins, default 15")
    talk.add_argument("--echo", action="store_true", help="simulated rooms: does it hear itself?")
    for kind in (talk, faults, network, latency, soak, cycles, error, many):
        _common(kind, browser=kind not in (cycles, many, faults, talk))
    add_gpu_arguments(kinds.add_parser("gpu", help="plans: size, build time, and time on a card"))
    documents_cli.add_arguments(kinds)
    speech = kinds.add_parser("speak", help="typed sentence to lips, interrupt to a closed mouth")
    speech.add_argument("--count", type=_count, default=20, help="sentences, default 20")
    _common(speech, browser=False)


def add_gpu_arguments(parser: argparse.ArgumentParser) -> None:
    """What `bench gpu` takes."""
    parser.add_argument("names", nargs="*", metavar="NETWORK", help="default: all")
    parser.add_argument("--runs", type=_count, default=200, help="timed, of each batch [200]")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="put the table into its place in this page"
    )


def _common(parser: argparse.ArgumentParser, *, browser: bool) -> None:
    parser.add_argument("--server", metavar="URL", help="measure this one; default: start one")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="setting of the started server, as media.playout_delay_ms=180; may be repeated",
    )
    parser.add_argument("--avatar", help="default: the server's")
    parser.add_argument("--size", type=int, help="picture size; default: the server's")
    add_output_arguments(parser)
    if browser:
        parser.add_argument(
            "--sound", default="clicks", help="clicks (default), speech (flite) or a 16-bit WAV"
        )
        parser.add_argument(
            "--peer", action="store_true", help="a plain aiortc peer in place of Chromium"
        )


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Where a run's figures go besides the terminal."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="put the table into its place in this page"
    )
    parser.add_argument(
        "--history",
        type=Path,
        default=FOLDER,
        metavar="FOLDER",
        help=f"where every run is kept; {NO_HISTORY} for nowhere [{FOLDER}]",
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text}: wanted a positive number")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: wanted 1 or more")
    return value


def parse_settings(given: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE items -> mapping. Raises BenchError on another form."""
    found: dict[str, str] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or "." not in key:
            raise BenchError(f"--set {item}: wanted section.name=value")
        found[key] = value
    return found


def run(args: argparse.Namespace) -> int:
    """Do what was asked, print the table, return the exit code."""
    if args.bench == "gpu":
        return _gpu(args)
    if args.bench in documents_cli.NAMES:
        return _documents(args)
    try:
        result = _watched(args)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return FAILED
    print(markdown(result))
    try:
        _write(result, args)
    except (BenchError, OSError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return FAILED
    return HELD if result.held else MISSED


def _watched(args: argparse.Namespace) -> Result:
    """The result, what the machine's host took of its processors, and how fast they were."""
    from server.bench.machine import clocks, loop_ms

    loops_ms, before = [loop_ms()], clocks()
    result = asyncio.run(_measure(args))
    stolen = round(before.stolen_until(clocks()), 4)
    loops_ms.append(loop_ms())
    result.machine = {**result.machine, "stolen": stolen, "loop_ms": loops_ms}
    return result


def _documents(args: argparse.Namespace) -> int:
    try:
        return documents_cli.run(args, print, _tell)
    except (BenchError, OSError) as error:
        print(f"bench {args.bench}: {error}", file=sys.stderr)
        return FAILED


def _gpu(args: argparse.Namespace) -> int:
    """Figures of plans: a table of their own, no bars."""
    from engines.backends.base import BackendError
    from engines.backends.typed_graph import NoOnnx
    from server.bench.gpu import bench

    try:
        text = bench(args.names, args.runs)
        print(text, end="")
        if args.table is not None:
            page = args.table.read_text(encoding="utf-8")
            args.table.write_text(put_block(page, "gpu", text), encoding="utf-8")
    except (BackendError, NoOnnx, OSError, ValueError) as error:
        print(f"bench gpu: {error}", file=sys.stderr)
        return FAILED
    return HELD


def _write(result: Result, args: argparse.Namespace) -> None:
    if args.json is not None:
        write_json(result, args.json)
    if str(args.history) != NO_HISTORY:
        kept = document(result)
        _tell(f"kept as {keep(result, kept['when'], kept['commit'], args.history)}")
    if args.html is not None:
        from server.bench.document import Document
        from server.bench.web_page import report

        page = report(Document.model_validate(document(result)))
        args.html.write_text(page, encoding="utf-8")
    if args.table is not None:
        page = args.table.read_text(encoding="utf-8")
        args.table.write_text(put_table(page, result), encoding="utf-8")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _measure(args: argparse.Namespace) -> Coroutine[Any, Any, Result]:
    # Late: the rest of the command line must not wait for these libraries.
    from server.bench.cycles import cycles
    from server.bench.dialogue import dialogue
    from server.bench.echo import echo
    from server.bench.error import inserted_delays
    from server.bench.faults import faults
    from server.bench.latency import Plan, measure
    from server.bench.link import Conditions
    from server.bench.load import load
    from server.bench.network import network
    from server.bench.quality import quality
    from server.bench.soak import soak
    from server.bench.speak import speak

    wishes = {name: value for name in ("avatar", "size") if (value := getattr(args, name, None))}
    plan = Plan(
        seconds=args.minutes * 60 if hasattr(args, "minutes") else getattr(args, "seconds", 60.0),
        connects=getattr(args, "count", getattr(args, "connects", 1)),
        url=getattr(args, "server", None),
        settings=parse_settings(getattr(args, "set", [])),
        wishes=wishes,
        sound=getattr(args, "sound", "clicks"),
        interruptions=getattr(args, "interruptions", 0),
        browser=not getattr(args, "peer", True),
        command=_command(args),
    )
    programs: dict[str, Callable[[], Coroutine[Any, Any, Result]]] = {
        "latency": lambda: measure(plan),
        "soak": lambda: soak(plan, _tell),
        "cycles": lambda: cycles(plan, _tell),
        "load": lambda: load(plan, args.first, args.sessions, _tell),
        "quality": lambda: quality(plan, args.results, _tell),
        "faults": lambda: faults(plan, args.only, _tell),
        "speak": lambda: speak(plan, _tell),
        "network": lambda: network(
            plan,
            Conditions(args.delay, args.jitter, args.loss, args.kbit),
            _tell,
        ),
        "error": lambda: inserted_delays(plan, _tell),
        "dialogue": lambda: dialogue(plan, args.turns, args.barges, _tell),
    }
    if getattr(args, "echo", False):
        return asyncio.to_thread(echo, plan.seconds, plan.command + " --echo", _tell)
    return programs[args.bench]()


def _command(args: argparse.Namespace) -> str:
    """The command as a reader can type it again; files keep only their names."""
    words = ["synchrorama bench", args.bench]
    for name in TOLD:
        value = getattr(args, name, None)
        if value is not None and not (name == "sound" and value == "clicks"):
            shown = Path(value).name if name == "sound" else value
            words.append(f"--{name} {shown:g}" if isinstance(value, float) else f"--{name} {shown}")
    words += [f"--only {name}" for name in getattr(args, "only", [])]
    words += [f"--set {item}" for item in getattr(args, "set", [])]
    if getattr(args, "peer", False):
        words.append("--peer")
    return " ".join(words)
