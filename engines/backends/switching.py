"""One back-end serves while a better one gets ready: plans are built beside ONNX Runtime's work.

Networks run on the engine thread; getting ready happens wherever `start` puts it.
Never switches within a run, never back, and never in silence: each change is told in the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from engines.backends.base import (
    Array,
    Backend,
    BackendError,
    Feeds,
    Model,
    Network,
    Tensor,
)
from engines.backends.runs import Runs
from engines.backends.slots import Slots
from engines.backends.switching_slots import MovingSlots

log = logging.getLogger(__name__)
Job = Callable[[], None]
Start = Callable[[Job], None]


def in_thread(job: Job) -> None:
    """A `Start`: a thread that ends with the process."""
    threading.Thread(target=job, name="plans", daemon=True).start()


class SwitchingNetwork:
    """Runs what it was given first until it is offered what is to follow."""

    def __init__(self, serving: Network, kind: str) -> None:
        self.kind = kind
        """Of the back-end that runs it now."""
        self.error: BackendError | None = None
        """Why there will be no other."""
        self._serving = serving
        self._next: tuple[Network, str] | None = None
        self._following: Network | None = None
        """What was offered, also when it serves."""
        self._held: list[MovingSlots] = []
        self._closed = False
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """As `Network.name`."""
        return self._serving.name

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """As `Network.inputs`."""
        return self._serving.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """As `Network.outputs`."""
        return self._serving.outputs

    @property
    def runs(self) -> Runs:
        """As `Network.runs`: of the one that serves now."""
        return self._serving.runs

    def offer(self, network: Network, kind: str) -> None:
        """Any thread: from the next run on this one serves, and holds the rows that are held."""
        with self._lock:
            if not self._closed:
                rooms = [each.room_in(network) for each in self._held]
                self._following, self._next = network, (network, kind)
                # Not before: rows must not be where nothing runs yet.
                for each, room in zip(self._held, rooms, strict=True):
                    each.offered = room
                return
        network.close()

    def run(self, outputs: Sequence[str] | None, feeds: Feeds) -> list[Array]:
        """As `Network.run`."""
        self.switch()
        return self._serving.run(outputs, feeds)

    def slots(self, names: Sequence[str], keep: Mapping[str, str], count: int) -> Slots:
        """As `HoldingNetwork.slots`, whoever serves: rows go where the following one runs."""
        with self._lock:
            made = MovingSlots(self, names, keep, count)
            if self._following is not None:
                made.offered = made.room_in(self._following)
            self._held.append(made)
        return made

    def close(self) -> None:
        """As `Network.close`."""
        with self._lock:
            self._closed = True
            following, self._next = self._next, None
        if following is not None:
            following[0].close()
        self._serving.close()

    def switch(self) -> None:
        """Between two runs: the following one serves, if there is one."""
        # Without the lock: that is held for as long as room for rows is made.
        if self._next is not None:
            self._switch()

    def _switch(self) -> None:
        with self._lock:
            following, self._next = self._next, None
        if following is None:
            return
        before, was = self._serving, self.kind
        self._serving, self.kind = following
        before.close()
        log.info("network switched", extra={"network": self.name, "was": was, "now": self.kind})


class SwitchingBackend:
    """Loads with `first` at once and with `then` when that is ready."""

    def __init__(self, first: Backend, then: Backend, start: Start = in_thread) -> None:
        self._first = first
        self._then = then
        self._start = start
        self._networks: list[SwitchingNetwork] = []

    @property
    def kind(self) -> str:
        """Of those that serve now, as "onnxruntime-cpu, tensorrt_rtx"."""
        kinds = sorted({network.kind for network in self._networks}) or [self._first.kind]
        return ", ".join(kinds)

    @property
    def errors(self) -> tuple[BackendError, ...]:
        """Why networks stay with the first back-end."""
        return tuple(network.error for network in self._networks if network.error is not None)

    def load(self, model: Model) -> Network:
        """As `Backend.load`, of the first; that of the second is told in `errors` and the log."""
        network = SwitchingNetwork(self._first.load(model), self._first.kind)
        self._networks.append(network)

        def prepare() -> None:
            try:
                network.offer(self._then.load(model), self._then.kind)
            except BackendError as error:
                network.error = error
                log.error(
                    "network stays where it is",
                    extra={"network": model.name, "on": network.kind, "reason": str(error)},
                )

        self._start(prepare)
        return network

    def close(self) -> None:
        """As `Backend.close`, of both."""
        for network in self._networks:
            network.close()
        self._first.close()
        self._then.close()
