"""Slots of a network that another is to follow: in this process first, then where that runs.

The thread that runs the network; room for them is made on any.
Never moves rows within a run, and never back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from engines.backends.base import Array, Feeds, Network, OutOfDeviceMemory
from engines.backends.slots import HoldingNetwork, HostSlots, Places, Slots

log = logging.getLogger(__name__)


class Switching(Network, Protocol):
    """The network, as its slots see it."""

    def switch(self) -> None:
        """As `SwitchingNetwork.switch`."""


class MovingSlots:
    """`Slots` of a `SwitchingNetwork`."""

    def __init__(
        self, network: Switching, names: Sequence[str], keep: Mapping[str, str], count: int
    ) -> None:
        """As `HoldingNetwork.slots`."""
        self.names = tuple(names)
        self.offered: Slots | None = None
        """Where rows go at the next run; set by any thread, once."""
        self._network, self._keep, self._count = network, dict(keep), count
        self._places = Places(network.name, count)
        self._here: HostSlots | None = HostSlots(network, names, keep, count)
        self._now: Slots = self._here
        self._at: dict[int, int] = {}
        """The slot that each is in `_now`."""

    @property
    def device_bytes(self) -> int:
        """As `Slots.device_bytes`."""
        return self._now.device_bytes

    def room_in(self, network: Network) -> Slots | None:
        """Any thread: as many in what follows; None, with a warning: they stay in this process."""
        if not isinstance(network, HoldingNetwork):
            return None
        try:
            return network.slots(self.names, self._keep, self._count)
        except OutOfDeviceMemory as error:
            log.warning("sessions' rows stay on the processor", extra={"reason": str(error)})
            return None

    def take(self) -> int:
        """As `Slots.take`."""
        slot = self._places.take()
        self._at[slot] = self._now.take()
        return slot

    def free(self, slot: int) -> None:
        """As `Slots.free`."""
        self._places.free(slot)
        self._now.free(self._at.pop(slot))

    def put(self, slot: int, name: str, row: Array) -> None:
        """As `Slots.put`."""
        self._places.check([slot])
        self._now.put(self._at[slot], name, row)

    def run(
        self, outputs: Sequence[str] | None, feeds: Feeds, slots: Sequence[int], *, keep: bool
    ) -> list[Array]:
        """As `Slots.run`."""
        self._places.check(slots)
        self._network.switch()
        if self._here is not None and self.offered is not None:
            self._move(self._here, self.offered)
        return self._now.run(outputs, feeds, [self._at[slot] for slot in slots], keep=keep)

    def _move(self, here: HostSlots, there: Slots) -> None:
        moved = {slot: there.take() for slot in self._at}
        for slot, to in moved.items():
            for name in self.names:
                there.put(to, name, here.row(self._at[slot], name))
        self._now, self._at, self._here = there, moved, None
