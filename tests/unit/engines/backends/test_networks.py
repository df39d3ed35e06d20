"""The table of networks: every file that ships has a row, and buckets hold what is asked for."""

from __future__ import annotations

import pytest

from engines.backends.base import DYNAMIC
from engines.backends.networks import BUCKETS, NETWORKS, WEIGHTS, WIDE, Axis, bucket_of
from engines.backends.ort import OrtBackend
from engines.render.nets import FACE_NETS, INT8, NETS


def test_every_network_that_ships_has_a_row_and_every_row_a_file() -> None:
    files = {
        path.relative_to(WEIGHTS).with_suffix("").as_posix() for path in WEIGHTS.rglob("*.onnx")
    }
    # What the CPU runs in 8 bits: no plan is built of it.
    small = {name for name in files if name.endswith(INT8)}
    assert files - small == set(NETWORKS)
    assert {name.removesuffix(INT8) for name in small} <= set(NETWORKS)
    assert {f"renderer/{name}" for name in NETS} <= set(NETWORKS)
    assert [row.name for row in WIDE] == [f"wide/{name}" for name in FACE_NETS]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_row_says_what_is_dynamic_in_the_file(name: str) -> None:
    row = NETWORKS[name]
    inputs = OrtBackend().load(row.model()).inputs
    dynamic = any(DYNAMIC in each.shape for each in inputs)
    assert dynamic == (row.axis.most > 1)
    for each in inputs:
        least, usual, most = row.profile(inputs)[each.name]
        assert DYNAMIC not in (*least, *usual, *most)
        assert all(a <= b <= c for a, b, c in zip(least, usual, most, strict=True))
        if row.axis.buckets:
            # A batch is filled up along the first axis.
            assert each.shape[0] == DYNAMIC and DYNAMIC not in each.shape[1:]


def test_sound_and_motion_stay_in_single_precision() -> None:
    single = {name for name, row in NETWORKS.items() if row.precision == "fp32"}
    assert single == {"lips/lips", "motion/motion", "scene/scene"}


@pytest.mark.parametrize(("count", "bucket"), [(1, 1), (2, 2), (3, 4), (33, 64), (64, 64)])
def test_a_batch_goes_into_the_least_bucket_that_holds_it(count: int, bucket: int) -> None:
    assert bucket_of(count, BUCKETS) == bucket


def test_a_batch_above_all_buckets_is_refused() -> None:
    with pytest.raises(ValueError, match="batch of 65: at most 64"):
        bucket_of(65, BUCKETS)


def test_buckets_end_where_the_profile_does() -> None:
    for row in NETWORKS.values():
        axis: Axis = row.axis
        assert axis.least <= axis.usual <= axis.most
        assert not axis.buckets or (axis.buckets[0], axis.buckets[-1]) == (axis.least, axis.most)
