"""Which device runs the nets: the one asked for, or a word on what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engines.backends.base import LibraryMissing, NoDriver
from engines.backends.flavours import RTX
from engines.backends.networks import NETWORKS
from engines.backends.plan_build import BuildFailed
from engines.backends.plan_store import PlanStore
from engines.backends.switching import SwitchingBackend
from engines.backends.trt import TrtBackend
from engines.render.nets import NETS
from server.plans import choice, devices
from server.plans.devices import (
    SERVED,
    backend_of,
    build_in_child,
    card_here,
    missing_plans,
    plans_folder,
)
from server.settings import RenderSettings
from server.settings_section import SettingsError
from tests.support.fake_cuda import FakeTrt, fake_trt


@pytest.fixture
def trt(monkeypatch: pytest.MonkeyPatch) -> FakeTrt:
    """A made-up card in the place of the machine's."""
    made = fake_trt()
    monkeypatch.setattr(choice, "installed", lambda: (RTX,))
    monkeypatch.setattr(devices, "TrtBackend", lambda store, rows: made.backend(store, made.cudart))
    return made


def test_plans_lie_where_the_settings_say_or_in_the_cache(tmp_path: Path) -> None:
    assert plans_folder(RenderSettings(plans=str(tmp_path))) == tmp_path
    assert plans_folder(RenderSettings(), {"XDG_CACHE_HOME": "/c"}) == Path("/c/synchrorama/plans")
    home = Path.home() / ".cache" / "synchrorama" / "plans"
    assert plans_folder(RenderSettings(), {"XDG_CACHE_HOME": "relative"}) == home


def test_the_cpu_needs_nothing_and_a_card_is_asked_for_by_name() -> None:
    assert backend_of(RenderSettings()) is None
    assert set(SERVED) == {f"renderer/{name}" for name in NETS}


def test_what_is_named_serves_and_nothing_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def torch(device: str) -> Any:
        asked.append(device)
        raise LibraryMissing(f"no torch for {device}; install it")

    def ort(device: str) -> Any:
        raise LibraryMissing(f"no onnxruntime for {device}; install it")

    monkeypatch.setattr(devices, "TorchBackend", torch)
    monkeypatch.setattr(devices, "OrtBackend", ort)
    for device in ("cpu", "cuda"):
        with pytest.raises(SettingsError, match=f"render.device {device}: no torch for {device}"):
            backend_of(RenderSettings(device=device, backend="torch"))
    assert asked == ["cpu", "cuda"]
    with pytest.raises(SettingsError, match="no onnxruntime for cuda; install it"):
        backend_of(RenderSettings(device="cuda", backend="ort"))
    assert backend_of(RenderSettings(backend="ort")) is None


def test_auto_takes_torch_where_no_tensorrt_is_for_the_card_and_tells(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = object()
    monkeypatch.setattr(choice, "installed", lambda: ())
    monkeypatch.setattr(choice, "torch_version", lambda: "2.9")
    monkeypatch.setattr(devices, "TorchBackend", lambda device: made)
    with caplog.at_level("INFO"):
        assert backend_of(RenderSettings(device="cuda")) is made
    (record,) = (r for r in caplog.records if r.message == "back-end is chosen")
    assert record.__dict__["backend"] == "torch" and "no TensorRT" in record.__dict__["why"]


def test_no_driver_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(store: PlanStore, rows: Any) -> TrtBackend:
        raise NoDriver("no driver; install it")

    monkeypatch.setattr(choice, "installed", lambda: (RTX,))
    monkeypatch.setattr(devices, "TrtBackend", none)
    with pytest.raises(SettingsError, match="render.device cuda: no driver; install it"):
        backend_of(RenderSettings(device="cuda"))


def test_whole_plans_serve_at_once(trt: FakeTrt, tmp_path: Path) -> None:
    for name in SERVED:
        trt.put_plan(PlanStore(tmp_path), NETWORKS[name].model())
    backend = backend_of(RenderSettings(device="cuda", plans=str(tmp_path)))
    assert isinstance(backend, TrtBackend)


def test_missing_plans_are_built_while_onnx_runtime_serves(
    trt: FakeTrt, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trt.put_plan(PlanStore(tmp_path), NETWORKS[SERVED[0]].model())
    backend = backend_of(RenderSettings(device="cuda", plans=str(tmp_path)))
    assert isinstance(backend, SwitchingBackend)
    assert backend.kind.startswith("onnxruntime")
    (record,) = (r for r in caplog.records if r.message == "plans are built in the background")
    assert record.__dict__["networks"] == ", ".join(SERVED[1:])


def test_what_is_missing_is_told_by_network(trt: FakeTrt, tmp_path: Path) -> None:
    store = PlanStore(tmp_path)
    assert missing_plans(trt.backend(store, trt.cudart), store, NETWORKS) == list(SERVED)


def test_plans_are_built_by_the_program_itself_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    answers = [(0, ""), (1, "synchrorama plan build: no room\n"), (1, "")]

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        code, said = answers[len(asked) - 1]
        return subprocess.CompletedProcess(command, code, "", said)

    monkeypatch.setattr(subprocess, "run", run)
    wanted = RenderSettings(plans=str(tmp_path))
    build_in_child(wanted, "renderer/eye")
    assert "--render-weights" not in asked[0]
    assert asked[0][:6] == [sys.executable, "-m", "server", "plan", "build", "renderer/eye"]
    assert asked[0][-4:] == ["--render-plans", str(tmp_path), "--render-precision", "fp16"]
    for said in ("no room", "it said nothing"):
        with pytest.raises(BuildFailed, match=f"{said}; run: synchrorama plan build renderer/eye"):
            build_in_child(wanted, "renderer/eye")


def test_a_process_of_its_own_really_builds(tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    build_in_child(RenderSettings(plans=str(tmp_path)), "renderer/eye_reference")
    (entry,) = PlanStore(tmp_path).entries(whole=True)
    assert entry.error is None and entry.manifest is not None
    assert entry.manifest.key.network == "renderer/eye_reference"


def test_a_build_that_hangs_is_ended_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("plan build", 3600)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(BuildFailed, match="timed out"):
        build_in_child(RenderSettings(), "renderer/eye")


def test_the_card_here_or_why_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise NoDriver("none")

    monkeypatch.setattr(devices, "Cuda", none)
    assert card_here() == (None, "none")
