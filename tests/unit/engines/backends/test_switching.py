"""Serving by one back-end while another gets ready, with jobs that run when the test says."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np
import pytest

from engines.backends.base import Array, BackendError, Model, Network, OutOfDeviceMemory
from engines.backends.fake import FakeBackend
from engines.backends.plans import NoPlan
from engines.backends.switching import SwitchingBackend, SwitchingNetwork, in_thread
from tests.support.tiny_graph import batched, static

FEEDS: dict[str, Array] = {
    "picture": np.ones((1, 3, 4, 6), np.float32),
    "bias": np.ones((1, 4, 1, 1), np.float32),
}


class Plans(FakeBackend):
    """A fake that is another kind, and whose networks say so."""

    kind = "plans"

    def __init__(self, error: BackendError | None = None) -> None:
        super().__init__()
        self.error = error
        self.made: list[Network] = []

    def load(self, model: Model) -> Network:
        if self.error is not None:
            raise self.error
        network = super().load(Model(f"{model.name}'", model.graph))
        self.made.append(network)
        return network


class Jobs:
    """A `Start` that starts when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], None]) -> None:
        self.waiting.append(job)

    def finish(self) -> None:
        while self.waiting:
            self.waiting.pop()()


def test_it_serves_at_once_and_switches_at_the_next_run_after_it_is_ready() -> None:
    jobs, then = Jobs(), Plans()
    backend = SwitchingBackend(FakeBackend(), then, jobs)
    network = backend.load(batched())
    before = network.run(None, FEEDS)[0]
    assert backend.kind == "fake"
    jobs.finish()
    assert backend.kind == "fake", "not before a run"
    after = network.run(None, FEEDS)[0]
    assert backend.kind == "plans"
    np.testing.assert_array_equal(after, then.made[0].run(None, FEEDS)[0])
    assert not np.array_equal(before, after)


def test_the_first_is_closed_when_the_other_serves() -> None:
    first, jobs = FakeBackend(), Jobs()
    inner: list[Network] = []
    load = first.load
    first.load = lambda model: inner.append(load(model)) or inner[-1]  # type: ignore[func-returns-value,method-assign]
    network = SwitchingBackend(first, Plans(), jobs).load(batched())
    jobs.finish()
    network.run(None, FEEDS)
    with pytest.raises(BackendError, match="after it was closed"):
        inner[0].run(None, FEEDS)


def test_what_does_not_get_ready_is_told_and_service_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    jobs = Jobs()
    why = NoPlan("renderer/mouth: no plan; run: synchrorama plan build renderer/mouth")
    backend = SwitchingBackend(FakeBackend(), Plans(why), jobs)
    network = backend.load(batched())
    with caplog.at_level(logging.INFO):
        jobs.finish()
        network.run(None, FEEDS)
    assert backend.errors == (why,) and backend.kind == "fake"
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "plan build" in record.__dict__["reason"] and record.__dict__["on"] == "fake"


def test_networks_switch_each_at_its_own_time() -> None:
    jobs = Jobs()
    backend = SwitchingBackend(FakeBackend(), Plans(), jobs)
    network = backend.load(batched())
    jobs.finish()
    network.run(None, FEEDS)
    backend.load(static())
    assert backend.kind == "fake, plans"


def test_a_fault_after_the_switch_is_not_hidden_by_going_back() -> None:
    jobs = Jobs()
    then = FakeBackend(fault=lambda name, run: OutOfDeviceMemory("full"))
    network = SwitchingBackend(FakeBackend(), then, jobs).load(batched())
    network.run(None, FEEDS)
    jobs.finish()
    for _ in range(2):
        with pytest.raises(OutOfDeviceMemory):
            network.run(None, FEEDS)


def test_what_is_ready_after_the_close_is_closed_too() -> None:
    jobs, then = Jobs(), Plans()
    backend = SwitchingBackend(FakeBackend(), then, jobs)
    network = backend.load(batched())
    network.close()
    jobs.finish()
    with pytest.raises(BackendError, match="after it was closed"):
        then.made[0].run(None, FEEDS)
    with pytest.raises(BackendError, match="after it was closed"):
        network.run(None, FEEDS)


def test_an_offer_that_never_served_is_closed_with_the_rest() -> None:
    jobs, then = Jobs(), Plans()
    network = SwitchingBackend(FakeBackend(), then, jobs).load(batched())
    jobs.finish()
    network.close()
    with pytest.raises(BackendError, match="after it was closed"):
        then.made[0].run(None, FEEDS)


def test_it_takes_and_gives_what_the_serving_one_does() -> None:
    inner = FakeBackend().load(batched())
    network = SwitchingNetwork(inner, "fake")
    assert (network.name, network.inputs, network.outputs) == (
        inner.name, inner.inputs, inner.outputs,
    )  # fmt: skip


def test_the_usual_start_is_a_thread_that_does_not_hold_the_process() -> None:
    seen: list[threading.Thread] = []
    done = threading.Event()

    def job() -> None:
        seen.append(threading.current_thread())
        done.set()

    in_thread(job)
    assert done.wait(5)
    assert seen[0] is not threading.current_thread() and seen[0].daemon
