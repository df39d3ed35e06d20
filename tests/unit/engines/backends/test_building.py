"""Missing plans are built once, then loaded; what fails is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engines.backends.building import BuildingBackend
from engines.backends.fake import FakeBackend
from engines.backends.plan_build import BuildFailed
from engines.backends.plan_store import PlanStore
from engines.backends.plans import NoPlan
from engines.backends.switching import SwitchingBackend
from engines.backends.trial import made_feeds
from tests.support.fake_cuda import FakeTrt, fake_trt
from tests.support.tiny_graph import batched

MODEL = batched()


@pytest.fixture
def trt() -> FakeTrt:
    return fake_trt()


def putting(trt: FakeTrt, store: PlanStore) -> Callable[[str], None]:
    def build(name: str) -> None:
        trt.put_plan(store, MODEL)

    return build


def test_what_is_missing_is_built_and_what_is_there_is_not(trt: FakeTrt, tmp_path: Path) -> None:
    store, built = PlanStore(tmp_path), []

    def build(name: str) -> None:
        built.append(name)
        trt.put_plan(store, MODEL)

    backend = BuildingBackend(trt.backend(store, trt.cudart), build)
    for _ in range(2):
        network = backend.load(MODEL)
        network.run(None, made_feeds(network, 1))
    assert built == [MODEL.name] and backend.kind == "tensorrt_rtx"
    backend.close()
    assert not trt.cudart.memory


def test_a_damaged_plan_is_built_anew(trt: FakeTrt, tmp_path: Path) -> None:
    store = PlanStore(tmp_path)
    manifest = trt.put_plan(store, MODEL)
    (tmp_path / f"{manifest.key.stem}.plan").write_bytes(b"cut")
    backend = BuildingBackend(trt.backend(store, trt.cudart), putting(trt, store))
    assert backend.load(MODEL).name == MODEL.name


def test_a_build_that_fails_or_gives_nothing_is_told(trt: FakeTrt, tmp_path: Path) -> None:
    store = PlanStore(tmp_path)

    def fails(name: str) -> None:
        raise BuildFailed("no room")

    with pytest.raises(BuildFailed, match="no room"):
        BuildingBackend(trt.backend(store, trt.cudart), fails).load(MODEL)
    with pytest.raises(NoPlan):
        BuildingBackend(trt.backend(store, trt.cudart), lambda name: None).load(MODEL)


def test_it_serves_by_another_until_the_plan_is_built(trt: FakeTrt, tmp_path: Path) -> None:
    store = PlanStore(tmp_path)
    jobs: list[Callable[[], None]] = []
    building = BuildingBackend(trt.backend(store, trt.cudart), putting(trt, store))
    backend = SwitchingBackend(FakeBackend(), building, jobs.append)
    network = backend.load(MODEL)
    feeds = made_feeds(network, 2)
    network.run(None, feeds)
    assert backend.kind == "fake"
    jobs.pop()()
    network.run(None, feeds)
    assert backend.kind == "tensorrt_rtx"
