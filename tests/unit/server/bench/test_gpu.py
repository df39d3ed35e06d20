"""`bench gpu`: build figures without a card, times with one, and nothing that was not measured."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from engines.backends.cuda import Card
from engines.backends.fake import FakeBackend
from engines.backends.networks import NETWORKS
from engines.backends.plan_store import PlanStore
from server.bench import cli, gpu
from server.bench.gpu import Figures, Timed, bench, floor_ms, report, times_ms
from tests.support.fake_cuda import FakeTrt, fake_trt
from tests.support.tiny_graph import batched
from tests.unit.server.bench.test_cli import parse

NAME = "renderer/mouth"
CARD = Card("NVIDIA L4", (8, 9), 1 << 34, 1 << 33)


@pytest.fixture
def trt() -> FakeTrt:
    return fake_trt()


def figures(trt: FakeTrt, folder: Path, *timed: Timed) -> Figures:
    row = NETWORKS[NAME]
    return Figures(row, 0.27, trt.put_plan(PlanStore(folder), row.model()), timed)


def test_without_a_card_it_says_so(trt: FakeTrt, tmp_path: Path) -> None:
    text = report([figures(trt, tmp_path)], trt.builder, None, "no driver; install it", "command")
    assert "| renderer/mouth | fp16 | 0.2700 |" in text and "no card (no driver)" in text
    assert "not measured: no card" in text and "median ms" not in text


def test_with_a_card_times_stand_against_the_floor(trt: FakeTrt, tmp_path: Path) -> None:
    found = figures(trt, tmp_path, Timed(1, 0.5, 0.6, None), Timed(64, 2.0, 2.5, 4.0))
    text = report([found], trt.builder, CARD, "", "command")
    assert "| renderer/mouth | 64 | 2.000 | 2.500 | 0.2856 | 14.3% | 4.000 |" in text
    assert "| renderer/mouth | 1 | 0.500 | 0.600 |" in text and "| not measured |" in text
    other = Card("a card of next year", (13, 0), 1, 1)
    assert "| 64 | 2.000 | 2.500 | - | - | 4.000 |" in report([found], trt.builder, other, "", "")


def test_floors_are_those_of_the_card_named(trt: FakeTrt, tmp_path: Path) -> None:
    found = figures(trt, tmp_path)
    assert floor_ms(found, 64, "NVIDIA L4") == pytest.approx(2 * 0.27 * 64 / 121)
    assert floor_ms(found, 64, "NVIDIA L40S") == pytest.approx(2 * 0.27 * 64 / 362)
    assert floor_ms(found, 64, "NVIDIA L40") is None
    bytes_ = NETWORKS[NAME].path.stat().st_size
    assert floor_ms(found, 1, "NVIDIA H200") == pytest.approx(
        max(2 * 0.27 / 989, bytes_ / 4800 / 1e6)
    )


def test_times_leave_the_first_runs_out() -> None:
    network = FakeBackend().load(batched())
    ticks = itertools.count()
    seconds = [0.0, 9.0, 9.0, 18.0, 18.0, 27.0, 27.0, 27.001, 27.001, 27.003]
    times = times_ms(network, 2, 2, clock=lambda: seconds[next(ticks)])
    assert times == pytest.approx([1.0, 2.0])


def test_on_a_card_every_bucket_is_timed(
    trt: FakeTrt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = NETWORKS["lips/lips"]
    trt.put_plan(PlanStore(tmp_path), row.model())
    (timed,) = gpu._on_card(row, row.model(), trt.backend(PlanStore(tmp_path), trt.cudart), 2)
    assert timed.batch == 1 and 0 < timed.median_ms <= timed.p95_ms
    assert not trt.cudart.memory


def test_the_command_builds_prints_and_fills_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    page = tmp_path / "gpu.md"
    page.write_text("before\n<!-- bench gpu -->\nold\n<!-- /bench gpu -->\nafter\n")
    words = ["gpu", "renderer/eye_reference", "--runs", "1", "--table", str(page)]
    assert cli.run(parse(*words)) == cli.HELD
    out = capsys.readouterr().out
    assert "`synchrorama bench gpu renderer/eye_reference --runs 1`" in out
    filled = page.read_text()
    assert out in filled and "old" not in filled and filled.endswith("after\n")


def test_wrong_names_and_pages_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.run(parse("gpu", "nose")) == cli.FAILED
    assert "bench gpu: no network nose" in capsys.readouterr().err
    with pytest.raises(ValueError, match="no network"):
        bench(["nose"], 1)
    monkeypatch.setattr(gpu, "bench", lambda names, runs: "table")
    assert cli.run(parse("gpu", "--table", str(tmp_path / "missing.md"))) == cli.FAILED
