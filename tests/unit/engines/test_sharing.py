"""Pictures made side by side: one run for all, and one's fault is nobody else's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from engines.render.conditions import NOTHING
from engines.sharing import MOST_ROWS, Ask, Strokes, alone, nets_of, strokes_of, together
from engines.values import F32, MOTION_SIZE
from tests.support.fake_renderer import FakeAvatar, FakeRenderer
from tests.support.shared_card import SharedCard, SharingFake


class Net:
    """Doubles rows and counts its runs."""

    def __init__(self) -> None:
        self.runs: list[list[float]] = []

    def run(self, feeds: Mapping[str, F32], slots: Sequence[int]) -> F32:
        rows = feeds["x"]
        self.runs.append(rows[:, 0].tolist())
        if (rows < 0).any():
            raise ValueError("negative")
        return rows * np.float32(2)

    def ask(self, *values: float, order: int = 0, net: str = "net") -> Ask:
        rows = np.array(values, np.float32)[:, None]
        return Ask(net, order, self.run, {"x": rows})


def drawing(net: Net, value: float, *, times: int = 1, rows: int = 1) -> Strokes[float]:
    for order in range(times):
        found = yield net.ask(*[value] * rows, order=order)
        assert found.shape == (rows, 1)
        value = float(found[0, 0])
    if value == 6:
        raise RuntimeError("six")
    return value


def test_one_run_serves_all_and_each_gets_its_own_rows() -> None:
    net = Net()
    found = dict(together({"a": drawing(net, 1), "b": drawing(net, 2), "c": drawing(net, 4)}))
    assert found == {"a": 2, "b": 4, "c": 8}
    assert net.runs == [[1, 2, 4]]


def test_who_needs_fewer_runs_waits_for_nobody_and_the_rest_go_on_together() -> None:
    net = Net()
    order = [name for name, _ in together({"a": drawing(net, 1, times=2), "b": drawing(net, 2)})]
    assert order == ["b", "a"]
    assert net.runs == [[1, 2], [2]]


def test_the_first_in_order_is_run_first_so_that_those_behind_meet() -> None:
    net = Net()

    def late(value: float) -> Strokes[float]:
        found = yield net.ask(value, order=1)
        return float(found[0, 0])

    found = dict(together({"late": late(5), "both": drawing(net, 1, times=2)}))
    assert found == {"late": 10, "both": 4}
    assert net.runs == [[1], [5, 2]]


def test_other_nets_do_not_mix() -> None:
    net = Net()

    def other() -> Strokes[float]:
        found = yield net.ask(7, net="other")
        return float(found[0, 0])

    assert dict(together({"a": drawing(net, 1), "b": other()})) == {"a": 2, "b": 14}
    assert net.runs == [[1], [7]]


def test_a_run_holds_no_more_rows_than_plans_take() -> None:
    net = Net()
    making = {str(at): drawing(net, at + 10, rows=2) for at in range(40)}
    assert {int(name): value for name, value in together(making)} == {
        at: 2.0 * (at + 10) for at in range(40)
    }
    assert [len(run) for run in net.runs] == [MOST_ROWS, 16]


def test_what_one_raises_ends_that_one_only() -> None:
    found = dict(together({"a": drawing(Net(), 1), "b": drawing(Net(), 3)}))
    assert found["a"] == 2 and isinstance(found["b"], RuntimeError)


def test_a_run_that_fails_is_tried_for_each_alone() -> None:
    net = Net()
    found = dict(together({"a": drawing(net, 1), "bad": drawing(net, -1), "c": drawing(net, 2)}))
    assert found["a"] == 2 and found["c"] == 4
    assert isinstance(found["bad"], ValueError)
    assert net.runs == [[1, -1, 2], [1], [-1], [2]]


def test_alone_is_the_same_and_raises() -> None:
    assert alone(drawing(Net(), 1, times=3)) == 8
    with pytest.raises(ValueError, match="negative"):
        alone(drawing(Net(), -1))


def test_a_renderer_that_shares_nothing_draws_in_one_stroke() -> None:
    renderer = FakeRenderer(FakeAvatar(), 32)
    motion = np.zeros(MOTION_SIZE, np.float32)
    image = alone(strokes_of(renderer, renderer.new_state(), motion, NOTHING, 0))
    np.testing.assert_array_equal(image, renderer.render(renderer.new_state(), motion))
    assert nets_of(renderer) == "" and nets_of(SharingFake(SharedCard(lambda _: None))) == "fake"
