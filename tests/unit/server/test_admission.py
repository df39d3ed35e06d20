"""Whether one more session fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.admission import (
    CPU_SHARE,
    FRAME_S,
    LADDER,
    SESSIONS_PER_PROCESS,
    Admitted,
    Machine,
    Refused,
    at_512,
    codec_s,
    decide,
    room,
    step_s,
    sustained_s,
)
from server.metrics import REFUSALS
from server.settings import SIZES

TWO_CORES = Machine(cores=2, step_512_s=0.015, processes=2)
SIZE = st.sampled_from(SIZES)
MACHINES = st.builds(Machine, cores=st.integers(1, 64), step_512_s=st.floats(0.001, 0.2))


def test_two_cores_hold_two_faces_at_512() -> None:
    assert room(512, TWO_CORES, None) == 2
    assert isinstance(decide([512], 512, TWO_CORES, None), Admitted)
    refused = decide([512, 512], 512, TWO_CORES, None)
    assert isinstance(refused, Refused) and refused.reason == "engine"
    assert decide([512, 512], 512, TWO_CORES, 2).message == "2 of 2 places are taken"  # type: ignore[union-attr]


def test_places_are_what_was_measured_and_not_what_cores_there_are() -> None:
    """Motion frames of 5.5 ms with motion, encoded in 3.5: four fit on two cores, and no fifth."""
    machine = Machine(2, sustained_s([0.0055] * 30), processes=2, encode_512_s=0.0035)
    assert room(512, machine, None) == 4
    assert room(512, replace(machine, encode_512_s=0.0065), None) == 3
    assert room(512, replace(machine, cores=8), None) == 5
    assert room(512, Machine(64, 0.001), None) == 7  # at one interpreter lock
    assert room(512, Machine(64, 0.001, processes=2), None) == 2 * SESSIONS_PER_PROCESS
    assert room(512, Machine(64, 0.001, processes=3), None) == 3 * SESSIONS_PER_PROCESS


def test_one_process_draws_and_sends_with_one_interpreter() -> None:
    """As measured: of motion frames of 512 two hold in one process, and two processes take more."""
    alone = Machine(2, 0.0105)
    assert room(512, alone, None) == 2
    refused = decide([512, 512], 512, alone, None)
    assert isinstance(refused, Refused) and refused.reason == "process"
    assert "server.workers" in refused.message
    assert isinstance(decide([512, 512], 512, replace(alone, processes=2), None), Admitted)


def test_a_larger_cap_is_bounded_by_the_engine_thread() -> None:
    refused = decide([512, 512], 512, TWO_CORES, cap=10)
    assert isinstance(refused, Refused)
    assert refused.reason == "engine"
    assert room(512, TWO_CORES, 10) == 2


def test_more_engines_draw_more_faces_on_the_same_cores() -> None:
    eight = Machine(cores=8, step_512_s=0.012, processes=4)
    alone = room(512, eight, 99)
    assert room(512, replace(eight, engines=3), 99) == 3 * alone == 9


def test_small_pictures_leave_more_room() -> None:
    machine = Machine(cores=4, step_512_s=0.013, processes=2)
    assert isinstance(decide([512, 512], 512, machine, 8), Refused)
    assert isinstance(decide([256, 256], 256, machine, 8), Admitted)


def test_a_fast_engine_is_bounded_by_the_cores() -> None:
    refused = decide([512] * 3, 512, Machine(cores=1, step_512_s=0.002), cap=10)
    assert isinstance(refused, Refused)
    assert refused.reason == "cpu"


def test_the_first_session_is_admitted_on_any_machine() -> None:
    assert isinstance(decide([], 512, Machine(cores=1, step_512_s=1.0), None), Admitted)


@pytest.mark.parametrize(("ends_in_s", "retry"), [(None, 5), (0.2, 1), (20, 20), (900, 60)])
def test_when_to_try_again(ends_in_s: float | None, retry: int) -> None:
    refused = decide([512], 512, TWO_CORES, 1, ends_in_s)
    assert isinstance(refused, Refused)
    assert refused.retry_after_s == retry


@given(st.lists(SIZE, max_size=10), SIZE, MACHINES, st.one_of(st.none(), st.integers(1, 20)))
def test_bounds_hold(sizes: list[int], size: int, machine: Machine, cap: int | None) -> None:
    verdict = decide(sizes, size, machine, cap)
    if isinstance(verdict, Refused):
        assert verdict.reason in REFUSALS
        # Only a place that is taken becomes free by itself: a slow machine stays slow.
        assert (verdict.retry_after_s is None) == (verdict.reason != "sessions")
        assert verdict.retry_after_s is None or 1 <= verdict.retry_after_s <= 60
        return
    assert len(sizes) < (8 if cap is None else cap)
    if sizes:
        engine = sum(step_s(each, machine) for each in [*sizes, size])
        cpu = engine + sum(codec_s(each, machine) for each in [*sizes, size])
        assert engine <= LADDER.down(len(sizes) + 1) * FRAME_S
        assert cpu <= CPU_SHARE * FRAME_S * machine.cores


@given(SIZE, MACHINES, st.one_of(st.none(), st.integers(1, 20)))
def test_what_is_advertised_is_what_is_admitted(size: int, machine: Machine, cap: int) -> None:
    most = room(size, machine, cap)
    assert most >= 1
    assert isinstance(decide([size] * (most - 1), size, machine, cap), Admitted)
    assert isinstance(decide([size] * most, size, machine, cap), Refused)


def test_one_face_too_many_for_the_machine_is_not_told_to_come_back() -> None:
    slow = Machine(cores=2, step_512_s=0.0185)
    assert room(512, slow, None) == 1
    refused = decide([512], 512, slow, None, ends_in_s=14)
    said = "this machine is too slow to draw 512x512 beside 1 running session"
    assert refused == Refused("engine", said, None)


def test_a_session_costs_the_median_step_with_a_margin() -> None:
    """The second worst of thirty frames, which the 95th percentile is, decides nothing."""
    steps = [0.012] * 28 + [0.0174, 0.03]
    assert sustained_s(steps) == pytest.approx(0.015)
    assert room(512, Machine(2, sustained_s(steps)), None) == 2
    with pytest.raises(ValueError, match="no frame"):
        sustained_s([])


@given(st.lists(SIZE, min_size=1, max_size=8), SIZE, MACHINES)
def test_who_fits_beside_many_fits_beside_fewer(
    sizes: list[int], size: int, machine: Machine
) -> None:
    if isinstance(decide(sizes, size, machine, 20), Admitted):
        assert isinstance(decide(sizes[1:], size, machine, 20), Admitted)


@given(SIZE, st.floats(0.001, 0.1))
def test_a_time_measured_at_one_size_is_told_for_512(size: int, step: float) -> None:
    assert step_s(size, Machine(2, at_512(step, size))) == pytest.approx(step)


def test_large_pictures_cost_what_was_measured() -> None:
    """Frame times of 6.1, 9.6 and 15.3 ms at 512, 768 and 1024 (docs/motion-frame.md's machine)."""
    machine = Machine(cores=2, step_512_s=0.0061)
    assert step_s(768, machine) == pytest.approx(0.0096, rel=0.1)
    assert step_s(1024, machine) == pytest.approx(0.0153, rel=0.1)
    # Encoding and conversion took 1.8, 4.0 and 5.9 ms, above sound, packets and Python.
    assert codec_s(1024, machine) > codec_s(768, machine) > codec_s(512, machine) + 0.0022


def test_one_large_session_takes_the_room_of_several_small_ones() -> None:
    machine = Machine(cores=4, step_512_s=0.012)
    assert isinstance(decide([256], 256, machine, 8), Admitted)
    refused = decide([1024], 512, machine, 8)
    assert isinstance(refused, Refused) and refused.reason == "engine"
    assert isinstance(decide([], 1024, machine, 8), Admitted)


def test_a_cap_that_is_trusted_decides_alone() -> None:
    slow = Machine(1, 0.5)
    assert room(512, slow, 8) == 1
    assert room(512, slow, 8, measured=False) == 8
    assert room(512, Machine(3, 0.5), None, measured=False) == 3
    refused = decide([512] * 8, 512, slow, 8, measured=False)
    assert isinstance(refused, Refused) and refused.reason == "sessions"
