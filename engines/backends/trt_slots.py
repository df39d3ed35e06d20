"""Slots on a card: one array for each held input, rows moved to and fro on the card itself.

The thread that runs the network. Memory is taken once, and told.
Never copies a held row through the processor, but where somebody puts one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from engines.backends.base import Array, Feeds, Network, Tensor
from engines.backends.cuda import Cuda, DeviceMemory
from engines.backends.slots import Places, checked_row

Moves: TypeAlias = Sequence[tuple[int, int, int, bool]]
"""(to, from, bytes, whether after the run), all on the card."""


@dataclass(frozen=True, slots=True)
class CardMemory:
    """Where memory comes from, and what gives it back."""

    cuda: Cuda
    stream: int
    stack: ExitStack
    lock: threading.Lock
    """Of the network, which has one stream."""


class HeldNetwork(Network, Protocol):
    """The network, as its slots see it."""

    def run_held(
        self,
        outputs: Sequence[str] | None,
        feeds: Feeds,
        held: frozenset[str],
        count: int,
        moves: Moves,
    ) -> list[Array]:
        """As `TrtNetwork.run_held`."""


class CardSlots:
    """`Slots` of a `TrtNetwork`."""

    def __init__(
        self,
        network: HeldNetwork,
        memory: CardMemory,
        tensors: Mapping[str, Tensor],
        keep: Mapping[str, str],
        count: int,
        places: Mapping[str, DeviceMemory],
    ) -> None:
        """`places`: where the network has its inputs and outputs. Raises OutOfDeviceMemory."""
        self._network = network
        self._memory = memory
        self._tensors = dict(tensors)
        self._keep = dict(keep)
        self._places = Places(network.name, count)
        self._network_at = dict(places)
        self._bytes = {name: _row_bytes(each) for name, each in tensors.items()}
        self._rows: dict[str, DeviceMemory] = {}
        cuda = memory.cuda
        with ExitStack() as stack:
            for name, size in self._bytes.items():
                self._rows[name] = cuda.malloc(size * count)
                stack.callback(cuda.free, self._rows[name])
            self._host = cuda.pinned(max(self._bytes.values()))
            stack.callback(cuda.unpin, self._host)
            memory.stack.push(stack.pop_all())
        self.names = tuple(tensors)
        self.device_bytes = count * sum(self._bytes.values())

    def take(self) -> int:
        """As `Slots.take`."""
        slot = self._places.take()
        for name, size in self._bytes.items():
            self._write(slot, name, np.zeros(size, np.uint8))
        return slot

    def free(self, slot: int) -> None:
        """As `Slots.free`."""
        self._places.free(slot)

    def put(self, slot: int, name: str, row: Array) -> None:
        """As `Slots.put`."""
        self._places.check([slot])
        self._write(slot, name, checked_row(self._network.name, self._tensors[name], row))

    def run(
        self, outputs: Sequence[str] | None, feeds: Feeds, slots: Sequence[int], *, keep: bool
    ) -> list[Array]:
        """As `Slots.run`."""
        self._places.check(slots)
        held = frozenset(name for name in self.names if name not in feeds)
        moves = [
            (self._network_at[name] + at * size, self._rows[name] + slot * size, rows * size, False)
            for name, size in self._bytes.items()
            if name in held
            for at, slot, rows in _stretches(slots)
        ]
        if keep:
            for name, out in self._keep.items():
                size = self._bytes[name]
                moves += [
                    (
                        self._rows[name] + slot * size,
                        self._network_at[out] + at * size,
                        rows * size,
                        True,
                    )
                    for at, slot, rows in _stretches(slots)
                ]
        return self._network.run_held(outputs, feeds, held, len(slots), moves)

    def _write(self, slot: int, name: str, row: Array) -> None:
        size, memory = self._bytes[name], self._memory
        with memory.lock:
            self._host[:size] = row.reshape(-1).view(np.uint8)
            to = DeviceMemory(self._rows[name] + slot * size)
            memory.cuda.upload(to, self._host, size, memory.stream)
            memory.cuda.wait(memory.stream)


def _row_bytes(tensor: Tensor) -> int:
    return int(np.prod(tensor.shape[1:])) * np.dtype(tensor.dtype).itemsize


def _stretches(slots: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(row, slot, length) of slots that follow each other: one copy each."""
    begun = 0
    for at in range(1, len(slots) + 1):
        if at == len(slots) or slots[at] != slots[at - 1] + 1:
            yield begun, slots[begun], at - begun
            begun = at
