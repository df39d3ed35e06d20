"""Keys and manifests: what changes a key, and what is said of a plan that is another's."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.backends import plans
from engines.backends.base import Tensor
from engines.backends.networks import NETWORKS
from engines.backends.plans import (
    Key,
    Manifest,
    ManifestDamaged,
    NoPlan,
    PlanDamaged,
    PlanError,
    PlanOfAnotherCard,
    PlanOfAnotherNetwork,
    PlanOfAnotherVersion,
    WrongProfile,
    check_plan,
    explain,
    from_json,
    key_of,
    to_json,
)
from engines.backends.typed_graph import RECIPE

ROW = NETWORKS["renderer/mouth"]
PLAN = b"a plan"
INPUTS = (Tensor("picture", "float32", (-1, 3)), Tensor("time", "float32", (-1, 1)))
KEY = key_of(ROW, b"graph", ROW.profile(INPUTS), ("tensorrt_rtx", "1.7", "sm80+"))
MANIFEST = Manifest(
    KEY, hashlib.sha256(PLAN).hexdigest(), len(PLAN), INPUTS, (), {"HALF": 3}, 1.5, 4096
)
OTHERS: list[tuple[str, Any, type[PlanError], str]] = [
    ("target", "sm75", PlanOfAnotherCard, r"cards sm75, wanted cards sm80\+"),
    ("version", "1.6", PlanOfAnotherVersion, r"tensorrt_rtx 1\.6, wanted tensorrt_rtx 1\.7"),
    ("library", "tensorrt", PlanOfAnotherVersion, r"tensorrt 1\.7, wanted tensorrt_rtx"),
    ("graph", "0" * 64, PlanOfAnotherNetwork, "weights 00000000"),
    ("precision", "fp32", WrongProfile, "precision fp32, wanted precision fp16"),
    (
        "profile",
        {"picture": [[1, 3], [1, 3]]},
        WrongProfile,
        r"shapes picture \[1, 3\], \[1, 3\], wanted",
    ),
]


def test_a_manifest_comes_back_as_it_was_written() -> None:
    again = from_json(to_json(MANIFEST), "here")
    assert again == MANIFEST
    assert again.key.digest == KEY.digest and again.key.stem == KEY.stem


@pytest.mark.parametrize(("part", "value", "kind", "said"), OTHERS)
def test_each_part_changes_the_key_and_is_told_by_name(
    part: str, value: Any, kind: type[PlanError], said: str
) -> None:
    other = replace(KEY, **{part: value})
    assert other.digest != KEY.digest
    error = explain(KEY, [other])
    assert type(error) is kind
    with pytest.raises(kind, match=rf"renderer/mouth: the plan here is for {said}"):
        raise error
    assert str(error).endswith("; run: synchrorama plan build renderer/mouth")


def test_the_nearest_of_several_is_told() -> None:
    far = replace(KEY, target="sm75", version="1", precision="fp32")
    near = replace(KEY, version="1.6")
    assert isinstance(explain(KEY, [far, near]), PlanOfAnotherVersion)
    assert isinstance(explain(KEY, []), NoPlan)


def test_the_recipe_of_typing_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "RECIPE", RECIPE + 1)
    later = key_of(ROW, b"graph", ROW.profile(INPUTS), ("tensorrt_rtx", "1.7", "sm80+"))
    assert isinstance(explain(later, [KEY]), PlanOfAnotherNetwork)
    with pytest.raises(PlanOfAnotherNetwork, match=r"/1, wanted weights .*/2"):
        raise explain(later, [KEY])


def test_bytes_that_are_not_the_plans_are_told() -> None:
    check_plan(MANIFEST, PLAN, "here")
    with pytest.raises(PlanDamaged, match="3 bytes, wanted 6; run: synchrorama plan build"):
        check_plan(MANIFEST, PLAN[:3], "here")
    with pytest.raises(PlanDamaged, match="here is not the file its manifest names"):
        check_plan(MANIFEST, b"A plan", "here")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"digest": 1}', to_json(MANIFEST)[:-40], "\x00", "1e999"],
)
def test_what_is_no_manifest_is_told_with_the_way_to_mend_it(text: str) -> None:
    with pytest.raises(ManifestDamaged, match="here: .*; run: synchrorama plan clean --damaged"):
        from_json(text, "here")


@given(st.sampled_from([*json.loads(to_json(MANIFEST))]), st.integers(0, 5))
def test_any_edit_is_noticed(field: str, value: int) -> None:
    plain = json.loads(to_json(MANIFEST))
    if plain[field] == value:
        value += 1
    plain[field] = value
    with pytest.raises(ManifestDamaged):
        from_json(json.dumps(plain), "here")


def test_a_manifest_of_a_later_schema_is_told_apart() -> None:
    plain = json.loads(to_json(replace(MANIFEST, schema=2)))
    with pytest.raises(ManifestDamaged, match="schema 2, wanted 1"):
        from_json(json.dumps(plain), "here")


def test_keys_do_not_depend_on_the_order_of_inputs() -> None:
    turned = Key(
        KEY.network, KEY.graph, KEY.library, KEY.version, KEY.target, KEY.precision,
        dict(reversed(list(KEY.profile.items()))),
    )  # fmt: skip
    assert turned.digest == KEY.digest
