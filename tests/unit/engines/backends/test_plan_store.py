"""The folder of plans: whole or refused, and cleaned of what is of no use."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from engines.backends.plan_store import MANIFEST as MANIFEST_SUFFIX
from engines.backends.plan_store import PLAN as PLAN_SUFFIX
from engines.backends.plan_store import RUNTIME, TIMING, PlanStore
from engines.backends.plans import (
    ManifestDamaged,
    NoPlan,
    PlanDamaged,
    PlanOfAnotherCard,
    PlanOfAnotherVersion,
    to_json,
)
from tests.unit.engines.backends.test_plans import KEY, MANIFEST, PLAN


@pytest.fixture
def store(tmp_path: Path) -> PlanStore:
    return PlanStore(tmp_path / "plans")


def file(store: PlanStore, suffix: str) -> Path:
    return store.folder / f"{KEY.stem}{suffix}"


def test_what_was_put_is_got_and_nothing_else_lies_there(store: PlanStore) -> None:
    assert list(store.entries()) == []
    assert store.put(MANIFEST, PLAN) == file(store, PLAN_SUFFIX)
    assert store.get(KEY) == (MANIFEST, PLAN)
    assert sorted(store.folder.iterdir()) == [
        file(store, MANIFEST_SUFFIX), file(store, PLAN_SUFFIX),
    ]  # fmt: skip


def test_nothing_built_and_built_for_others_are_told_apart(store: PlanStore) -> None:
    with pytest.raises(NoPlan, match="synchrorama plan build renderer/mouth"):
        store.get(KEY)
    store.put(MANIFEST, PLAN)
    with pytest.raises(PlanOfAnotherCard, match="cards sm80"):
        store.get(replace(KEY, target="sm75"))
    with pytest.raises(PlanOfAnotherVersion):
        store.get(replace(KEY, version="9"))
    with pytest.raises(NoPlan):
        store.get(replace(KEY, network="renderer/eye"))


def test_truncated_changed_and_missing_plans_are_damage(store: PlanStore) -> None:
    store.put(MANIFEST, PLAN)
    for data, said in ((PLAN[:-1], "5 bytes, wanted 6"), (b"x" * 6, "is not the file")):
        file(store, PLAN_SUFFIX).write_bytes(data)
        with pytest.raises(PlanDamaged, match=said):
            store.get(KEY)
    file(store, PLAN_SUFFIX).unlink()
    with pytest.raises(PlanDamaged, match="No such file"):
        store.get(KEY)


def test_an_edited_or_renamed_manifest_is_damage(store: PlanStore) -> None:
    store.put(MANIFEST, PLAN)
    path = file(store, MANIFEST_SUFFIX)
    plain = json.loads(path.read_text())
    path.write_text(json.dumps(plain | {"bytes": 7}))
    with pytest.raises(ManifestDamaged, match="changed after it was written"):
        store.get(KEY)
    other = replace(KEY, target="sm75")
    path.write_text(to_json(replace(MANIFEST, key=other)))
    with pytest.raises(ManifestDamaged, match="renamed, or its key changed"):
        store.get(KEY)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ManifestDamaged, match="plan clean --damaged"):
        store.get(KEY)


def test_a_listing_tells_whole_from_damaged(store: PlanStore) -> None:
    store.put(MANIFEST, PLAN)
    eye = replace(MANIFEST, key=replace(KEY, network="renderer/eye"))
    store.put(eye, PLAN)
    file(store, PLAN_SUFFIX).write_bytes(b"")
    assert [each.error for each in store.entries()] == [None, None]
    assert [entry.error is None for entry in store.entries(whole=True)] == [True, False]
    # "renderer/mouth" is not "renderer/mouth_reference".
    reference = replace(MANIFEST, key=replace(KEY, network="renderer/mouth_reference"))
    store.put(reference, PLAN)
    assert len(list(store.entries("renderer/mouth"))) == 1


def test_cleaning_keeps_what_is_named_and_what_is_not_ours(store: PlanStore) -> None:
    old = replace(MANIFEST, key=replace(KEY, version="1.6"))
    for manifest in (MANIFEST, old):
        store.put(manifest, PLAN)
        store.put_cache(manifest.key, RUNTIME, b"kernels")
        store.put_cache(manifest.key, TIMING, b"times")
    (store.folder / "note.txt").write_text("mine")
    (store.folder / "left.part").write_text("")
    gone = store.remove(frozenset({KEY.stem}))
    assert {path.name for path in gone} == {
        f"{old.key.stem}.plan", f"{old.key.stem}.json", f"{old.key.stem}.runtime", "left.part",
    }  # fmt: skip
    assert store.get(KEY) == (MANIFEST, PLAN) and store.cache(KEY, RUNTIME) == b"kernels"
    assert (store.folder / "note.txt").is_file()


def test_cleaning_of_damage_leaves_every_whole_plan(store: PlanStore) -> None:
    old = replace(MANIFEST, key=replace(KEY, version="1.6"))
    store.put(MANIFEST, PLAN)
    store.put(old, PLAN)
    file(store, PLAN_SUFFIX).write_bytes(b"cut")
    assert {path.stem for path in store.remove(frozenset(), damaged_only=True)} == {KEY.stem}
    assert store.get(old.key) == (old, PLAN)


def test_times_of_kernels_are_shared_and_compiled_kernels_are_not(store: PlanStore) -> None:
    eye = replace(KEY, network="renderer/eye")
    assert store.cache(KEY, TIMING) == b""
    store.put_cache(KEY, TIMING, b"times")
    store.put_cache(KEY, RUNTIME, b"kernels")
    assert (store.cache(eye, TIMING), store.cache(eye, RUNTIME)) == (b"times", b"")
    assert store.cache(replace(KEY, version="2"), TIMING) == b""


def test_a_write_that_fails_leaves_neither_half_nor_scraps(
    store: PlanStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(MANIFEST, PLAN)

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        store.put(MANIFEST, b"another")
    assert store.get(KEY) == (MANIFEST, PLAN)
    assert len(list(store.folder.iterdir())) == 2
