"""The doctor's look at cards, libraries, plans and encoders, over machines of every kind."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engines.backends.base import LibraryMissing
from engines.backends.cuda import Card
from engines.backends.flavours import RTX, TENSORRT, Flavour
from engines.backends.networks import NETWORKS
from engines.backends.plan_build import Builder
from engines.backends.plan_store import PlanStore
from server import gpu_checks as checks
from server.plans import choice
from server.plans.devices import SERVED
from server.settings import RenderSettings, Settings
from tests.support.fake_cuda import fake_trt

CPU, CUDA = Settings(), Settings(render=RenderSettings(device="cuda"))
L4 = "NVIDIA L4, 8.9, 580.82.07, 21000, 23034\n"
SMI = "| NVIDIA-SMI 580.82.07   Driver Version: 580.82.07   CUDA Version: 13.0 |"


@pytest.fixture
def smi(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What nvidia-smi answers: code and text."""
    answer: dict[str, Any] = {"code": 0, "out": L4}

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if answer["code"] is None:
            raise subprocess.TimeoutExpired("nvidia-smi", 10)
        out = answer["out"] if len(command) > 1 else SMI
        return subprocess.CompletedProcess(command, answer["code"], out, "")

    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr("subprocess.run", run)
    return answer


def libraries(
    monkeypatch: pytest.MonkeyPatch, have: tuple[Flavour, ...], card: Card | None
) -> None:
    monkeypatch.setattr(checks, "installed", lambda: have)
    monkeypatch.setattr(choice, "torch_version", lambda: None)
    monkeypatch.setattr(checks, "load", lambda flavour: None)
    monkeypatch.setattr(checks, "version_of", lambda flavour: "1.0")
    why = "" if card else "cudaGetDeviceCount: no driver; install it"
    monkeypatch.setattr(checks, "card_here", lambda: (card, why))


def card(capability: tuple[int, int], name: str = "NVIDIA L4") -> Card:
    return Card(name, capability, 1 << 34, 1 << 33)


def test_a_card_is_told_with_driver_cuda_and_free_memory(smi: dict[str, Any]) -> None:
    for settings in (CPU, CUDA):
        finding = checks.gpu(settings)
        assert finding.state == "ok"
        assert finding.said == (
            "NVIDIA L4 (compute capability 8.9), driver 580.82.07, CUDA up to 13.0, "
            "21000 of 23034 MiB free"
        )


@pytest.mark.parametrize(
    ("code", "out", "said"),
    [
        (9, "driver mismatch", "nvidia-smi failed: driver mismatch"),
        (None, "", "does not answer"),
        (0, "what?", "nvidia-smi said 'what"),
        (0, "", "nvidia-smi said"),
    ],
)
def test_a_driver_that_does_not_work_matters_when_the_card_is_asked_for(
    smi: dict[str, Any], code: int | None, out: str, said: str
) -> None:
    smi.update(code=code, out=out)
    assert checks.gpu(CPU).state == "warn"
    finding = checks.gpu(CUDA)
    assert finding.state == "fail" and said in finding.said and "driver" in finding.remedy


def test_a_full_card_is_a_warning_when_it_is_asked_for(smi: dict[str, Any]) -> None:
    smi["out"] = L4.replace("21000", "300")
    assert checks.gpu(CPU).state == "ok"
    assert checks.gpu(CUDA).state == "warn" and "stop what else" in checks.gpu(CUDA).remedy


def test_no_card_is_no_failure_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert checks.gpu(CPU).state == "ok"
    assert checks.gpu(CUDA).state == "fail" and "580" in checks.gpu(CUDA).remedy


@pytest.mark.parametrize(
    ("have", "here", "settings", "state", "said"),
    [
        ((), None, CPU, "ok", "none installed; none is needed"),
        ((), card((8, 9)), CUDA, "fail", "none installed"),
        ((RTX,), None, CPU, "ok", "tensorrt_rtx 1.0; plans for sm80+ can be built here"),
        ((RTX,), None, CUDA, "fail", "cudaGetDeviceCount: no driver"),
        ((RTX,), card((8, 9)), CUDA, "ok", "tensorrt_rtx 1.0; plans for sm80+"),
        ((RTX,), card((9, 0)), CUDA, "fail", "tensorrt_rtx 1.0"),
        ((RTX, TENSORRT), card((9, 0)), CUDA, "ok", "tensorrt 1.0; plans for sm90"),
    ],
)
def test_the_library_that_suits_is_told_or_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
    have: tuple[Flavour, ...],
    here: Card | None,
    settings: Settings,
    state: str,
    said: str,
) -> None:
    libraries(monkeypatch, have, here)
    finding = checks.tensorrt(settings)
    assert finding.state == state and said in finding.said
    if state == "fail" and here is not None:
        wanted = "tensorrt-cu13" if here.capability == (9, 0) else "trt-rtx"
        assert wanted in finding.remedy


