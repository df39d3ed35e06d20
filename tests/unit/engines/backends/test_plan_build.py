"""Plans of every network that ships, really built by TensorRT-RTX: no card is needed for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engines.backends.base import DYNAMIC, BadGraph, LibraryMissing, Model
from engines.backends.flavours import RTX, TENSORRT, installed
from engines.backends.networks import NETWORKS, Axis, NetworkRow, Ranges
from engines.backends.ort import OrtBackend
from engines.backends.plan_build import (
    Builder,
    BuildFailed,
    NotForThisCard,
    check_card,
    graph_inputs,
)
from engines.backends.plan_store import PlanStore
from engines.backends.plans import (
    PlanDamaged,
    PlanOfAnotherCard,
    PlanOfAnotherNetwork,
    PlanOfAnotherVersion,
    WrongProfile,
)
from engines.backends.typed_graph import NoRanges, Precision
from tests.support.tiny_graph import batched, convolutions, static

MOST_S = 60.0
Built = Callable[[str], None]


@pytest.fixture(scope="module")
def builder() -> Builder:
    pytest.importorskip("tensorrt_rtx", reason="the extra trt-rtx is not installed")
    return Builder.of(None)


@pytest.fixture
def store(tmp_path: Path) -> PlanStore:
    return PlanStore(tmp_path)


def test_continuous_integration_has_the_library() -> None:
    if os.environ.get("CI") != "true":
        pytest.skip("elsewhere the extra trt-rtx may be left out")
    assert RTX in installed(), "plans would not be built: install the extra trt-rtx"


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plan_of_every_network_builds_and_is_what_its_row_says(
    name: str, builder: Builder, store: PlanStore, record_property: Callable[[str, object], None]
) -> None:
    row, model = NETWORKS[name], NETWORKS[name].model()
    manifest = builder.build(row, model, store)
    record_property("build_s", manifest.build_s)
    assert 0 < manifest.build_s < MOST_S
    reference = OrtBackend().load(model)
    assert manifest.inputs == reference.inputs
    assert [(t.name, t.dtype, len(t.shape)) for t in manifest.outputs] == [
        (t.name, t.dtype, len(t.shape)) for t in reference.outputs
    ]
    for each in manifest.inputs:
        sizes = manifest.key.profile[each.name]
        assert sizes == [list(shape) for shape in row.profile(manifest.inputs)[each.name]]
        if row.axis.buckets:
            assert [shape[0] for shape in sizes] == [1, row.axis.usual, row.axis.most]
    halves, singles = (manifest.layers.get(kind, 0) for kind in ("HALF", "FLOAT"))
    if row.precision == "fp16":
        assert halves > 0 and manifest.bytes < 2 * len(model.graph) + 2_000_000
    else:
        assert halves == 0 and singles > 0
    assert store.get(builder.key(row, model))[0] == manifest


def test_face_nets_normalise_levels_in_single_precision(builder: Builder, store: PlanStore) -> None:
    manifest = builder.build(NETWORKS["face/eye"], NETWORKS["face/eye"].model(), store)
    assert manifest.layers["FLOAT"] >= 8


def test_mismatches_of_a_real_plan_are_refused(builder: Builder, store: PlanStore) -> None:
    row, model = NETWORKS["renderer/mouth_reference"], batched()
    manifest = builder.build(row, model, store)
    for other, kind in (
        (replace(builder, target="sm75"), PlanOfAnotherCard),
        (replace(builder, version="0.9"), PlanOfAnotherVersion),
        (replace(builder, flavour=TENSORRT), PlanOfAnotherVersion),
    ):
        with pytest.raises(kind, match="run: synchrorama plan build renderer/mouth_reference"):
            store.get(other.key(row, model))
    with pytest.raises(PlanOfAnotherNetwork):
        store.get(builder.key(row, batched(scale=3)))
    with pytest.raises(WrongProfile):
        store.get(builder.key(replace(row, precision="fp32"), model))
    path = store.folder / f"{manifest.key.stem}.plan"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(PlanDamaged, match="bytes, wanted"):
        store.get(builder.key(row, model))


def test_a_plan_can_be_built_for_one_card(builder: Builder, store: PlanStore) -> None:
    row, model = NETWORKS["renderer/mouth_reference"], batched()
    keys = [
        replace(builder, target=target).build(row, model, store).key for target in ("sm75", "sm120")
    ]
    assert [key.target for key in keys] == ["sm75", "sm120"]
    assert len({key.stem for key in keys}) == 2


def test_progress_is_told_and_ends(builder: Builder, store: PlanStore) -> None:
    told: list[tuple[str, int, int]] = []
    builder.build(NETWORKS["lips/lips"], static(), store, lambda *step: told.append(step))
    assert len(told) > 5
    first, last = told[0], told[-1]
    assert first[0] == last[0] and last[1] == last[2] > 0


def test_what_is_no_network_and_what_the_library_refuses_is_told(
    builder: Builder, store: PlanStore
) -> None:
    row = NETWORKS["renderer/mouth_reference"]
    with pytest.raises(BadGraph):
        builder.build(row, Model(row.name, b"nothing"), store)
    # Usual above largest: the library refuses, and its own words are told.
    wrong = replace(row, axis=Axis(1, 65, 64))
    with pytest.raises(BuildFailed, match=rf"{row.name}: no plan: .*profile"):
        builder.build(wrong, batched(), store)
    assert not list(store.folder.iterdir())


def test_without_the_library_the_package_is_named(store: PlanStore) -> None:
    with pytest.raises(LibraryMissing, match="trt-rtx"):
        Builder.of(None, have=())
    with pytest.raises(LibraryMissing, match="tensorrt-cu13"):
        Builder.of((9, 0), have=(RTX,))


def test_inputs_are_read_off_the_file() -> None:
    assert [each.shape[0] for each in graph_inputs(batched())] == [DYNAMIC, DYNAMIC]
    assert issubclass(BuildFailed, Exception)


def quantised(precision: Precision) -> NetworkRow:
    given = Ranges((("three", 3.0), ("two", 3.0)))
    return replace(NETWORKS["renderer/mouth"], precision=precision, ranges=given)


@pytest.mark.parametrize(("precision", "kind"), [("int8", "INT8"), ("fp8", "FP8")])
def test_plans_in_eight_bits_build_and_say_so(
    builder: Builder, store: PlanStore, precision: Precision, kind: str
) -> None:
    row, model = quantised(precision), convolutions()
    manifest = builder.build(row, model, store)
    assert manifest.key.precision == precision
    assert manifest.layers[kind] >= 1 and manifest.layers["HALF"] >= 2
    assert store.get(builder.key(row, model))[0] == manifest
    plain = replace(row, precision="fp16", ranges=None)
    with pytest.raises(PlanOfAnotherCard if precision == "fp8" else PlanOfAnotherNetwork):
        store.get(builder.key(plain, model))


def test_other_ranges_are_another_plan(builder: Builder) -> None:
    row, model = quantised("int8"), convolutions()
    other = replace(row, ranges=Ranges((("three", 2.0), ("two", 3.0))))
    assert builder.key(row, model).digest != builder.key(other, model).digest


def test_fp8_is_for_cards_that_have_it(builder: Builder, store: PlanStore) -> None:
    row, model = quantised("fp8"), convolutions()
    assert builder.key(row, model).target == "sm89+"
    with pytest.raises(NotForThisCard, match="fp8 wants compute capability 8.9 or later, not 8.0"):
        Builder(builder.flavour, builder.version, "sm80").build(row, model, store)
    later = Builder(builder.flavour, builder.version, "sm120")
    assert later.key(row, model).target == "sm120"
    check_card(quantised("int8"), (7, 5))
    with pytest.raises(NotForThisCard, match="use render.precision int8 or fp16"):
        check_card(row, (8, 6))
    assert list(store.entries()) == []


def test_without_ranges_nothing_is_quantised(builder: Builder, store: PlanStore) -> None:
    row = replace(NETWORKS["renderer/mouth"], precision="int8")
    with pytest.raises(NoRanges, match="python -m export calibrate"):
        builder.build(row, convolutions(), store)
