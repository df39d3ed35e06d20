from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from server.bench import cli
from server.bench import latency as latency_module
from server.bench import soak as soak_module
from server.bench.latency import Plan
from server.bench.link import Conditions
from server.bench.needs import BenchError
from server.bench.report import Bar, Result, row


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every run is kept in the history folder."""
    monkeypatch.chdir(tmp_path)


def test_every_run_is_kept_unless_told_not_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def measure(plan: Plan) -> Result:
        return Result("latency", "c", [row("mouth", "ms", [250.0], Bar("p50", high=300))])

    monkeypatch.setattr(latency_module, "measure", measure)
    page = tmp_path / "page.html"
    assert cli.run(parse("latency", "--history", "none", "--html", str(page))) == cli.HELD
    assert not (tmp_path / "artifacts").exists() and "<svg" not in page.read_text()
    assert cli.run(parse("latency")) == cli.HELD
    (kept,) = (tmp_path / "artifacts" / "bench").glob("*-latency-*.json")
    where = json.loads(kept.read_text())["machine"]
    assert 0 <= where["stolen"] <= 1 and len(where["loop_ms"]) == 2
    blocked = tmp_path / "file"
    blocked.touch()
    assert cli.run(parse("latency", "--history", str(blocked))) == cli.FAILED


def test_plan_is_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Plan] = []

    async def measure(plan: Plan) -> Result:
        plans.append(plan)
        return Result("latency", plan.command)

    monkeypatch.setattr(latency_module, "measure", measure)
    words = ["latency", "--seconds", "5", "--size", "256", "--set", "media.playout_delay_ms=180"]
    assert cli.run(parse(*words, "--peer")) == cli.HELD
    assert plans[0].seconds == 5 and plans[0].connects == 5 and not plans[0].browser
    assert plans[0].settings == {"media.playout_delay_ms": "180"}
    assert plans[0].wishes == {"size": 256}
    assert plans[0].command == (
        "synchrorama bench latency --seconds 5 --connects 5 --size 256 "
        "--set media.playout_delay_ms=180 --peer"
    )


@pytest.mark.parametrize(
    ("words", "where", "rest"),
    [
        (["load", "--sessions", "3", "--seconds", "2"], "load.load", (1, 3)),
        (["faults", "--only", "cpu", "--seconds", "2"], "faults.faults", (["cpu"],)),
        (
            ["network", "--minutes", "0.5", "--loss", "0.1", "--kbit", "300", "--peer"],
            "network.network",
            (Conditions(50, 20, 0.1, 300),),
        ),
        (["quality", "--results", "here"], "quality.quality", (Path("here"),)),
    ],
)
def test_each_bench_is_run_as_it_is_said_and_its_command_can_be_typed_again(
    monkeypatch: pytest.MonkeyPatch, words: list[str], where: str, rest: tuple[Any, ...]
) -> None:
    asked: list[Any] = []

    async def program(plan: Plan, *given: Any) -> Result:
        asked.extend([plan, *given[:-1]])
        return Result(words[0], plan.command)

    monkeypatch.setattr(f"server.bench.{where}", program)
    assert cli.run(parse(*words)) == cli.HELD
    assert tuple(asked[1:]) == rest
    again = parse(*asked[0].command.split()[2:])
    kept = vars(parse(*words)) | {"results": None}
    assert vars(again) | {"results": None} == kept


def test_minutes_are_seconds_and_progress_goes_to_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def soak(plan: Plan, tell: Any) -> Result:
        tell(f"{plan.seconds:g} s")
        return Result("soak", plan.command)

    monkeypatch.setattr(soak_module, "soak", soak)
    assert cli.run(parse("soak", "--minutes", "2")) == cli.HELD
    out = capsys.readouterr()
    assert out.err.startswith("120 s\n") and "| measured" in out.out


def test_exit_code_tells_of_missed_bars_and_the_file_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def measure(plan: Plan) -> Result:
        return Result("latency", "c", [row("mouth", "ms", [500.0], Bar("p50", high=300))])

    monkeypatch.setattr(latency_module, "measure", measure)
    target = tmp_path / "out.json"
    assert cli.run(parse("latency", "--json", str(target))) == cli.MISSED
    assert json.loads(target.read_text())["held"] is False


def test_table_is_put_into_the_page_or_the_fault_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(plan: Plan) -> Result:
        return Result("latency", "c", [row("mouth", "ms", [250.0], Bar("p50", high=300))])

    monkeypatch.setattr(latency_module, "measure", measure)
    page = tmp_path / "measured.md"
    page.write_text("<!-- bench latency --><!-- /bench latency -->")
    assert cli.run(parse("latency", "--table", str(page))) == cli.HELD
    assert "| mouth (ms)" in page.read_text()
    page.write_text("no place")
    assert cli.run(parse("latency", "--table", str(page))) == cli.FAILED
    assert "no block" in capsys.readouterr().err


def test_what_cannot_be_measured_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(plan: Plan) -> Result:
        raise BenchError("no Chromium found: do this")

    monkeypatch.setattr(latency_module, "measure", measure)
    assert cli.run(parse("latency")) == cli.FAILED
    assert capsys.readouterr().err == "bench: no Chromium found: do this\n"


@pytest.mark.parametrize("given", ["playout=3", "media.playout_delay_ms"])
def test_a_setting_of_another_form_is_refused(given: str) -> None:
    assert cli.run(parse("latency", "--set", given)) == cli.FAILED


@pytest.mark.parametrize("words", [["latency", "--seconds", "0"], ["cycles", "--count", "0"], []])
def test_senseless_options_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse(*words)
