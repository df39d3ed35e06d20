from __future__ import annotations

import numpy as np
import pytest

from server.bench.compare import compare, table
from server.bench.document import Document
from server.bench.report import Bar, Result, document, row
from tests.unit.server.bench.test_document import made


def spread(middle: float, seed: int, count: int = 60) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(middle, 10, count)]


def verdict(before: Document, after: Document) -> str:
    (pair,) = compare(before, after)
    return pair.verdict


def test_two_runs_of_the_same_thing_are_within_noise() -> None:
    for seed in range(4):
        one, two = made("latency", *spread(200, seed)), made("latency", *spread(200, seed + 100))
        assert verdict(one, two) == "within noise"


def test_a_real_difference_has_a_direction() -> None:
    slow, quick = made("latency", *spread(240, 1)), made("latency", *spread(200, 2))
    assert verdict(slow, quick) == "better" and verdict(quick, slow) == "worse"
    (pair,) = compare(quick, slow)
    assert pair.ratio == pytest.approx(1.2, abs=0.03)
    assert pair.difference[0] > 0 and pair.p_value is not None and pair.p_value < 1e-6


def test_sure_but_small_is_noise_and_large_but_unsure_too() -> None:
    many = made("latency", *spread(200, 1, 2000)), made("latency", *spread(205, 2, 2000))
    assert verdict(*many) == "within noise"
    unsure = made("latency", 100, 300, 100, 300, 100), made("latency", 300, 100, 300, 100, 300)
    assert verdict(*unsure) == "within noise"


def test_one_value_each_tells_nothing() -> None:
    assert verdict(made("latency", 100), made("latency", 300)) == "too few to tell"
    assert verdict(made("latency", 100), made("latency", 100)) == "within noise"


def test_more_is_better_where_the_bar_says_so_and_an_offset_has_no_side() -> None:
    def of(middle: float, bar: Bar) -> Document:
        rows = [row("pictures", "a second", spread(middle, 3), bar)]
        return Document.model_validate(document(Result("latency", "c", rows)))

    least = Bar("p50", low=100)
    assert verdict(of(200, least), of(150, least)) == "worse"
    both = Bar("p50", low=100, high=300)
    assert verdict(of(200, both), of(150, both)) == "changed"


def test_rows_of_one_side_are_left_out_and_the_table_says_how_it_judged() -> None:
    empty = made("latency")
    one = made("latency", *spread(200, 1), commit="abc")
    assert compare(empty, one) == compare(one, empty) == []
    text = table(one, one, compare(one, one))
    assert "commit abc" in text and "| mouth (ms) |" in text and "Mann-Whitney" in text
    other = one.model_copy(update={"machine": {"cpu": "another"}})
    assert "Two kinds of machine" in table(one, other, [])
    taken = one.model_copy(update={"machine": {**one.machine, "stolen": 0.3}})
    assert "took up to 30% of the machine" in table(one, taken, [])
    assert "took up to" not in table(one, one, [])


def test_another_pace_of_the_machine_is_told() -> None:
    def at(*loop_ms: float) -> Document:
        one = made("latency", *spread(200, 1))
        return one.model_copy(update={"machine": {**one.machine, "loop_ms": list(loop_ms)}})

    assert "took 1.50 of the time" in table(at(16, 16), at(16, 32), [])
    assert "took 0.67 of the time" in table(at(24), at(16, 16), [])
    assert "of the time" not in table(at(16, 16), at(17, 18), [])
    assert "of the time" not in table(at(16), at(), [])
