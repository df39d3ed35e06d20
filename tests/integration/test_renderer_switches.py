"""A face goes on being drawn while its nets change over from ONNX Runtime to plans, or fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.backends import trt as trt_module
from engines.backends.base import CardLost, Model
from engines.backends.building import BuildingBackend
from engines.backends.networks import NETWORKS, Axis
from engines.backends.ort import OrtBackend
from engines.backends.plan_store import PlanStore
from engines.backends.switching import SwitchingBackend
from engines.render.diffusion import DiffusionRenderer
from engines.render.nets import load
from engines.values import F32, MOTION_NAMES, MOTION_SIZE
from tests.support import fake_cuda
from tests.support.fake_cuda import FakeTrt, fake_trt
from tests.support.sample_avatar import sample
from tests.support.tiny_renderer import write_weights


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tiny nets, whose plans take one or two faces: each size is run when a plan is loaded."""
    few = {name: replace(row, axis=Axis(1, 2, 2, (1, 2))) for name, row in NETWORKS.items()}
    monkeypatch.setattr(trt_module, "NETWORKS", few)
    monkeypatch.setattr(fake_cuda, "NETWORKS", few)
    return write_weights(tmp_path / "renderer")


def poses() -> list[F32]:
    out = []
    for opened in (0.1, 0.4, 0.7, 0.3):
        pose = np.zeros(MOTION_SIZE, np.float32)
        pose[MOTION_NAMES.index("jawOpen")] = opened
        out.append(pose)
    return out


def switching(
    trt: FakeTrt, weights: Path, folder: Path
) -> tuple[SwitchingBackend, list[Callable[[], None]]]:
    store, jobs = PlanStore(folder), list[Callable[[], None]]()

    def build(name: str) -> None:
        graph = (weights / f"{name.removeprefix('renderer/')}.onnx").read_bytes()
        trt.put_plan(store, Model(name, graph))

    plans = BuildingBackend(trt.backend(store, trt.cudart), build)
    return SwitchingBackend(OrtBackend(), plans, jobs.append), jobs


def test_pictures_are_the_same_before_and_after_the_change(weights: Path, tmp_path: Path) -> None:
    steady = DiffusionRenderer(sample(), 256, nets=load(weights))
    backend, jobs = switching(fake_trt(), weights, tmp_path / "plans")
    changing = DiffusionRenderer(sample(), 256, nets=load(weights, backend=backend))
    states = steady.new_state(1), changing.new_state(1)
    kinds = []
    for index, pose in enumerate(poses()):
        if index == 2:
            while jobs:
                jobs.pop()()
        pictures = [
            each.render(state, pose) for each, state in zip((steady, changing), states, strict=True)
        ]
        kinds.append(backend.kind)
        difference = np.abs(pictures[0].astype(int) - pictures[1].astype(int))
        assert difference.max() <= 1, f"picture {index}"
    # What reads a face at rest has run before: it changes over when the next face comes.
    assert kinds[:2] == ["onnxruntime-cpu"] * 2
    assert kinds[2:] == ["onnxruntime-cpu, tensorrt_rtx"] * 2


def test_a_card_lost_after_the_change_is_told_to_whoever_draws(
    weights: Path, tmp_path: Path
) -> None:
    trt = fake_trt()
    backend, jobs = switching(trt, weights, tmp_path / "plans")
    renderer = DiffusionRenderer(sample(), 256, nets=load(weights, backend=backend))
    state = renderer.new_state(1)
    while jobs:
        jobs.pop()()
    renderer.render(state, poses()[0])
    trt.cudart.codes["cudaStreamSynchronize"] = 700
    with pytest.raises(CardLost):
        renderer.render(state, poses()[1])
    # A session that draws the motion frame alone needs no net.
    other, barest = renderer.new_state(2), len(renderer.efforts) - 1
    assert renderer.render(other, poses()[1], effort=barest).shape == (256, 256, 3)
