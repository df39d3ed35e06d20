"""Slots of a torch network: one tensor where it runs for each held input, gathered by index.

The thread that runs the network. Memory is taken once, and told.
Never copies a held row through the processor, but where somebody puts one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from engines.backends.base import Array, BackendError, Feeds, Network
from engines.backends.base import Tensor as Spec
from engines.backends.slots import Places, checked_row
from engines.backends.torch_run.place import Place

Move: TypeAlias = Callable[[int], None]
"""Asks, within the network's turn, for what a run of a bucket so large needs before or after."""


class HeldNetwork(Network, Protocol):
    """The network, as its slots see it."""

    def run_held(
        self,
        outputs: Sequence[str] | None,
        feeds: Feeds,
        held: frozenset[str],
        count: int,
        moves: tuple[Move, Move],
    ) -> list[Array]:
        """As `TorchNetwork.run_held`."""


class TorchSlots:
    """`Slots` of a `TorchNetwork`."""

    def __init__(
        self,
        network: HeldNetwork,
        place: Place,
        tensors: Mapping[str, Spec],
        keep: Mapping[str, str],
        count: int,
        inside: Mapping[str, Tensor],
        buckets: tuple[int, ...],
    ) -> None:
        """`inside`: where the network has its inputs and outputs. Raises OutOfDeviceMemory."""
        self._network, self._place = network, place
        self._tensors, self._keep = dict(tensors), dict(keep)
        self._places = Places(network.name, count)
        self._inside = dict(inside)
        self.names = tuple(tensors)
        with torch.inference_mode(), place.turn(network.name):
            self._host = {
                name: place.on_host(each.shape[1:], getattr(torch, each.dtype))
                for name, each in tensors.items()
            }
            self._rows = {
                name: torch.zeros((count, *host.shape), dtype=host.dtype, device=place.device)
                for name, host in self._host.items()
            }
            self._index_host = place.on_host((buckets[-1],), torch.int64)
            self._index = torch.zeros(buckets[-1], dtype=torch.int64, device=place.device)
            # Kernels differ by size and come with their first use: no visitor waits for them.
            # What is written there is nobody's: a slot taken is all zeros.
            for size in buckets:
                self._gather(self.names, size, size)
                self._scatter(size)

    @property
    def device_bytes(self) -> int:
        """As `Slots.device_bytes`: of the rows; their index takes half a kilobyte."""
        return sum(rows.numel() * rows.element_size() for rows in self._rows.values())

    def take(self) -> int:
        """As `Slots.take`."""
        slot = self._places.take()
        with torch.inference_mode(), self._place.turn(self._network.name):
            for rows in self._rows.values():
                rows[slot].zero_()
        return slot

    def free(self, slot: int) -> None:
        """As `Slots.free`."""
        self._places.free(slot)

    def put(self, slot: int, name: str, row: Array) -> None:
        """As `Slots.put`."""
        self._places.check([slot])
        given = checked_row(self._network.name, self._tensors[name], row)
        with torch.inference_mode(), self._place.turn(self._network.name):
            if not self._rows:
                raise BackendError(f"{self._network.name}: its slots are closed; load it again")
            np.copyto(self._host[name].numpy(), given)
            self._rows[name][slot].copy_(self._host[name], non_blocking=True)

    def run(
        self, outputs: Sequence[str] | None, feeds: Feeds, slots: Sequence[int], *, keep: bool
    ) -> list[Array]:
        """As `Slots.run`."""
        self._places.check(slots)
        held = frozenset(name for name in self.names if name not in feeds)
        count = len(slots)

        def before(size: int) -> None:
            self._index_host[:count] = torch.tensor(slots)
            self._index[:count].copy_(self._index_host[:count], non_blocking=True)
            self._gather(held, count, size)

        def after(size: int) -> None:
            if keep:
                self._scatter(count)

        return self._network.run_held(outputs, feeds, held, count, (before, after))

    def close(self) -> None:
        """With the network: memory goes back."""
        self._rows.clear()
        self._host.clear()
        self._inside.clear()

    def _gather(self, names: Iterable[str], count: int, size: int) -> None:
        index = self._index[:count]
        for name in names:
            to = self._inside[name]
            torch.index_select(self._rows[name], 0, index, out=to[:count])
            if size > count:
                # Rows nobody reads: zeros, so that they are numbers whatever ran before.
                to[count:size].zero_()

    def _scatter(self, count: int) -> None:
        index = self._index[:count]
        for name, out in self._keep.items():
            rows = self._rows[name]
            # What a network gives may be of another type than what it takes.
            rows.index_copy_(0, index, self._inside[out][:count].to(rows.dtype))
