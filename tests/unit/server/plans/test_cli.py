"""`synchrorama plan` from end to end, with real plans where TensorRT-RTX is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engines.backends.base import OutOfDeviceMemory
from engines.backends.cuda import Card
from engines.backends.networks import NETWORKS
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from server.cli import main
from server.plans import cli as plan_cli
from tests.support.fake_cuda import FakeTrt, fake_trt

NET = "renderer/eye_reference"
Run = Callable[..., tuple[int, str, str]]
"""Words -> status, output, errors."""


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["plan", *words, "--render-plans", str(tmp_path)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def built(run: Run) -> Run:
    """One real plan."""
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    code, out, _ = run("build", NET)
    assert code == 0 and f"{NET}: fp16" in out
    return run


def test_nothing_is_there_at_first(run: Run) -> None:
    code, out, _ = run("list")
    assert code == 0 and "run: synchrorama plan build" in out
    code, out, _ = run("verify")
    assert code == 1 and "no plans" in out


def test_a_network_that_is_none_is_wrong_use(run: Run) -> None:
    code, _, err = run("build", "nose")
    assert code == 2 and "no network nose; there are face/scene" in err


def test_what_is_built_is_listed_verified_and_not_built_again(built: Run) -> None:
    code, out, _ = built("build", NET)
    assert code == 0 and f"{NET}: there" in out
    code, out, _ = built("build", NET, "--force")
    assert code == 0 and f"{NET}: fp16" in out
    code, out, _ = built("list")
    assert code == 0 and NET in out and "current" in out
    code, out, _ = built("verify")
    assert code == 0 and ": whole" in out


def test_damage_is_listed_verified_and_cleaned(built: Run, tmp_path: Path) -> None:
    (plan,) = tmp_path.glob("*.plan")
    plan.write_bytes(plan.read_bytes()[:-1])
    for action in ("list", "verify"):
        code, out, _ = built(action)
        assert code == 1 and "bytes, wanted" in " ".join(out.split())
    code, out, _ = built("clean", "--damaged")
    assert code == 0 and "2 files removed" in out
    assert list(tmp_path.iterdir()) == []


def test_plans_of_other_cards_are_cleaned_and_this_ones_kept(built: Run, tmp_path: Path) -> None:
    code, out, _ = built("build", NET, "--target", "sm75")
    assert code == 0 and "for sm75" in out
    code, out, _ = built("list")
    assert "plan clean removes it" in " ".join(out.split())
    assert built("clean")[0] == 0
    (left,) = PlanStore(tmp_path).entries(whole=True)
    assert left.manifest is not None and left.manifest.key.target == "sm80+"
    code, out, _ = built("clean", "--all")
    assert "2 files removed" in out


def test_what_cannot_be_built_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutOfDeviceMemory("renderer/eye: no room; free the card")

    monkeypatch.setattr(plan_cli, "_builder", lambda target: fake_trt().builder)
    monkeypatch.setattr(Builder, "build", full)
    code, _, err = run("build", "renderer/eye")
    assert code == 1 and err == "synchrorama plan build: renderer/eye: no room; free the card\n"


@pytest.mark.parametrize(("off", "code"), [(0.0, 0), (0.5, 1)])
def test_on_a_card_results_are_compared(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    off: float,
    code: int,
) -> None:
    trt: FakeTrt = fake_trt()
    store, model = PlanStore(tmp_path), NETWORKS["lips/lips"].model()
    trt.put_plan(store, model)
    card = Card("made up", (8, 9), 1 << 33, 1 << 33)
    monkeypatch.setattr(plan_cli, "card_here", lambda: (card, ""))
    monkeypatch.setattr(plan_cli, "TrtBackend", lambda store, rows: trt.backend(store, trt.cudart))
    if off:
        monkeypatch.setattr(plan_cli, "apart", lambda *_: off)
    got, out, _ = run("verify")
    assert got == code
    assert "made up, compute capability 8.9" in out
    assert ("TOO FAR" in out) == (code == 1)
    assert "lips/lips" in out and "from ONNX Runtime" in out


def test_on_a_terminal_the_phases_of_a_build_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with plan_cli._progress("renderer/eye", quiet=False) as told:
        assert told is not None
        for step in (("Building engine", 0, 2), ("Tuning", 1, 9), ("Building engine", 2, 2)):
            told(*step)
    with plan_cli._progress("renderer/eye", quiet=True) as told:
        assert told is None
    assert capsys.readouterr().out == ""


def test_plans_are_built_of_a_pack_or_not_at_all(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    code, _, err = run("build", NET, "--render-weights", str(tmp_path))
    assert code == 1 and "pack.json" in err and "no pack; make it again" in err
    assert not list(tmp_path.glob("*.plan"))
