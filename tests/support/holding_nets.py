"""The renderer's nets, held as on a card but by ONNX Runtime and this process's memory.

Test support. Never looks like a face: the nets are untrained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engines.backends.base import Array, Feeds, Network
from engines.backends.runs import Runs
from engines.backends.slots import HostSlots, Slots
from engines.render.nets import RendererNets
from tests.support.tiny_renderer import tiny_nets


class Holding:
    """A network with room for rows."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.name, self.inputs, self.outputs = network.name, network.inputs, network.outputs

    @property
    def runs(self) -> Runs:
        """As that inside."""
        return self._network.runs

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As that inside."""
        return self._network.run(outputs, feeds)

    def close(self) -> None:
        """Nothing: others use it."""

    def slots(self, names: Sequence[str], keep: Mapping[str, str], count: int) -> Slots:
        """As `HoldingNetwork.slots`."""
        return HostSlots(self._network, names, keep, count)


def holding_nets(sessions: int, nets: RendererNets | None = None) -> RendererNets:
    """Nets (None: `tiny_nets`) with room for so many."""
    nets = tiny_nets() if nets is None else nets
    held: dict[str, Network] = {name: Holding(network) for name, network in nets.sessions.items()}
    return replace(nets, sessions=held).hold(sessions)
