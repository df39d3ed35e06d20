"""A session's rows kept where the nets run: the same pictures, and nothing of anybody else's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.backends import trt as trt_module
from engines.backends.base import Model
from engines.backends.networks import NETWORKS, WIDE, Axis
from engines.backends.ort import OrtBackend
from engines.backends.plan_store import PlanStore
from engines.backends.switching import SwitchingBackend
from engines.backends.trt import TrtBackend
from engines.render.conditions import NOTHING
from engines.render.diffusion import DiffusionRenderer, DiffusionState
from engines.render.mark import Mark, Marked, MarkStyle
from engines.render.nets import FACE_NETS, HELD, NETS, RendererNets, load
from engines.sharing import leave, settle, strokes_of, together
from engines.values import U8
from tests.support import fake_cuda
from tests.support.holding_nets import holding_nets
from tests.support.sample_avatar import motion, sample
from tests.support.tiny_renderer import tiny_nets, write_weights
from tests.support.tiny_wide import tiny_wide, write_wide

SIZE = 128
FRAMES = [motion(jawOpen=0.1 * at, headYaw=0.02 * at) for at in range(8)]
WAYS = (0, 0, 3, 3, 3, 3, 1, 0)
"""Boxes fade out, are gone, and come back."""


def renderer(nets: RendererNets, steps: int = 2) -> DiffusionRenderer:
    return DiffusionRenderer(sample(), SIZE, nets=nets, steps=steps)


def draw(of: DiffusionRenderer, state: DiffusionState) -> list[U8]:
    return [
        of.render(state, values, effort=min(way, len(of.efforts) - 1))
        for values, way in zip(FRAMES, WAYS, strict=True)
    ]


def test_what_is_held_on_the_card_draws_the_same_pictures() -> None:
    nets = holding_nets(2)
    for steps in (1, 2):
        plain, held = renderer(tiny_nets(), steps), renderer(nets, steps)
        state = held.new_state(5)
        held.settle(state)
        assert [len(box.slots) for box in state.boxes.values()] == [1, 2]
        for one, other in zip(draw(held, state), draw(plain, plain.new_state(5)), strict=True):
            np.testing.assert_array_equal(one, other)
        held.leave(state)


def test_of_the_whole_face_the_same_inputs_are_held_in_the_latent() -> None:
    nets = holding_nets(2, tiny_wide())
    assert set(nets.slots) == {"face"} and nets.slots["face"].names == HELD
    for steps in (1, 2):
        plain, held = renderer(tiny_wide(), steps), renderer(nets, steps)
        state = held.new_state(5)
        held.settle(state)
        ((kind, box),) = state.boxes.items()
        assert kind.latent and len(box.slots) == 1
        for one, other in zip(draw(held, state), draw(plain, plain.new_state(5)), strict=True):
            np.testing.assert_array_equal(one, other)
        held.leave(state)


def test_those_held_and_those_not_are_drawn_side_by_side() -> None:
    plain, held = renderer(tiny_nets()), renderer(holding_nets(2))
    states = {seed: held.new_state(seed) for seed in range(4)}
    for seed in (1, 3):
        held.settle(states[seed])
    for values in FRAMES[:3]:
        making = {
            str(seed): held.strokes(state, values, NOTHING, 0) for seed, state in states.items()
        }
        found = dict(together(making))
    for seed in states:
        lone = plain.new_state(seed)
        pictures = [plain.render(lone, values) for values in FRAMES[:3]]
        np.testing.assert_array_equal(found[str(seed)], pictures[-1])


def test_whoever_comes_after_sees_nothing_of_who_left() -> None:
    held, plain = renderer(holding_nets(1)), renderer(tiny_nets())
    first = held.new_state(1)
    held.settle(first)
    draw(held, first)
    taken = [sorted(box.slots) for box in first.boxes.values()]
    held.leave(first)
    held.leave(first)
    second = held.new_state(2)
    held.settle(second)
    assert [sorted(box.slots) for box in second.boxes.values()] == taken
    for one, other in zip(draw(held, second), draw(plain, plain.new_state(2)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_too_many_stays_on_the_processor_and_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    held, plain = renderer(holding_nets(1)), renderer(tiny_nets())
    first, second = held.new_state(1), held.new_state(2)
    held.settle(first)
    with caplog.at_level(logging.WARNING):
        held.settle(second)
    assert "slots are taken" in caplog.records[0].__dict__["reason"]
    assert not any(box.slots for box in second.boxes.values())
    for one, other in zip(draw(held, second), draw(plain, plain.new_state(2)), strict=True):
        np.testing.assert_array_equal(one, other)
    held.leave(second)
    held.leave(first)
    held.settle(second)
    assert all(box.slots for box in second.boxes.values())


def test_a_marked_renderer_settles_and_leaves_too() -> None:
    inner = renderer(holding_nets(1))
    marked = Marked(inner, Mark(MarkStyle(), SIZE))
    state = marked.new_state(1)
    settle(marked, state)
    assert all(box.slots for box in state.boxes.values())
    ((_, drawn),) = together({"": strokes_of(marked, state, FRAMES[0], NOTHING, 0)})
    assert isinstance(drawn, np.ndarray)
    leave(marked, state)
    assert not any(box.slots for box in state.boxes.values())


def made_up_card(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, TrtBackend, fake_cuda.FakeCudart]:
    """Weights of small nets, and plans of them in few buckets."""
    rows = (*NETWORKS.values(), *WIDE)
    few = {row.name: replace(row, axis=Axis(1, 2, 4, (1, 2, 4))) for row in rows}
    for user in (trt_module, fake_cuda):
        monkeypatch.setattr(user, "NETWORKS", few)
    folder = (write_weights if part == "renderer" else write_wide)(tmp_path / part)
    trt, store = fake_cuda.fake_trt(), PlanStore(tmp_path / "plans")
    for name in NETS if part == "renderer" else FACE_NETS:
        graph = (folder / f"{name}.onnx").read_bytes()
        trt.put_plan(store, Model(f"{part}/{name}", graph))
    return folder, trt.backend(store, trt.cudart), trt.cudart


@pytest.mark.parametrize("part", ["renderer", "wide"])
def test_a_made_up_card_draws_what_the_processor_draws(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: plans, graphs, slots and batches, with somebody leaving and coming."""
    folder, plans, cudart = made_up_card(part, tmp_path, monkeypatch)
    card = load(folder, backend=plans).hold(2)
    before = cudart.used
    held, plain = renderer(card, 1), renderer(load(folder, backend=OrtBackend()), 1)
    states = {seed: held.new_state(seed) for seed in (1, 2)}
    lone = {seed: plain.new_state(seed) for seed in (1, 2, 3)}
    for state in states.values():
        held.settle(state)
    for at, values in enumerate(FRAMES[:4]):
        if at == 2:
            held.leave(states.pop(1))
            states[3] = held.new_state(3)
            held.settle(states[3])
        making = {
            str(seed): held.strokes(state, values, NOTHING, 0) for seed, state in states.items()
        }
        for seed, drawn in together(making):
            assert isinstance(drawn, np.ndarray)
            np.testing.assert_array_equal(drawn, plain.render(lone[int(seed)], values))
    assert all(box.slots for state in states.values() for box in state.boxes.values())
    assert cudart.used == before


def test_a_session_goes_on_when_plans_are_ready_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, plans, _ = made_up_card("renderer", tmp_path, monkeypatch)
    jobs: list[Callable[[], None]] = []
    switching = SwitchingBackend(OrtBackend(), plans, jobs.append)
    nets = load(folder, backend=switching).hold(2)
    held = renderer(nets)
    plain = renderer(load(folder, backend=OrtBackend()))
    state, other = held.new_state(1), plain.new_state(1)
    held.settle(state)
    for at, values in enumerate(FRAMES):
        if at == 3:
            assert switching.kind == "onnxruntime-cpu"
            while jobs:
                jobs.pop()()
        np.testing.assert_array_equal(held.render(state, values), plain.render(other, values))
    assert {nets.sessions[kind.name].runs.backend for kind in state.boxes} == {plans.kind}
    assert all(box.slots for box in state.boxes.values())
    held.leave(state)
