from __future__ import annotations

import pytest

from server.bench.link import DEEPEST_S, Conditions, Link
from server.bench.needs import BenchError


def test_a_good_link_lets_everything_out_at_once() -> None:
    link = Link(Conditions(), 0)
    assert [link.leaves(at, 1000) for at in (1.0, 2.0)] == [1.0, 2.0]
    assert (link.seen, link.dropped) == (2, 0)


def test_loss_delay_and_jitter_are_as_asked_and_order_is_kept() -> None:
    link = Link(Conditions(delay_ms=50, jitter_ms=20, loss=0.02), 1)
    sent = [index * 0.02 for index in range(20_000)]
    came = [(at, out) for at in sent if (out := link.leaves(at, 200)) is not None]
    assert 1 - len(came) / len(sent) == pytest.approx(0.02, abs=0.005)
    waits = [out - at for at, out in came]
    assert min(waits) >= 0.030 and max(waits) < 0.075
    assert sum(waits) / len(waits) == pytest.approx(0.050, abs=0.008)
    outs = [out for _, out in came]
    assert outs == sorted(outs)


def test_little_bandwidth_queues_and_then_drops() -> None:
    link = Link(Conditions(kbit=80), 0)
    outs = [link.leaves(0.0, 1000) for _ in range(20)]
    kept = [out for out in outs if out is not None]
    assert kept[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert max(kept) <= DEEPEST_S + 0.11 and link.dropped == 20 - len(kept) > 0


def test_the_same_seed_is_the_same_chance() -> None:
    def outs(seed: int) -> list[float | None]:
        link = Link(Conditions(loss=0.3, jitter_ms=5, delay_ms=9), seed)
        return [link.leaves(index * 0.02, 100) for index in range(50)]

    assert outs(1) == outs(1) != outs(2)


@pytest.mark.parametrize(
    "given", [{"loss": 1.0}, {"loss": -0.1}, {"delay_ms": -1}, {"jitter_ms": 1e9}, {"kbit": 1}]
)
def test_senseless_conditions_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(BenchError, match="wanted"):
        Conditions(**given)


def test_conditions_are_told() -> None:
    said = Conditions(50, 20, 0.02, 500).text()
    assert said == "2.0% loss, 50 ms delay, +-20 ms jitter, 500 kbit/s"
    assert "no limit" in Conditions().text()
