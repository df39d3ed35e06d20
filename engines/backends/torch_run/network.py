"""A network of a program, with memory that is taken once: run by batch bucket, as plans are.

The thread that owns the place.
Never grows after it was made: on a card every bucket is recorded at load, the largest first.

What is fed is filled up to the next bucket, copied, computed and copied back; on a card computing
is one CUDA graph a bucket. Copies stay outside it, each as large as what is fed; so do the rows of
sessions, which are gathered before it and kept after it on the device (`slots`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from engines.backends.slots import Slots, held_tensors
from engines.backends.torch_run.place import Place, Work, errors
from engines.backends.torch_run.program import Program
from engines.backends.torch_run.slots import Move, TorchSlots


@dataclass(slots=True)
class Port:
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
        self._ports: dict[str, Port] = {}
        self._held: list[TorchSlots] = []
        self._open = True
        with errors(row.name), torch.inference_mode():
            _check_axes(self.inputs)
            self._make_ports()
            for size in sorted(_sizes(row.axis), reverse=True):
                self._graphs[size] = place.recorded(row.name, partial(self._compute, size))

    @property
    def device_bytes(self) -> int:
        """Of inputs, outputs, constants and slots; what lies between is the place's."""
        sides = [port.device for port in self._ports.values()]
        here = sum(each.numel() * each.element_size() for each in sides)
        return self._program.bytes + here + sum(each.device_bytes for each in self._held)

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As `Network.run`."""
        self._check_open()
        names = checked(self, outputs, feeds)
        return self._run(names, feeds, self._count(feeds), (_nothing, _nothing))

    def slots(self, names: Sequence[str], keep: Mapping[str, str], count: int) -> Slots:
        """As `HoldingNetwork.slots`."""
        self._check_open()
        tensors = held_tensors(self, names, keep)
        if not self._axis.buckets:
            raise BadFeeds(f"{self.name}: rows of what has no batch cannot be held")
        inside = {name: self._ports[name].device for name in (*names, *keep.values())}
        made = TorchSlots(self, self._place, tensors, keep, count, inside, self._axis.buckets)
        self._held.append(made)
        return made

    def run_held(
        self,
        outputs: Sequence[str] | None,
        feeds: Feeds,
        held: frozenset[str],
        count: int,
        moves: tuple[Move, Move],
    ) -> list[Array]:
        """For `TorchSlots`: a run of `count` rows; `moves` bring the inputs `held`, and keep."""
        self._check_open()
        names = checked(self, outputs, feeds, held)
        if feeds and self._count(feeds) != count:
            raise BadFeeds(f"{self.name}: {count} slots, fed {self._count(feeds)} rows")
        return self._run(names, feeds, count, moves)

    def _run(
        self, names: Sequence[str], feeds: Feeds, count: int, moves: tuple[Move, Move]
    ) -> list[Array]:
        axis, (before, after) = self._axis, moves
        if not axis.least <= count <= axis.most:
            raise BadFeeds(f"{self.name}: {count} rows, wanted {axis.least} to {axis.most}")
        size = bucket_of(count, axis.buckets) if axis.buckets else count
        with torch.inference_mode(), self._place.turn(self.name) as wait:
            for name, value in feeds.items():
                self._upload(self._ports[name], value, size)
            before(size)
            work = self._graphs.get(size)
            if work is None:
                self._compute(size)
            else:
                work()
            after(size)
            for name in names:
                self._download(self._ports[name], count)
            wait()
            # Within the turn: the next one, of another thread, writes over it.
            return [self._result(self._ports[name], count) for name in names]

    def _check_open(self) -> None:
        if not self._open:
            raise BackendError(f"{self.name}: run after it was closed; load it again")

    def close(self) -> None:
        """As `Network.close`."""
        self._open = False
        self._graphs.clear()
        while self._held:
            self._held.pop().close()
        self._ports.clear()
        self._program.close()
        self._place.give_back()

    def _count(self, feeds: Feeds) -> int:
        sizes = {
            feeds[each.name].shape[0]
            for each in self.inputs
            if DYNAMIC in each.shape and each.name in feeds
        }
        if len(sizes) > 1:
            raise BadFeeds(f"{self.name}: inputs of {sorted(sizes)} rows, wanted one number")
        return int(sizes.pop()) if sizes else 1

    def _make_ports(self) -> None:
        """Of inputs by what may be fed; of outputs by what a run of the least size gives."""
        least, place = self._axis.least, self._place
        with place.turn(self.name):
            for each in self.inputs:
                self._ports[each.name] = self._port(each, each.shape, getattr(torch, each.dtype))
            feeds = {n: port.part(port.device, least) for n, port in self._ports.items()}
            for name, value in self._program.run(feeds).items():
                spec = next(each for each in self.outputs if each.name == name)
                sizes = (DYNAMIC, *value.shape[1:]) if DYNAMIC in spec.shape else value.shape
                self._ports[name] = self._port(spec, sizes, value.dtype)

    def _port(self, spec: Spec, sizes: Sequence[int], dtype: torch.dtype) -> Port:
        shape = [self._axis.most if size == DYNAMIC else size for size in sizes]
        device = torch.zeros(shape, dtype=dtype, device=self._place.device)
        return Port(device, self._place.on_host(shape, dtype), DYNAMIC in spec.shape)

    def _compute(self, size: int) -> None:
        feeds = {
            each.name: self._ports[each.name].part(self._ports[each.name].device, size)
            for each in self.inputs
        }
        for name, value in self._program.run(feeds).items():
            port = self._ports[name]
            port.part(port.device, size).copy_(value)

    def _upload(self, port: Port, value: Array, size: int) -> None:
        here, there = port.part(port.host, len(value)), port.part(port.device, len(value))
        # numpy copies: torch would complain of arrays that may not be written.
        np.copyto(here.numpy(), value)
        there.copy_(here, non_blocking=True)
        if port.batched and size > len(value):
            # Rows nobody reads: zeros, so that they are numbers whatever ran before.
            port.device[len(value) : size].zero_()

    def _download(self, port: Port, count: int) -> None:
        port.part(port.host, count).copy_(port.part(port.device, count), non_blocking=True)

    def _result(self, port: Port, count: int) -> Array:
        found: Array = port.part(port.host, count).numpy().copy()
        return found


def _nothing(size: int) -> None:
    """Nothing is held: every input is fed."""


def _sizes(axis: Axis) -> tuple[int, ...]:
    """Those that are recorded: of a network of words, none, since it has hundreds."""
    return axis.buckets or ((axis.least,) if axis.least == axis.most else ())


def _check_axes(tensors: tuple[Spec, ...]) -> None:
    for each in tensors:
        if DYNAMIC in each.shape[1:]:
            raise BadGraph(f"{each.name} of {list(each.shape)}: only its first size may change")
