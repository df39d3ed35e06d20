"""A network of a program, with memory that is taken once: run by batch bucket, as plans are.

The thread that owns the place.
Never grows after it was made: on a card every bucket is recorded at load, the largest first.

What is fed is filled up to the next bucket, copied, computed and copied back; on a card computing
is one CUDA graph a bucket. Copies stay outside it, each as large as what is fed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engines.backends.base import (
    DYNAMIC,
    Array,
    BackendError,
    BadFeeds,
    BadGraph,
    Feeds,
    checked,
)
from engines.backends.base import Tensor as Spec
from engines.backends.networks import Axis, NetworkRow, bucket_of
from engines.backends.runs import Runs
from engines.backends.torch_run.place import Place, Work, errors
from engines.backends.torch_run.program import Program


@dataclass(slots=True)
class Slot:
    """Where one input or output lies, here and on the device, at its largest."""

    device: Tensor
    host: Tensor
    batched: bool
    """Whether its first size is the one that changes."""

    def part(self, side: Tensor, size: int) -> Tensor:
        """What a run of `size` rows has of one side."""
        return side[:size] if self.batched else side


class TorchNetwork:
    """A program on a place."""

    def __init__(self, row: NetworkRow, program: Program, place: Place, runs: Runs) -> None:
        """Takes all memory that it will use, and runs every bucket.

        Raises OutOfDeviceMemory, BadGraph, CardLost.
        """
        self.name, self.runs = row.name, runs
        self.inputs, self.outputs = program.inputs, program.outputs
        self._axis, self._program, self._place = row.axis, program, place
        self._graphs: dict[int, Work] = {}
        self._slots: dict[str, Slot] = {}
        self._open = True
        with errors(row.name), torch.inference_mode():
            _check_axes(self.inputs)
            self._make_slots()
            for size in sorted(_sizes(row.axis), reverse=True):
                self._graphs[size] = place.recorded(row.name, partial(self._compute, size))

    @property
    def device_bytes(self) -> int:
        """Of inputs, outputs and constants; what lies between is the place's."""
        sides = [slot.device for slot in self._slots.values()]
        return self._program.bytes + sum(each.numel() * each.element_size() for each in sides)

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As `Network.run`."""
        if not self._open:
            raise BackendError(f"{self.name}: run after it was closed; load it again")
        names = checked(self, outputs, feeds)
        count, axis = self._count(feeds), self._axis
        if not axis.least <= count <= axis.most:
            raise BadFeeds(f"{self.name}: {count} rows, wanted {axis.least} to {axis.most}")
        size = bucket_of(count, axis.buckets) if axis.buckets else count
        with torch.inference_mode(), self._place.turn(self.name) as wait:
            for each in self.inputs:
                self._upload(self._slots[each.name], feeds[each.name], size)
            work = self._graphs.get(size)
            if work is None:
                self._compute(size)
            else:
                work()
            for name in names:
                self._download(self._slots[name], count)
            wait()
            # Within the turn: the next one, of another thread, writes over it.
            return [self._result(self._slots[name], count) for name in names]

    def close(self) -> None:
        """As `Network.close`."""
        self._open = False
        self._graphs.clear()
        self._slots.clear()
        self._program.close()
        self._place.give_back()

    def _count(self, feeds: Feeds) -> int:
        sizes = {feeds[each.name].shape[0] for each in self.inputs if DYNAMIC in each.shape}
        if len(sizes) > 1:
            raise BadFeeds(f"{self.name}: inputs of {sorted(sizes)} rows, wanted one number")
        return int(sizes.pop()) if sizes else 1

    def _make_slots(self) -> None:
        """Of inputs by what may be fed; of outputs by what a run of the least size gives."""
        least, place = self._axis.least, self._place
        with place.turn(self.name):
            for each in self.inputs:
                self._slots[each.name] = self._slot(each, each.shape, getattr(torch, each.dtype))
            feeds = {n: slot.part(slot.device, least) for n, slot in self._slots.items()}
            for name, value in self._program.run(feeds).items():
                spec = next(each for each in self.outputs if each.name == name)
                sizes = (DYNAMIC, *value.shape[1:]) if DYNAMIC in spec.shape else value.shape
                self._slots[name] = self._slot(spec, sizes, value.dtype)

    def _slot(self, spec: Spec, sizes: Sequence[int], dtype: torch.dtype) -> Slot:
        shape = [self._axis.most if size == DYNAMIC else size for size in sizes]
        device = torch.zeros(shape, dtype=dtype, device=self._place.device)
        return Slot(device, self._place.on_host(shape, dtype), DYNAMIC in spec.shape)

    def _compute(self, size: int) -> None:
        feeds = {
            each.name: self._slots[each.name].part(self._slots[each.name].device, size)
            for each in self.inputs
        }
        for name, value in self._program.run(feeds).items():
            slot = self._slots[name]
            slot.part(slot.device, size).copy_(value)

    def _upload(self, slot: Slot, value: Array, size: int) -> None:
        here, there = slot.part(slot.host, len(value)), slot.part(slot.device, len(value))
        # numpy copies: torch would complain of arrays that may not be written.
        np.copyto(here.numpy(), value)
        there.copy_(here, non_blocking=True)
        if slot.batched and size > len(value):
            # Rows nobody reads: zeros, so that they are numbers whatever ran before.
            slot.device[len(value) : size].zero_()

    def _download(self, slot: Slot, count: int) -> None:
        slot.part(slot.host, count).copy_(slot.part(slot.device, count), non_blocking=True)

    def _result(self, slot: Slot, count: int) -> Array:
        found: Array = slot.part(slot.host, count).numpy().copy()
        return found


def _sizes(axis: Axis) -> tuple[int, ...]:
    """Those that are recorded: of a network of words, none, since it has hundreds."""
    return axis.buckets or ((axis.least,) if axis.least == axis.most else ())


def _check_axes(tensors: tuple[Spec, ...]) -> None:
    for each in tensors:
        if DYNAMIC in each.shape[1:]:
            raise BadGraph(f"{each.name} of {list(each.shape)}: only its first size may change")
