"""Shipped networks against themselves in the precision of their plans, on golden inputs.

Offline, one thread, no card: halves are computed by `export.deploy.half`.
Never compares with torch: that is `parity --renderer RUN`, where a training run is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engines.backends.base import Array, Model
from engines.backends.ort import OrtBackend
from engines.backends.typed_graph import typed
from export.deploy.half import rounded
from export.specs import FP32_BAR, Spec


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One network; differences are the largest over the largest value, of the worst output."""

    name: str
    precision: str
    calls: int
    fp32: float
    """Of the folded graph in single precision."""
    plan: float
    """Of the graph that a plan is built from."""
    output: str
    """The worst."""
    bar: float

    @property
    def held(self) -> bool:
        """Whether both bars are."""
        return self.fp32 <= FP32_BAR and self.plan <= self.bar


def compare(spec: Spec) -> ParityRow:
    """Run a row's golden inputs through the file, its folded graph and its typed graph."""
    model, backend = spec.network.model(), OrtBackend()
    single = typed(model.graph, "fp32")
    asked = typed(model.graph, spec.network.precision)
    if spec.network.precision == "fp16":
        asked = rounded(asked)
    nets = [backend.load(Model(model.name, graph)) for graph in (model.graph, single, asked)]
    golden = spec.golden()
    wanted, plain, typed_out = (
        [dict(zip((t.name for t in net.outputs), net.run(None, f), strict=True)) for f in golden]
        for net in nets
    )
    backend.close()
    names = [*wanted[0]]
    parts = {name: relative(typed_out, wanted, name) for name in names}
    worst = max(parts, key=lambda name: parts[name])
    return ParityRow(
        model.name,
        spec.network.precision,
        len(golden),
        max(relative(plain, wanted, name) for name in names),
        parts[worst],
        worst,
        spec.bar,
    )


def relative(
    have: Sequence[Mapping[str, Array]], want: Sequence[Mapping[str, Array]], name: str
) -> float:
    """Largest difference of an output over its largest value, in all calls; nan counts as inf."""
    size = max(float(np.abs(each[name]).max()) for each in want)
    apart = [float(np.abs(a[name] - b[name]).max()) for a, b in zip(have, want, strict=True)]
    return float("inf") if np.isnan(apart).any() else max(apart) / max(size, 1e-12)


def table(rows: Sequence[ParityRow]) -> list[str]:
    """Lines of Markdown."""
    lines = [
        "| network | plan | golden inputs | folded fp32 | as the plan | worst output | bar | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.name} | {row.precision} | {row.calls} | {row.fp32:.1g} | {row.plan:.2g} "
            f"| {row.output} | {row.bar:g} | {'held' if row.held else 'MISSED'} |"
        )
    return lines
