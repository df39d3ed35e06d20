"""What holds rows for a network keeps them apart, whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engines.backends.base import BadFeeds, LibraryMissing, NoCard, NoDriver, OutOfDeviceMemory
from engines.backends.cuda import Cuda
from engines.backends.fake import FakeBackend
from engines.backends.networks import NETWORKS
from engines.backends.ort import OrtBackend
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from engines.backends.slots import HoldingNetwork, HostSlots, Slots
from engines.backends.switching import SwitchingBackend
from engines.backends.torch_backend import TorchBackend
from engines.backends.trt import TrtBackend
from engines.values import F32
from tests.support.fake_cuda import FakeCudart, fake_trt
from tests.support.tiny_graph import remembering

NAMES = ("previous", "person")
KEEP = {"previous": "residual"}
COUNT = 6
Make = Callable[[Any], HoldingNetwork]


class OnHost:
    """ONNX Runtime, with slots of this process."""

    def __init__(self, folder: Any) -> None:
        self._network = OrtBackend().load(remembering())

    def slots(self, names: Any, keep: Any, count: int) -> Slots:
        return HostSlots(self._network, names, keep, count)


def on_a_made_up_card(folder: Any) -> HoldingNetwork:
    trt, store = fake_trt(), PlanStore(folder)
    trt.put_plan(store, remembering())
    found = trt.backend(store, FakeCudart()).load(remembering())
    assert isinstance(found, HoldingNetwork)
    return found


def on_the_way_to_a_made_up_card(folder: Any) -> HoldingNetwork:
    """Rows are put in this process, and go over at the first run."""
    trt, store = fake_trt(), PlanStore(folder)
    trt.put_plan(store, remembering())
    plans = trt.backend(store, FakeCudart())
    found = SwitchingBackend(OrtBackend(), plans, start=lambda job: job()).load(remembering())
    assert isinstance(found, HoldingNetwork)
    return found


def on_a_card(folder: Any) -> HoldingNetwork:
    try:
        builder = Builder.of(Cuda().card().capability)
    except (LibraryMissing, NoDriver, NoCard) as error:
        pytest.skip(f"not run: {error}")
    store, model = PlanStore(folder), remembering()
    builder.build(NETWORKS[model.name], model, store)
    found = TrtBackend(store).load(model)
    assert isinstance(found, HoldingNetwork)
    return found


def torch_on_the_processor(folder: Any) -> HoldingNetwork:
    pytest.importorskip("torch")
    return of_torch(TorchBackend())


def torch_on_a_made_up_card(folder: Any) -> HoldingNetwork:
    pytest.importorskip("torch")
    from tests.support.fake_torch_cuda import made_up_card

    return of_torch(TorchBackend(place=made_up_card()))


def torch_on_a_card(folder: Any) -> HoldingNetwork:
    try:
        return of_torch(TorchBackend("cuda"))
    except (LibraryMissing, NoDriver, NoCard) as error:
        pytest.skip(f"not run: {error}")


def of_torch(backend: TorchBackend) -> HoldingNetwork:
    found = backend.load(remembering())
    assert isinstance(found, HoldingNetwork)
    return found


HERE: tuple[Make, ...] = (
    OnHost,
    on_a_made_up_card,
    on_the_way_to_a_made_up_card,
    torch_on_the_processor,
    torch_on_a_made_up_card,
)
NETS = (*HERE, on_a_card, torch_on_a_card)


@pytest.fixture(params=NETS, ids=lambda make: make.__name__)
def slots(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slots]:
    make: Make = request.param
    yield make(tmp_path_factory.mktemp("plans")).slots(NAMES, KEEP, COUNT)


def row(value: float, *shape: int) -> F32:
    return np.full(shape or (2, 3), value, np.float32)


def person(value: float) -> F32:
    return row(value, 2, 1)


def run(slots: Slots, held: list[int], seen: list[float], *, keep: bool = True) -> list[float]:
    (found,) = slots.run(["residual"], {"seen": np.stack([row(x) for x in seen])}, held, keep=keep)
    assert found.shape == (len(held), 2, 3)
    assert all((each == each[0, 0]).all() for each in found)
    return [float(each[0, 0]) for each in found]


def test_each_row_meets_what_its_slot_holds_in_any_order(slots: Slots) -> None:
    one, two, three = (slots.take() for _ in range(3))
    for slot, value in ((one, 1.0), (two, 2.0), (three, 4.0)):
        slots.put(slot, "person", person(value))
    assert run(slots, [three, one, two], [1, 1, 1]) == [4, 1, 2]
    # (seen + previous / 2) x person
    assert run(slots, [one, two], [0, 0]) == [0.5, 2]
    assert run(slots, [two, three, one], [0, 0, 0]) == [2, 8, 0.25]


def test_what_is_not_kept_leaves_no_trace(slots: Slots) -> None:
    slot = slots.take()
    slots.put(slot, "person", person(1))
    assert run(slots, [slot], [1]) == [1]
    assert run(slots, [slot], [5], keep=False) == [5.5]
    assert run(slots, [slot], [0]) == [0.5]


def test_what_is_fed_stands_in_for_what_is_held(slots: Slots) -> None:
    slot = slots.take()
    slots.put(slot, "person", person(1))
    feeds = {"seen": row(1)[None], "previous": row(2)[None]}
    (found,) = slots.run(None, feeds, [slot], keep=False)
    assert (found == 2).all()
    assert run(slots, [slot], [1]) == [1]


def test_what_is_neither_fed_nor_held_is_refused(slots: Slots) -> None:
    slot = slots.take()
    with pytest.raises(BadFeeds, match="seen"):
        slots.run(None, {}, [slot], keep=True)
    with pytest.raises(BadFeeds, match="no output nose"):
        slots.run(["nose"], {"seen": row(1)[None]}, [slot], keep=True)


def test_a_slot_freed_and_taken_again_shows_nothing_of_before(slots: Slots) -> None:
    taken = [slots.take() for _ in range(COUNT)]
    for slot in taken:
        slots.put(slot, "person", person(3))
    run(slots, taken, [1] * COUNT)
    slots.free(taken[2])
    again = slots.take()
    assert again == taken[2]
    # person is 0, and so was previous
    assert run(slots, [again, taken[0]], [1, 0]) == [0, 4.5]
    slots.put(again, "person", person(1))
    assert run(slots, [again], [0]) == [0]


def test_equal_bits_alone_and_among_others(slots: Slots) -> None:
    taken = [slots.take() for _ in range(5)]
    for at, slot in enumerate(taken):
        slots.put(slot, "person", person(0.1 * at + 0.3))
    together = [run(slots, taken, [0.7] * 5) for _ in range(3)]
    for at, slot in enumerate(taken):
        slots.put(slot, "previous", row(0))
        assert [run(slots, [slot], [0.7])[0] for _ in range(3)] == [each[at] for each in together]


def test_there_are_no_more_than_were_asked_for_and_their_size_is_told(slots: Slots) -> None:
    assert slots.names == NAMES
    assert slots.device_bytes == COUNT * 4 * (6 + 2)
    for _ in range(COUNT):
        slots.take()
    with pytest.raises(OutOfDeviceMemory, match="all 6 slots are taken"):
        slots.take()


def test_wrong_slots_and_rows_are_refused(slots: Slots) -> None:
    slot = slots.take()
    for held in ([slot, slot], [slot + 1], [-1], [COUNT]):
        with pytest.raises(BadFeeds, match="wanted taken ones, each once"):
            run(slots, held, [1.0] * len(held))
    with pytest.raises(BadFeeds, match=r"person is float32\[2, 3\], wanted float32\[2, 1\]"):
        slots.put(slot, "person", row(1))
    with pytest.raises(BadFeeds, match="float64"):
        slots.put(slot, "person", person(1).astype(np.float64))
    with pytest.raises(BadFeeds):
        slots.run(None, {"seen": np.stack([row(1)] * 2)}, [slot], keep=True)
    slots.free(slot)
    for wrong in (slot, COUNT, -1):
        with pytest.raises(BadFeeds, match="wanted taken ones"):
            slots.free(wrong)
    with pytest.raises(BadFeeds, match="wanted taken ones"):
        slots.put(slot, "person", person(1))


@pytest.mark.parametrize("make", HERE, ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    ("names", "keep", "said"),
    [
        ((), {}, "cannot hold nothing"),
        (("nose",), {}, "cannot hold nose"),
        (NAMES, {"previous": "nose"}, "previous out of nose"),
        (("person",), {"previous": "residual"}, "previous out of residual"),
        (NAMES, {"person": "residual"}, "person out of residual"),
    ],
)
def test_what_a_network_does_not_have_cannot_be_held(
    make: Make, names: tuple[str, ...], keep: dict[str, str], said: str, tmp_path: Any
) -> None:
    with pytest.raises(BadFeeds, match=said):
        make(tmp_path).slots(names, keep, 2)


def test_the_back_end_for_dry_runs_holds_rows_too() -> None:
    slots = FakeBackend().load(remembering()).slots(NAMES, KEEP, 2)  # type: ignore[attr-defined]
    slot = slots.take()
    feeds = {"seen": row(1)[None]}
    first, second = (slots.run(None, feeds, [slot], keep=True)[0] for _ in range(2))
    assert not np.array_equal(first, second)
