"""`synchrorama bench gpu`: what each network's plan weighs, and what it takes on the card.

Runs on the bench's main thread; plans go to a folder of its own that is removed again.
Never prints a time that was not measured: without a card it says so.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from engines.backends.base import Backend, BackendError, Model, Network
from engines.backends.cuda import Card
from engines.backends.flavours import said
from engines.backends.networks import NETWORKS, NetworkRow
from engines.backends.ort import OrtBackend
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from engines.backends.plans import Manifest
from engines.backends.trial import gmacs, made_feeds
from engines.backends.trt import TrtBackend
from server.plans.devices import card_here

PEAKS: dict[str, tuple[float, float]] = {
    # Dense half precision in TFLOP/s and memory in GB/s, of the vendor's data sheets.
    "H200": (989, 4800),
    "H100": (989, 3350),
    "A100": (312, 2039),
    "L40S": (362, 864),
    "L4": (121, 300),
    "T4": (65, 320),
    "RTX 4090": (165, 1008),
    "RTX 3090": (71, 936),
}
"""Floors are told against these, of the first name that is a word of the card's."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Runs of one batch."""

    batch: int
    median_ms: float
    p95_ms: float
    ort_ms: float | None
    """Median of ONNX Runtime on the same card; None: it is not installed for cards."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One network."""

    row: NetworkRow
    gmac: float
    """Of one run at the least size."""
    manifest: Manifest
    timed: tuple[Timed, ...]
    """Empty: not measured."""


def bench(names: Sequence[str], runs: int) -> str:
    """Build, measure where there is a card; the tables as Markdown.

    Raises ValueError for a name that is no network, BackendError, NoOnnx and OSError as builds do.
    """
    unknown = [name for name in names if name not in NETWORKS]
    if unknown:
        raise ValueError(f"no network {unknown[0]}; there are {', '.join(NETWORKS)}")
    card, why = card_here()
    builder = Builder.of(card.capability if card else None)
    with tempfile.TemporaryDirectory(prefix="synchrorama-plans-") as folder:
        store = PlanStore(Path(folder))
        found = [_measure(NETWORKS[name], builder, store, card, runs) for name in names or NETWORKS]
    command = " ".join(["synchrorama bench gpu", *names, f"--runs {runs}"])
    return report(found, builder, card, why, command)


def _measure(
    row: NetworkRow, builder: Builder, store: PlanStore, card: Card | None, runs: int
) -> Figures:
    model = row.model()
    manifest = builder.build(row, model, store)
    timed = () if card is None else _on_card(row, model, TrtBackend(store), runs)
    return Figures(row, gmacs(row, model), manifest, timed)


def _on_card(row: NetworkRow, model: Model, backend: Backend, runs: int) -> tuple[Timed, ...]:
    """Copies in and out included, as a frame needs them."""
    network = backend.load(model)
    try:
        other: Network | None = OrtBackend("cuda").load(model)
    except BackendError:
        other = None
    sizes = row.axis.buckets or (row.axis.usual,)
    out = []
    for size in sizes:
        times = times_ms(network, size, runs)
        ort = None if other is None else float(np.median(times_ms(other, size, runs)))
        p95 = float(np.percentile(times, 95))
        out.append(Timed(size, float(np.median(times)), p95, ort))
    backend.close()
    return tuple(out)


def times_ms(
    network: Network, size: int, runs: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Wall milliseconds of each run, after three that are not counted."""
    feeds = made_feeds(network, size)
    times = []
    for _ in range(3 + runs):
        begun = clock()
        network.run(None, feeds)
        times.append(1000 * (clock() - begun))
    return times[3:]


def report(
    found: Sequence[Figures], builder: Builder, card: Card | None, why: str, command: str
) -> str:
    """The tables as Markdown."""
    where = (
        f"{card.name} (compute capability {said(card.capability)})"
        if card is not None
        else f"no card ({why.partition('; ')[0]})"
    )
    lines = [
        f"`{command}`",
        "",
        f"{builder.flavour.module} {builder.version}, plans for {builder.target}; "
        f"{_versions()}; {where}",
        "",
        "| network | plan | GMAC, batch 1 | plan MB | build s | activations MB, largest batch |",
        "|---|---|---|---|---|---|",
    ]
    for each in found:
        made = each.manifest
        lines.append(
            f"| {each.row.name} | {each.row.precision} | {each.gmac:.4f} | {made.bytes / 1e6:.1f} "
            f"| {made.build_s:.1f} | {made.device_bytes / 1e6:.0f} |"
        )
    lines += ["", *_times(found, card)]
    return "\n".join(lines) + "\n"


def _times(found: Sequence[Figures], card: Card | None) -> list[str]:
    if card is None:
        return ["Time on a card, against its peak and against ONNX Runtime: not measured: no card."]
    lines = [
        "| network | batch | median ms | p95 ms | floor ms | of peak | ONNX Runtime CUDA ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in found:
        for timed in each.timed:
            low = floor_ms(each, timed.batch, card.name)
            share = "-" if low is None else f"{low / timed.median_ms:.1%}"
            ort = "not measured" if timed.ort_ms is None else f"{timed.ort_ms:.3f}"
            lines.append(
                f"| {each.row.name} | {timed.batch} | {timed.median_ms:.3f} | {timed.p95_ms:.3f} "
                f"| {'-' if low is None else f'{low:.4f}'} | {share} | {ort} |"
            )
    return lines


def floor_ms(each: Figures, batch: int, card: str) -> float | None:
    """The larger of what its sums and its weights take at the card's peak; None: not known.

    Networks without a batch count their least size.
    """
    peak = next((found for name, found in PEAKS.items() if re.search(rf"\b{name}\b", card)), None)
    if peak is None:
        return None
    tflops, gbytes = peak
    rows = batch if each.row.axis.buckets else 1
    weights = each.row.path.stat().st_size
    return max(2 * each.gmac * rows / tflops, weights / gbytes / 1e6)


def _versions() -> str:
    parts = []
    for name in ("onnxruntime-gpu", "onnxruntime", "cuda-bindings"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(parts)