def test_a_library_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries(monkeypatch, (RTX,), card((8, 9)))

    def broken(flavour: Flavour) -> None:
        raise LibraryMissing("tensorrt_rtx: libcuda.so.1 not found")

    monkeypatch.setattr(checks, "load", broken)
    finding = checks.tensorrt(CUDA)
    assert finding.state == "warn" and "libcuda.so.1" in finding.said


@pytest.mark.parametrize(
    ("have", "here", "wanted", "state", "said"),
    [
        ((), None, {}, "ok", "onnxruntime-cpu, onnxruntime"),
        ((), None, {"backend": "torch"}, "ok", "torch-cpu, torch"),
        ((), None, {"backend": "trt"}, "fail", "plans run on a card"),
        ((RTX,), card((8, 9)), {"device": "cuda"}, "ok", "tensorrt_rtx 1.0; fp16; tensorrt_rtx"),
        (
            (RTX,),
            card((9, 0)),
            {"device": "cuda"},
            "ok",
            "torch-cuda, torch .*; fp16; tensorrt_rtx",
        ),
        ((RTX,), card((8, 9)), {"device": "cuda", "backend": "torch"}, "fail", "for the processor"),
        ((RTX,), card((8, 9)), {"device": "cuda", "backend": "ort"}, "fail", "not on cuda"),
    ],
)
def test_the_library_that_would_run_the_nets_is_told_and_tried(
    monkeypatch: pytest.MonkeyPatch,
    have: tuple[Flavour, ...],
    here: Card | None,
    wanted: dict[str, Any],
    state: str,
    said: str,
) -> None:
    libraries(monkeypatch, have, here)

    def torch(device: str) -> Any:
        if wanted.get("backend") == "torch" and device == "cuda":
            raise LibraryMissing("torch 2.9 is for the processor; pip install another")
        return SimpleNamespace(kind=f"torch-{device}")

    monkeypatch.setattr(checks, "TorchBackend", torch)
    monkeypatch.setattr(checks, "torch_version", lambda: "2.9")
    monkeypatch.setattr(choice, "torch_version", lambda: "2.9")
    finding = checks.backend(Settings(render=RenderSettings(**wanted)))
    assert finding.state == state and re.search(said, finding.said)
    assert (state == "ok") == (finding.remedy == "")


def test_other_libraries_need_neither_tensorrt_nor_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries(monkeypatch, (), card((9, 0)))
    monkeypatch.setattr(choice, "torch_version", lambda: "2.9")
    for name in ("ort", "torch"):
        asked = Settings(render=RenderSettings(device="cuda", backend=name))
        assert checks.tensorrt(asked).state == "ok"
        assert checks.plans(asked).said == f"none is needed (render.backend {name})"
    assert checks.plans(CUDA).state == "ok"
    finding = checks.tensorrt(CUDA)
    assert finding.state == "warn" and finding.said.endswith("torch serves")
    assert "tensorrt-cu13" in finding.remedy


def test_plans_matter_only_where_they_serve(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    libraries(monkeypatch, (RTX,), card((8, 9)))
    assert checks.plans(CPU).state == "ok"
    asked = Settings(render=RenderSettings(device="cuda", plans=str(tmp_path)))
    finding = checks.plans(asked)
    assert finding.state == "warn" and finding.remedy == "run: synchrorama plan build"
    assert "renderer/eye: no plan has been built" in finding.said
    trt = fake_trt()
    trt.builder = Builder(RTX, "1.0", "sm80+")
    for name in SERVED:
        trt.put_plan(PlanStore(tmp_path), NETWORKS[name].model())
    assert checks.plans(asked).said == "4 for sm80+, whole"
    libraries(monkeypatch, (), card((8, 9)))
    assert checks.plans(asked).state == "warn"


def test_encoders_are_tried_by_opening_them() -> None:
    assert checks.open_encoder("libx264") == ""
    assert checks.open_encoder("no_such_encoder") != ""


@pytest.mark.parametrize(
    ("error", "here", "state", "said"),
    [
        ("", card((8, 9)), "ok", "H.264 encoder opens"),
        ("no", None, "ok", "processor encodes (libvpx, libx264); no card"),
        ("no", card((9, 0), "NVIDIA H200"), "ok", "NVIDIA H200 has no video encoder"),
        ("no", card((8, 0), "NVIDIA A100-SXM4-80GB"), "ok", "has no video encoder"),
        ("no", card((8, 9), "NVIDIA L40S"), "warn", "h264_nvenc: no"),
    ],
)
def test_the_encoder_that_would_serve_is_told(
    monkeypatch: pytest.MonkeyPatch, error: str, here: Card | None, state: str, said: str
) -> None:
    libraries(monkeypatch, (), here)
    monkeypatch.setattr(checks, "open_encoder", lambda name: error)
    finding = checks.nvenc(CPU)
    assert finding.state == state and said in finding.said
    assert bool(finding.remedy) == (state == "warn")
