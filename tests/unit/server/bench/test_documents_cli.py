from __future__ import annotations

from pathlib import Path

import pytest

from server.bench import cli
from server.bench.report import Bar, Result, row, write_json
from tests.unit.server.bench.test_cli import parse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, middle in (("a", 200.0), ("b", 260.0)):
        samples = [middle + index for index in range(20)]
        rows = [row("mouth", "ms", samples, Bar("p50", high=300))]
        write_json(Result("latency", "synchrorama bench latency", rows), tmp_path / f"{name}.json")
    return tmp_path


def test_compare_fails_when_a_row_got_worse(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = str(folder / "a.json"), str(folder / "b.json")
    assert cli.run(parse("compare", a, b)) == 1
    assert "| worse |" in capsys.readouterr().out
    assert cli.run(parse("compare", b, a)) == 0
    assert cli.run(parse("compare", a, str(folder / "none.json"))) == cli.FAILED
    assert "none.json" in capsys.readouterr().err


def test_history_lists_runs_and_draws_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder / "history.html"
    words = ["history", "--folder", str(folder), "--kind", "latency", "--html", str(page)]
    assert cli.run(parse(*words)) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 and "<svg" in page.read_text()
    assert cli.run(parse("history", "--folder", str(folder / "none"))) == cli.FAILED


def test_a_kept_run_becomes_a_page(folder: Path) -> None:
    page = folder / "page.html"
    assert cli.run(parse("page", str(folder / "a.json"), str(page))) == 0
    assert "mouth" in page.read_text()


def test_readme_is_checked_and_brought_up_to_date(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = folder / "README.md"
    target.write_text("<!-- figures -->\nold\n<!-- /figures -->\n")
    beside = folder / "comparison.md"
    beside.write_text(target.read_text())
    words = ["readme", "--readme", str(target), "--comparison", str(beside)]
    words += ["--measured", str(Path(__file__).parents[4] / "docs" / "measured.md")]
    assert cli.run(parse(*words, "--check")) == 1 and "old" in target.read_text()
    assert cli.run(parse(*words)) == 0 and cli.run(parse(*words, "--check")) == 0
    assert "glass to glass" in beside.read_text() and "old" not in beside.read_text()
    assert cli.run(parse(*words, "--measured", str(folder / "none.md"))) == cli.FAILED
    assert "none.md" in capsys.readouterr().err
