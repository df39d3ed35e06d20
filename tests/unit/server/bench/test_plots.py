from __future__ import annotations

from xml.etree import ElementTree

import pytest

from server.bench import plots


def texts(svg: str) -> str:
    root = ElementTree.fromstring(svg)
    return " ".join(
        "".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")
    )


def test_a_waterfall_stacks_its_parts_and_names_the_whole() -> None:
    svg = plots.waterfall([("uplink", 20.0), ("server", 150.0)], 175.0, "waterfall")
    assert svg.startswith("<svg role=") and 'aria-label="waterfall"' in svg
    said = texts(svg)
    for word in ("uplink", "server", "20 ms", "150 ms", "175 ms", "measured end to end"):
        assert word in said
    assert 'id="waterfall-bar-2"' in svg


def test_no_colour_is_left_that_a_dark_page_could_not_turn() -> None:
    svg = plots.distribution([float(value) for value in range(100)], "ms", [50.0], "spread")
    assert "var(--series-1)" in svg and "var(--ink)" in svg
    for placeholder in plots.VARIABLES:
        assert placeholder not in svg
    assert "p95" in texts(svg)


def test_long_lines_are_thinned_and_equal_plots_are_equal() -> None:
    at_s = [float(value) for value in range(100_000)]
    svg = plots.timeline([("one", at_s, at_s), ("two", at_s, at_s)], "line")
    assert len(svg) < 200_000 and "two" in texts(svg)
    assert svg == plots.timeline([("one", at_s, at_s), ("two", at_s, at_s)], "line")


@pytest.mark.parametrize("count", [1, 40])
def test_history_shows_each_commit_and_the_bar(count: int) -> None:
    names = [f"c{index}" for index in range(count)]
    values = [100.0 + index for index in range(count)]
    bounds = [(value - 5, value + 5) for value in values]
    svg = plots.over_commits(names, values, bounds, 300.0, "ms", "history")
    assert "c0" in texts(svg) and "var(--series-4)" in svg
