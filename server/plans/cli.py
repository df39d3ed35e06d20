"""`synchrorama plan`: list, build, verify and clean the TensorRT plans of this machine.

Runs on the main thread.
Never uses a plan for pictures: `serve --device cuda` does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from engines.backends.base import BackendError, Model
from engines.backends.flavours import said
from engines.backends.networks import NETWORKS, NetworkRow
from engines.backends.pack import model_of
from engines.backends.plan_build import Builder, Progress
from engines.backends.plan_store import Entry, PlanStore
from engines.backends.plans import PlanError
from engines.backends.trial import apart, reference_of
from engines.backends.trt import TrtBackend
from engines.backends.typed_graph import NoOnnx
from server.onboarding.terminal import table
from server.plans.devices import SERVED, card_here, planned, plans_folder
from server.settings import Settings
from server.settings_section import SettingsError

FAILED = 1
ACTIONS = ("list", "build", "verify", "clean")
BARS = {"fp16": 1e-2, "fp32": 1e-3, "int8": 5e-2, "fp8": 5e-2}
"""Against ONNX Runtime, over the largest value; cards add in another order, and in TF32. Of 8 bits
against the same quantised graph: a value at the edge between two steps may fall to either side."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What `plan` takes."""
    command.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    command.add_argument(
        "names",
        nargs="*",
        metavar="NETWORK",
        help=f"build: which [those served on a card: {', '.join(SERVED)}]",
    )
    command.add_argument("--all", action="store_true", help="build: every network; clean: all")
    command.add_argument("--force", action="store_true", help="build: also what is there and whole")
    command.add_argument("--target", metavar="smNN", help="build: for another card, as sm75")
    command.add_argument("--damaged", action="store_true", help="clean: only what is damaged")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it. Raises SettingsError for names that are no networks."""
    if unknown := [name for name in arguments.names if name not in NETWORKS]:
        raise SettingsError(f"no network {unknown[0]}; there are {', '.join(NETWORKS)}")
    store = PlanStore(plans_folder(settings.render))
    arguments.pack = settings.render.weights
    runs: dict[str, Callable[[argparse.Namespace, PlanStore], int]] = {
        "list": _list,
        "build": _build,
        "verify": _verify,
        "clean": _clean,
    }
    try:
        arguments.rows = planned(settings.render)
        return runs[arguments.action](arguments, store)
    except (BackendError, NoOnnx, OSError) as error:
        print(f"synchrorama plan {arguments.action}: {error}", file=sys.stderr)
        return FAILED


def _list(arguments: argparse.Namespace, store: PlanStore) -> int:
    """Every plan, and whether this machine would use it."""
    try:
        builder: Builder | None = _builder(None)
    except BackendError:
        builder = None
    entries = list(store.entries(whole=True))
    if not entries:
        print(f"{store.folder}: no plans; run: synchrorama plan build")
        return 0
    titles = ("network", "precision", "cards", "library", "MB", "built in", "state")
    table(titles, [_row(entry, builder, arguments) for entry in entries])
    return FAILED if any(entry.error for entry in entries) else 0


def _row(entry: Entry, builder: Builder | None, asked: argparse.Namespace) -> tuple[str, ...]:
    manifest = entry.manifest
    if manifest is None:
        return (entry.path.stem, "", "", "", "", "", str(entry.error))
    key = manifest.key
    state = str(entry.error) if entry.error else _use(entry, builder, asked)
    return (
        key.network,
        key.precision,
        key.target,
        f"{key.library} {key.version}",
        f"{manifest.bytes / 1e6:.1f}",
        f"{manifest.build_s:.1f} s",
        state,
    )


def _use(entry: Entry, builder: Builder | None, asked: argparse.Namespace) -> str:
    if builder is None or entry.manifest is None:
        return "whole"
    name = entry.manifest.key.network
    row = asked.rows.get(name)
    current = row is not None and entry.path.stem == (
        builder.key(row, model_of(name, asked.pack)).stem
    )
    return "current" if current else "of another card, version or network: plan clean removes it"


def _build(arguments: argparse.Namespace, store: PlanStore) -> int:
    """Compile what is missing."""
    builder = _builder(arguments.target)
    names: Sequence[str] = arguments.names or (tuple(NETWORKS) if arguments.all else SERVED)
    told = f"{builder.flavour.module} {builder.version}"
    print(f"{store.folder}: plans of {told} for {builder.target}")
    for name in names:
        row, model = arguments.rows[name], model_of(name, arguments.pack)
        if not arguments.force and _whole(store, builder, row, model):
            print(f"{name}: there")
            continue
        with _progress(name, quiet=arguments.quiet) as progress:
            made = builder.build(row, model, store, progress)
        print(f"{name}: {row.precision}, {made.bytes / 1e6:.1f} MB, built in {made.build_s:.1f} s")
    return 0


def _whole(store: PlanStore, builder: Builder, row: NetworkRow, model: Model) -> bool:
    try:
        store.get(builder.key(row, model))
    except PlanError:
        return False
    return True


def _builder(target: str | None) -> Builder:
    card, _ = card_here()
    builder = Builder.of(card.capability if card else None)
    return builder if target is None else Builder(builder.flavour, builder.version, target)


def _verify(arguments: argparse.Namespace, store: PlanStore) -> int:
    """Check files against manifests and, where there is a card, results against ONNX Runtime."""
    entries = list(store.entries(whole=True))
    for entry in entries:
        print(f"{entry.path.stem}: {entry.error or 'whole'}")
    if not entries:
        print(f"{store.folder}: no plans; run: synchrorama plan build")
    failed = any(entry.error for entry in entries) or not entries
    card, why = card_here()
    if card is None:
        print(f"not run: {why}")
        return FAILED if failed else 0
    print(f"{card.name}, compute capability {said(card.capability)}")
    backend = TrtBackend(store, rows=arguments.rows)
    networks = sorted({each.manifest.key.network for each in entries if each.manifest})
    for name in networks:
        row, model = arguments.rows[name], model_of(name, arguments.pack)
        found = apart(backend.load(model), reference_of(row, model), row.axis.usual)
        held = found <= BARS[row.precision]
        print(f"{name}: {found:.2g} from ONNX Runtime{'' if held else ', TOO FAR'}")
        failed = failed or not held
    backend.close()
    return FAILED if failed else 0


def _clean(arguments: argparse.Namespace, store: PlanStore) -> int:
    """Remove what this machine would not use."""
    keep: frozenset[str] = frozenset()
    if not arguments.all and not arguments.damaged:
        builder = _builder(None)
        keep = frozenset(
            builder.key(row, model_of(name, arguments.pack)).stem
            for name, row in arguments.rows.items()
        )
    gone = store.remove(keep, damaged_only=arguments.damaged)
    size = len(gone)
    print(f"{store.folder}: {size} file{'s' if size != 1 else ''} removed")
    return 0


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Progress | None]:
    """A bar on a terminal; the library's phases nest, and the outermost counts."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        outer: list[str] = []

        def told(phase: str, step: int, steps: int) -> None:
            outer[:] = outer or [phase]
            if phase == outer[0]:
                bar.update(task, completed=step, total=steps)
            else:
                bar.update(task, description=f"{name}: {phase}")

        yield told
