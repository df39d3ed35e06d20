from __future__ import annotations

from pathlib import Path

import pytest

from server.bench import readme
from server.bench.needs import BenchError

ROOT = Path(__file__).parents[4]
PAGE = """
<!-- bench soak -->
2026-11-22: `synchrorama bench soak --minutes 30`

| measured  | n | p50 (95 %)       | p95 (95 %) |
|-----------|---|------------------|------------|
| a (ms)    | 9 | 281 (279 to 282) | 393        |
| left      | 1 | 0.00             |            |
<!-- /bench soak -->
"""


def test_the_readme_says_what_the_measured_page_says() -> None:
    said = (ROOT / "README.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "measured.md").read_text(encoding="utf-8")
    assert readme.refreshed(said, page) == said, "run: synchrorama bench readme"
    beside = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    assert readme.refreshed(beside, page, readme.COMPARED) == beside, (
        "run: synchrorama bench readme"
    )


def test_a_cell_is_found_without_its_interval() -> None:
    assert readme.value(PAGE, readme.Cell("soak", "a (ms)")) == "281"
    assert readme.value(PAGE, readme.Cell("soak", "a (ms)", "p95")) == "393"
    assert readme.value(PAGE, readme.Cell("soak", "left", "p95")) == "-"
    assert readme.command(PAGE, "soak") == "synchrorama bench soak --minutes 30"


def test_what_is_not_there_is_said_and_never_made_up() -> None:
    with pytest.raises(BenchError, match="no row 'b'"):
        readme.value(PAGE, readme.Cell("soak", "b"))
    with pytest.raises(BenchError, match="no block"):
        readme.value(PAGE, readme.Cell("latency", "a (ms)"))
    with pytest.raises(BenchError, match="no table"):
        readme.value("<!-- bench x --><!-- /bench x -->", readme.Cell("x", "a"))
    with pytest.raises(BenchError, match="no command"):
        readme.command("<!-- bench x --><!-- /bench x -->", "x")
    with pytest.raises(BenchError, match="no lines"):
        readme.refreshed("nothing", PAGE)


def test_only_the_figures_of_the_readme_change(tmp_path: Path) -> None:
    page = ROOT / "docs" / "measured.md"
    target = tmp_path / "README.md"
    target.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n")
    assert readme.write(target, page) and not readme.write(target, page)
    text = target.read_text()
    assert text.startswith("before\n") and text.endswith("<!-- /figures -->\nafter\n")
    assert "old" not in text and text.count("\n| ") == len(readme.LINES) + 1
