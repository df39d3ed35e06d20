from __future__ import annotations

import re

from server.bench.document import Document
from server.bench.report import Bar, Result, document, row
from server.bench.web_page import history, report
from tests.unit.server.bench.test_document import made


def latency() -> Document:
    rows = [
        row(
            "audio to matching mouth", "ms", [200.0, 210, 220, 230, 240, 250], Bar("p50", high=300)
        ),
        row("mouth: microphone to media clock", "ms", [20.0]),
        row("mouth: media clock to release", "ms", [150.0]),
        row("mouth: release to screen", "ms", [48.0]),
        row("stage: motion", "ms", [3.0]),
        row("<script>", "ms", []),
    ]
    notes = ["a < b & c"]
    return Document.model_validate(document(Result("latency", "bench <x>", rows, notes)))


def test_a_report_stands_alone_and_escapes_what_it_is_told() -> None:
    page = report(latency())
    assert page.startswith("<!doctype html>") and page.count("<svg") == 3
    for word in (
        "waterfall of the mouth",
        "p50 ≤ 300",
        "a &lt; b &amp; c",
    ):
        assert word in page
    assert "<script" not in page and "&lt;script&gt;" in page
    # Nothing is fetched: no address but the names of XML's own spaces.
    found = set(re.findall(r"https?://[^\"'<> ]*", page))
    assert {address.split("/")[2] for address in found} <= {"www.w3.org"}
    assert "prefers-color-scheme:dark" in page


def test_the_finer_parts_make_the_waterfall_where_they_are_known() -> None:
    coarse = latency()
    names = ("media clock to drawn", "drawn to release", "release to last packet")
    rows = [row(f"stage: {name}", "ms", [30.0]) for name in names]
    rows.append(row("mouth: last packet to screen", "ms", [38.0]))
    more = Document.model_validate(document(Result("latency", "c", rows)))
    fine = coarse.model_copy(update={"rows": coarse.rows + more.rows})
    assert "drawn to release</text>" in report(fine)
    assert "release to screen</text>" in report(coarse)


def test_a_tile_shows_the_quantile_that_its_bar_is_on() -> None:
    rows = [row("interval", "ms", [40.0] * 90 + [80.0] * 10, Bar("p99", high=60))]
    page = report(Document.model_validate(document(Result("latency", "c", rows))))
    assert "<b>80.0 <small>ms</small></b>" in page


def test_inner_names_of_plots_do_not_meet() -> None:
    ids = re.findall(r' id="([^"]+)"', report(latency()))
    assert len(ids) == len(set(ids))


def test_history_has_a_plot_for_each_row_with_a_bar() -> None:
    page = history([made("latency", 200, commit="aaa"), made("latency", 210, commit="bbb")])
    assert page.count("<svg") == 1 and "aaa" in page and "bbb" in page
    assert "<svg" not in history([made("latency")])
    taken = made("latency", 200, commit="ccc").model_copy(update={"machine": {"stolen": 0.3}})
    assert "ccc*" in history([taken]) and "aaa*" not in page
