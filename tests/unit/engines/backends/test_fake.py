"""The fake: delays and faults come when they are told to, numbers depend on nothing but the row."""

from __future__ import annotations

import numpy as np
import pytest

from engines.backends.base import Array, BackendError, CardLost, OutOfDeviceMemory
from engines.backends.fake import FakeBackend
from tests.support.tiny_graph import batched, static


def feeds(count: int, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "picture": rng.uniform(0, 1, (count, 3, 4, 6)).astype(np.float32),
        "bias": rng.uniform(0, 1, (count, 4, 1, 1)).astype(np.float32),
    }


def test_a_run_takes_what_its_batch_costs() -> None:
    slept: list[float] = []
    backend = FakeBackend(delay_s=lambda batch: 0.002 + 0.001 * batch, sleep=slept.append)
    network = backend.load(batched())
    assert slept == [], "loading is no run"
    network.run(None, feeds(3))
    network.run(None, feeds(1))
    assert slept == pytest.approx([0.005, 0.003])


def test_a_fault_comes_at_its_run_and_passes() -> None:
    def fault(name: str, run: int) -> BackendError | None:
        return OutOfDeviceMemory("full") if run == 1 else None

    network = FakeBackend(fault=fault).load(batched())
    (first, _) = network.run(None, feeds(1))
    with pytest.raises(OutOfDeviceMemory, match="full"):
        network.run(None, feeds(1))
    (again, _) = network.run(None, feeds(1))
    np.testing.assert_array_equal(first, again)


def test_a_lost_card_stays_lost_for_all_its_networks() -> None:
    lost = CardLost("gone")
    backend = FakeBackend(fault=lambda name, run: lost if name == "lips/lips" else None)
    mouth, lips = backend.load(batched()), backend.load(static())
    mouth.run(None, feeds(1))
    with pytest.raises(CardLost):
        lips.run(None, {name: np.zeros((1, 6), np.float32) for name in ("state", "sound")})
    with pytest.raises(CardLost):
        mouth.run(None, feeds(1))


def test_rows_depend_on_their_own_inputs_and_on_which_network_it_is() -> None:
    backend = FakeBackend()
    mouth, other = backend.load(batched()), backend.load(batched("renderer/eye_reference"))
    both = feeds(2)
    (before, _) = mouth.run(None, both)
    both["picture"][1] += 1
    (after, _) = mouth.run(None, both)
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])
    assert not np.array_equal(other.run(None, both)[0], after)
    assert np.abs(after).max() <= 0.5
