"""A back-end that needs no card: made-up numbers, delays and faults when they are told to come.

Any thread; for tests of what uses back-ends, and for dry runs of load on machines without a card.
Never random: a row of the outputs depends on the same row of the inputs and on nothing else.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from engines.backends.base import (
    DYNAMIC,
    Array,
    BackendError,
    CardLost,
    Feeds,
    Model,
    Network,
    Tensor,
    checked,
)
from engines.backends.ort import OrtBackend
from engines.backends.runs import Runs
from engines.backends.slots import HostSlots

Fault = Callable[[str, int], BackendError | None]
"""Name of a network and number of its run, from 0 -> what is to be raised; None: nothing."""
DEFAULT_SIZE = 4
"""Of dynamic sizes that are no batch, where the graph does not say."""


def no_fault(name: str, run: int) -> BackendError | None:
    """All is well."""
    return None


class FakeNetwork:
    """Names and shapes of a real network over made-up numbers in -0.5..0.5."""

    def __init__(
        self,
        name: str,
        tensors: tuple[tuple[Tensor, ...], tuple[Tensor, ...]],
        shapes: Mapping[str, tuple[int, ...]],
        backend: FakeBackend,
    ) -> None:
        """`shapes`: of the outputs in a run of one."""
        self.name = name
        self.inputs, self.outputs = tensors
        self.runs = Runs("fake", "0", "fp32")
        self.visits = 0
        self._shapes = shapes
        self._backend: FakeBackend | None = backend

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As `Network.run`, after the delay."""
        if self._backend is None:
            raise BackendError(f"{self.name}: run after it was closed; load it again")
        names = checked(self, outputs, feeds)
        count = self._batch(feeds)
        number, self.visits = self.visits, self.visits + 1
        self._backend.visit(self.name, number, count or 1)
        rows = [self._row(feeds, index, count) for index in range(count or 1)]
        return [self._made(name, rows, count) for name in names]

    def slots(self, names: Sequence[str], keep: Mapping[str, str], count: int) -> HostSlots:
        """As `HoldingNetwork.slots`."""
        return HostSlots(self, names, keep, count)

    def close(self) -> None:
        """As `Network.close`."""
        self._backend = None

    def _batch(self, feeds: Feeds) -> int:
        """Rows; 0 for a network without a batch."""
        first = self.inputs[0]
        batched = first.shape[0] == DYNAMIC and self.outputs[0].shape[:1] == (DYNAMIC,)
        return feeds[first.name].shape[0] if batched else 0

    def _row(self, feeds: Feeds, index: int, count: int) -> int:
        seen = hashlib.sha256(self.name.encode())
        for spec in self.inputs:
            value = feeds[spec.name]
            seen.update(np.ascontiguousarray(value[index] if count else value).tobytes())
        return int.from_bytes(seen.digest()[:8], "big")

    def _made(self, name: str, rows: list[int], count: int) -> Array:
        spec = next(each for each in self.outputs if each.name == name)
        shape = self._shapes[name]
        part = shape[1:] if count else shape
        made = [np.random.default_rng(seed).uniform(-0.5, 0.5, part) for seed in rows]
        return np.array(made if count else made[0], np.dtype(spec.dtype))


class FakeBackend:
    """`delay_s(batch)` stands for a card: 0.002 + 0.00035 * batch, say."""

    kind = "fake"

    def __init__(
        self,
        delay_s: Callable[[int], float] = lambda batch: 0.0,
        fault: Fault = no_fault,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._delay_s = delay_s
        self._fault = fault
        self._sleep = sleep
        self._lost: CardLost | None = None
        self._open: list[FakeNetwork] = []

    def load(self, model: Model) -> Network:
        """As `Backend.load`: one run of the real network on zeros tells names and shapes."""
        real = OrtBackend()
        try:
            net = real.load(model)
            feeds = {
                each.name: np.zeros(
                    [
                        size if size != DYNAMIC else 1 if not axis else DEFAULT_SIZE
                        for axis, size in enumerate(each.shape)
                    ],
                    np.dtype(each.dtype),
                )
                for each in net.inputs
            }
            names = [each.name for each in net.outputs]
            shapes = {
                name: out.shape for name, out in zip(names, net.run(names, feeds), strict=True)
            }
        finally:
            real.close()
        fake = FakeNetwork(model.name, (net.inputs, net.outputs), shapes, self)
        self._open.append(fake)
        return fake

    def visit(self, name: str, run: int, batch: int) -> None:
        """One run's delay and fault; a lost card stays lost."""
        if self._lost is not None:
            raise self._lost
        self._sleep(self._delay_s(batch))
        error = self._fault(name, run)
        if isinstance(error, CardLost):
            self._lost = error
        if error is not None:
            raise error

    def close(self) -> None:
        """As `Backend.close`."""
        while self._open:
            self._open.pop().close()
