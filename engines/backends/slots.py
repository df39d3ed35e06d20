"""Rows of a network's inputs that stay where it runs: one slot each, gathered by index in a run.

The thread that runs the network. What a session would send anew with each frame lies there.
Never grows, and never shows one holder what the one before it left: a slot taken is all zeros.

An option of a back-end: a network that has it is a `HoldingNetwork`. `HostSlots` gives it to any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from engines.backends.base import (
    Array,
    BadFeeds,
    Feeds,
    Network,
    OutOfDeviceMemory,
    Tensor,
)


class Slots(Protocol):
    """Rows of some inputs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Inputs that are held."""

    @property
    def device_bytes(self) -> int:
        """Memory they take, all of it from the start."""

    def take(self) -> int:
        """A free slot, zero in every input. Raises OutOfDeviceMemory when none is free."""

    def free(self, slot: int) -> None:
        """Give it back. Raises BadFeeds for one that is not taken."""

    def put(self, slot: int, name: str, row: Array) -> None:
        """Write one row, without the batch axis. Raises BadFeeds."""

    def run(
        self, outputs: Sequence[str] | None, feeds: Feeds, slots: Sequence[int], *, keep: bool
    ) -> list[Array]:
        """As `Network.run`: inputs that are not fed come out of `slots`, a row of each.

        `keep`: outputs named at the start become the slots' rows for the next run. Raises BadFeeds
        also for a slot that is not taken or comes twice.
        """


@runtime_checkable
class HoldingNetwork(Protocol):
    """A network that holds rows."""

    def slots(self, names: Sequence[str], keep: Mapping[str, str], count: int) -> Slots:
        """Room for `count` rows of the inputs `names`; `keep`: input -> output that follows it.

        Raises OutOfDeviceMemory, BadFeeds for names that the network does not have.
        """


class Places:
    """Which slots are taken; for implementations."""

    def __init__(self, network: str, count: int) -> None:
        self._network = network
        self._count = count
        self._free = list(range(count))[::-1]

    def take(self) -> int:
        """As `Slots.take`."""
        if not self._free:
            raise OutOfDeviceMemory(f"{self._network}: all {self._count} slots are taken")
        return self._free.pop()

    def free(self, slot: int) -> None:
        """As `Slots.free`."""
        self.check([slot])
        self._free.append(slot)

    def check(self, slots: Sequence[int]) -> None:
        """Raises BadFeeds unless each is taken and comes once."""
        loose = set(self._free)
        if len(set(slots)) < len(slots) or any(
            not 0 <= slot < self._count or slot in loose for slot in slots
        ):
            raise BadFeeds(f"{self._network}: slots {list(slots)}, wanted taken ones, each once")


def held_tensors(
    network: Network, names: Sequence[str], keep: Mapping[str, str]
) -> dict[str, Tensor]:
    """The inputs to be held. Raises BadFeeds."""
    inputs = {each.name: each for each in network.inputs}
    outputs = {each.name: each for each in network.outputs}
    bad = [name for name in names if name not in inputs]
    bad += [
        f"{name} out of {out}"
        for name, out in keep.items()
        if name not in names
        or name not in inputs
        or out not in outputs
        or outputs[out].shape != inputs[name].shape
    ]
    if bad or not names:
        raise BadFeeds(f"{network.name}: cannot hold {', '.join(bad) or 'nothing'}")
    return {name: inputs[name] for name in names}


def checked_row(network: str, tensor: Tensor, row: Array) -> Array:
    """The row as it is to be written. Raises BadFeeds."""
    if row.dtype != np.dtype(tensor.dtype) or row.shape != tensor.shape[1:]:
        raise BadFeeds(
            f"{network}: a row of {tensor.name} is {row.dtype}{list(row.shape)}, "
            f"wanted {tensor.dtype}{list(tensor.shape[1:])}"
        )
    return np.ascontiguousarray(row)


class HostSlots:
    """Slots of any network, in this process's memory: what those on a card are compared with."""

    def __init__(
        self, network: Network, names: Sequence[str], keep: Mapping[str, str], count: int
    ) -> None:
        """As `HoldingNetwork.slots`."""
        self._network = network
        self._tensors = held_tensors(network, names, keep)
        self._keep = dict(keep)
        self._places = Places(network.name, count)
        self._rows = {
            name: np.zeros((count, *each.shape[1:]), np.dtype(each.dtype))
            for name, each in self._tensors.items()
        }
        self.names = tuple(names)
        self.device_bytes = sum(rows.nbytes for rows in self._rows.values())

    def take(self) -> int:
        """As `Slots.take`."""
        slot = self._places.take()
        for rows in self._rows.values():
            rows[slot] = 0
        return slot

    def free(self, slot: int) -> None:
        """As `Slots.free`."""
        self._places.free(slot)

    def put(self, slot: int, name: str, row: Array) -> None:
        """As `Slots.put`."""
        self._places.check([slot])
        self._rows[name][slot] = checked_row(self._network.name, self._tensors[name], row)

    def row(self, slot: int, name: str) -> Array:
        """What is held, without the batch axis; the next run writes over it. Raises BadFeeds."""
        self._places.check([slot])
        found: Array = self._rows[name][slot]
        return found

    def run(
        self, outputs: Sequence[str] | None, feeds: Feeds, slots: Sequence[int], *, keep: bool
    ) -> list[Array]:
        """As `Slots.run`."""
        self._places.check(slots)
        at = list(slots)
        if any(len(value) != len(at) for value in feeds.values()):
            raise BadFeeds(f"{self._network.name}: {len(at)} slots, fed another number of rows")
        held = {name: rows[at] for name, rows in self._rows.items() if name not in feeds}
        wanted = tuple(each.name for each in self._network.outputs) if outputs is None else outputs
        every = (*wanted, *self._keep.values()) if keep else tuple(wanted)
        found = self._network.run(every, {**feeds, **held})
        if keep:
            for name, rows in zip(self._keep, found[len(wanted) :], strict=True):
                self._rows[name][at] = rows
        return found[: len(wanted)]
