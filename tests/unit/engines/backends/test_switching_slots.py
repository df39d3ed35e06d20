"""Rows that go over when the network changes hands, between two runs and once."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from engines.backends.base import BadFeeds, CardLost, Network
from engines.backends.ort import OrtBackend
from engines.backends.plan_store import PlanStore
from engines.backends.slots import HoldingNetwork, HostSlots, Slots
from engines.backends.switching import SwitchingBackend, SwitchingNetwork
from engines.backends.switching_slots import MovingSlots
from engines.values import F32
from tests.support.fake_cuda import LOST, FakeCudart, FakeTrt, fake_trt
from tests.support.tiny_graph import remembering

NAMES, KEEP, COUNT = ("previous", "person"), {"previous": "residual"}, 4


def card(trt: FakeTrt, folder: Path, cudart: FakeCudart | None = None) -> Network:
    store = PlanStore(folder)
    trt.put_plan(store, remembering())
    return trt.backend(store, trt.cudart if cudart is None else cudart).load(remembering())


def serving() -> SwitchingNetwork:
    return SwitchingNetwork(OrtBackend().load(remembering()), "onnxruntime-cpu")


def run(slots: Slots, held: list[int], value: float = 1.0) -> F32:
    feeds = {"seen": np.full((len(held), 2, 3), value, np.float32)}
    out: F32 = slots.run(None, feeds, held, keep=True)[0]
    return out


def person(slots: Slots, slot: int, value: float) -> None:
    slots.put(slot, "person", np.full((2, 1), value, np.float32))


def test_sessions_go_on_where_they_were_and_others_come_and_go(tmp_path: Path) -> None:
    trt = fake_trt()
    network, plain = serving(), HostSlots(OrtBackend().load(remembering()), NAMES, KEEP, COUNT)
    slots = network.slots(NAMES, KEEP, COUNT)
    both = (slots, plain)
    # What is left is not what it was counted from: the slots there have other numbers.
    first, second, third = (slots.take() for _ in range(3))
    assert [plain.take() for _ in range(3)] == [first, second, third]
    for each in both:
        each.free(first)
        person(each, second, 0.3)
        person(each, third, 0.7)
        run(each, [third, second])
    network.offer(card(trt, tmp_path), "tensorrt")
    for frame in range(4):
        if frame == 1:
            # With the rows where they are now.
            assert [each.take() for each in both] == [first, first]
            for each in both:
                person(each, first, 0.9)
        held = [third, first, second] if frame else [second, third]
        np.testing.assert_array_equal(run(slots, held, frame), run(plain, held, frame))
    assert network.kind == "tensorrt"
    for each in both:
        each.free(second)
        assert each.take() == second
    np.testing.assert_array_equal(run(slots, [second]), np.zeros((1, 2, 3), np.float32))


def test_room_is_made_when_it_is_offered_and_rows_go_at_the_next_run(tmp_path: Path) -> None:
    trt, network = fake_trt(), serving()
    slots = network.slots(NAMES, KEEP, COUNT)
    slot = slots.take()
    following = card(trt, tmp_path)
    before = trt.cudart.used
    network.offer(following, "tensorrt")
    assert trt.cudart.used == before + slots.device_bytes
    ran = len(trt.cudart.calls)
    person(slots, slot, 1)
    assert len(trt.cudart.calls) == ran, "not before a run"
    assert (run(slots, [slot]) == 1).all() and (run(slots, [slot]) == 1.5).all()
    assert len(trt.cudart.calls) > ran and network.kind == "tensorrt"


def test_a_run_of_somebody_elses_switches_and_the_rows_follow(tmp_path: Path) -> None:
    """Pictures that nobody keeps rows for are drawn on other threads."""
    trt, network = fake_trt(), serving()
    slots = network.slots(NAMES, KEEP, COUNT)
    slot = slots.take()
    person(slots, slot, 1)
    run(slots, [slot])
    network.offer(card(trt, tmp_path), "tensorrt")
    feeds = {each.name: np.ones((1, *each.shape[1:]), np.float32) for each in network.inputs}
    network.run(None, feeds)
    assert network.kind == "tensorrt"
    assert (run(slots, [slot]) == 1.5).all()


def test_slots_asked_for_late_go_there_too(tmp_path: Path) -> None:
    trt, network = fake_trt(), serving()
    network.offer(card(trt, tmp_path), "tensorrt")
    before = trt.cudart.used
    slots = network.slots(NAMES, KEEP, COUNT)
    assert trt.cudart.used > before
    slot = slots.take()
    person(slots, slot, 2)
    assert (run(slots, [slot]) == 2).all() and network.kind == "tensorrt"


def test_one_that_holds_nothing_is_fed_from_here() -> None:
    network = serving()
    slots = network.slots(NAMES, KEEP, COUNT)
    slot = slots.take()
    person(slots, slot, 1)
    run(slots, [slot])
    network.offer(OrtBackend().load(remembering()), "onnxruntime-cuda")
    assert (run(slots, [slot]) == 1.5).all() and network.kind == "onnxruntime-cuda"


def test_no_room_is_told_and_the_rows_stay_while_the_plan_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trt, network = fake_trt(), serving()
    slots = network.slots(NAMES, KEEP, 1 << 13)
    slot = slots.take()
    person(slots, slot, 1)
    with caplog.at_level(logging.WARNING):
        network.offer(card(trt, tmp_path, FakeCudart(total=1 << 16)), "tensorrt")
    assert "stay on the processor" in caplog.records[0].message
    assert (run(slots, [slot]) == 1).all() and (run(slots, [slot]) == 1.5).all()
    assert network.kind == "tensorrt"


def test_a_card_lost_while_room_is_made_keeps_service_where_it_is(tmp_path: Path) -> None:
    trt, network = fake_trt(), serving()
    slots = network.slots(NAMES, KEEP, COUNT)
    slot = slots.take()
    person(slots, slot, 1)
    following = card(trt, tmp_path)
    trt.cudart.codes["cudaStreamSynchronize"] = LOST
    with pytest.raises(CardLost):
        network.offer(following, "tensorrt")
    assert (run(slots, [slot]) == 1).all() and network.kind == "onnxruntime-cpu"


def test_what_is_not_taken_is_refused_wherever_rows_are(tmp_path: Path) -> None:
    network = SwitchingBackend(
        OrtBackend(), SwitchingTo(card(fake_trt(), tmp_path)), start=lambda job: job()
    ).load(remembering())
    assert isinstance(network, HoldingNetwork)
    slots = network.slots(NAMES, KEEP, COUNT)
    assert isinstance(slots, MovingSlots)
    slot = slots.take()
    for _ in range(2):
        for refused in (lambda: person(slots, slot + 1, 1), lambda: run(slots, [slot, slot])):
            with pytest.raises(BadFeeds, match="wanted taken ones"):
                refused()
        run(slots, [slot])


class SwitchingTo:
    """A back-end with one network that is there already."""

    kind = "tensorrt"

    def __init__(self, network: Network) -> None:
        self._network = network

    def load(self, model: object) -> Network:
        return self._network

    def close(self) -> None:
        self._network.close()
